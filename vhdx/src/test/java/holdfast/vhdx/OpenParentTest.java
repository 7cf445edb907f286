package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.PowerCutModel;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Survival;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The parent of a disk is changed while that is used: in what the child has for itself.
class OpenParentTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 4 * MIB;
    private static final int BLOCK = PowerCutModel.BLOCK;

    /// Blocks of 512 bytes that the test touches: a few in each block of the files.
    private static final int[] PLACES = {0, 1, 2, 7, 2048, 2049, 2050, 4096, 4100, 6144, 6150, 8191};

    @TempDir
    Path directory;

    private static MemorySegment buffer(byte[] bytes) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    }

    @Test
    void theChildReadsTheSameAndKnowsItsParentAfterAnyCut() throws Exception {
        assertThat(cutEverywhere(1, 1)).isGreaterThan(100);
    }

    @Test
    @Tag("long")
    void soItDoesAfterThousandsOfCuts() throws Exception {
        int cuts = 0;
        for (long seed = 10; cuts < 100_000; seed++) {
            cuts += cutEverywhere(seed, 5);
        }
    }

    private static int cutEverywhere(long seed, int choices) throws Exception {
        var random = new Random(seed);
        Sample parent = Sample.inMemory(Sample.dynamic(SIZE, MIB)).block(0, Noise.of(seed).bytes(MIB)).block(2, Noise.of(seed + 1).bytes(MIB));
        Sample child = Sample.inMemory(Sample.over(parent, ".\\parent.vhdx"));
        MemoryDevice parentBefore = ((MemoryDevice) parent.store()).copy();
        MemoryDevice childBefore = ((MemoryDevice) child.store()).copy();
        var recording = new Recording();
        var parentStore = new RecordingDevice(parent.store(), recording);
        var childStore = new RecordingDevice(child.store(), recording);
        PowerCutModel model;
        var guids = new Random(seed);
        try (VhdxDisk disk = VhdxDisk.withParent(
                List.of(VhdxFile.of(childStore, "child"), VhdxFile.of(parentStore, "parent")), () -> new UUID(guids.nextLong(), guids.nextLong()))) {
            var blocking = new Blocking(disk);
            model = new PowerCutModel(blocking.read(0, SIZE));
            var own = new TreeSet<Integer>();
            for (int round = 0; round < 3; round++) {
                changeChild(blocking, model, recording, own, random);
                blocking.flush();
                model.promiseAll(recording.events().size());
                changeParent(disk.parent().orElseThrow(), own, random);
            }
        }
        int cuts = 0;
        for (int time = 0; time <= recording.events().size(); time++) {
            for (int choice = 0; choice < choices; choice++) {
                var survival = new Random(seed * 1_000_000 + time * 10L + choice);
                VhdxFile below = VhdxFile.of(recording.cut(time, parentStore).disk(parentBefore, Survival.random(survival)), "parent");
                VhdxFile above = VhdxFile.of(recording.cut(time, childStore).disk(childBefore, Survival.random(survival)), "child");
                Chain.check(above, below, Objects.requireNonNull(above.metadata().parent()));
                try (VhdxDisk found = VhdxDisk.of(List.of(above, below))) {
                    assertThat(model.complaint(new Blocking(found).read(0, SIZE), time)).as("after event %d, choice %d", time, choice).isEmpty();
                }
                cuts++;
            }
        }
        return cuts;
    }

    private static void changeChild(Blocking disk, PowerCutModel model, Recording recording, TreeSet<Integer> own, Random random)
            throws DiskException {
        for (int i = 0; i < 4; i++) {
            int place = PLACES[random.nextInt(PLACES.length)];
            boolean zeros = random.nextInt(4) == 0;
            byte[] data = zeros ? new byte[BLOCK] : PowerCutModel.content(random);
            model.write(place, data, recording.events().size());
            if (zeros) {
                disk.writeZeroes((long) place * BLOCK, BLOCK);
            } else {
                disk.write((long) place * BLOCK, data);
            }
            own.add(place);
        }
    }

    private static void changeParent(OpenParent parent, TreeSet<Integer> own, Random random) throws DiskException {
        assertThat(parent.begin()).isTrue();
        String next = parent.nextIdentity();
        parent.become();
        assertThat(parent.identity()).isEqualTo(next);
        for (int place : own) {
            if (random.nextBoolean()) {
                parent.write((long) place * BLOCK, buffer(PowerCutModel.content(random)));
            } else {
                parent.writeZeroes((long) place * BLOCK, BLOCK);
            }
        }
        parent.end();
    }

    @Test
    void theParentHasWhatWasWrittenToItAndItsDiskIsAnotherOne() throws Exception {
        Path base = directory.resolve("base.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(base, new NewVhdx.Shape(SIZE, MIB, 512, false));
        NewVhdx.createOver(child, base);
        byte[] data = Noise.of(3).bytes(MIB + BLOCK);
        String identity;
        String ofBase;
        try (VhdxDisk disk = VhdxDisk.openWithParent(child)) {
            OpenParent parent = disk.parent().orElseThrow();
            new Blocking(disk).write(0, Noise.of(4).bytes(2 * MIB));
            new Blocking(disk).flush();
            assertThat(parent.begin()).isTrue();
            parent.become();
            parent.write(0, buffer(data));
            parent.end();
            assertThat(parent.begin()).isTrue();
            parent.become();
            parent.writeZeroes(0, MIB);
            parent.end();
            identity = disk.identity().orElseThrow();
            ofBase = parent.identity();
        }
        try (VhdxDisk disk = VhdxDisk.open(base, null)) {
            byte[] content = new Blocking(disk).read(0, SIZE);
            assertThat(Arrays.copyOf(content, MIB)).isEqualTo(new byte[MIB]);
            assertThat(Arrays.copyOfRange(content, MIB, MIB + BLOCK)).isEqualTo(Arrays.copyOfRange(data, MIB, MIB + BLOCK));
            assertThat(disk.identity()).hasValue(ofBase);
        }
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(new Blocking(disk).read(0, 2 * MIB)).isEqualTo(Noise.of(4).bytes(2 * MIB));
            assertThat(disk.identity()).hasValue(identity);
        }
    }

    @Test
    void aParentThatOthersReadIsLeftAlone() throws Exception {
        Path base = directory.resolve("base.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(base, new NewVhdx.Shape(SIZE, MIB, 512, false));
        NewVhdx.createOver(child, base);
        try (VhdxDisk disk = VhdxDisk.openWithParent(child)) {
            OpenParent parent = disk.parent().orElseThrow();
            try (VhdxDisk reader = VhdxDisk.open(base, null)) {
                assertThat(parent.begin()).isFalse();
                assertThat(reader.geometry().sizeBytes()).isEqualTo(SIZE);
            }
            assertThat(parent.begin()).isTrue();
            assertThat(catchOpening(base)).contains("is open for writing");
            parent.end();
            VhdxDisk.open(base, Access.READ_ONLY, null).close();
        }
    }

    private static String catchOpening(Path base) {
        try {
            VhdxDisk.open(base, null).close();
            return "opened";
        } catch (OperatorError e) {
            return e.problem();
        }
    }
}
