package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.ArrayModel;
import holdfast.block.Blocking;
import holdfast.block.MemoryDevice;
import holdfast.block.RecordingDevice;
import holdfast.block.Survival;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MergeTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 6 * MIB;

    @TempDir
    Path directory;

    private static byte[] filled(int length, int value) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theParentIsWhatTheChildWasAndTheChildAndItsOwnChildrenStayWhatTheyAre(long seed) throws Exception {
        Path base = directory.resolve("base.vhdx");
        Path child = directory.resolve("child.vhdx");
        Path grandchild = directory.resolve("grandchild.vhdx");
        NewVhdx.create(base, new NewVhdx.Shape(SIZE, MIB, 512, false));
        byte[] content;
        try (VhdxDisk disk = VhdxDisk.open(base, Access.READ_WRITE, null)) {
            var model = new ArrayModel(new Blocking(disk), SIZE, seed);
            model.run(80);
            content = model.content();
        }
        NewVhdx.createOver(child, base);
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            var model = new ArrayModel(new Blocking(disk), content, seed + 50);
            model.run(80);
            content = model.content();
        }
        NewVhdx.createOver(grandchild, child);
        Merge.intoParent(child, null);
        for (Path path : List.of(base, child, grandchild)) {
            try (VhdxDisk disk = VhdxDisk.open(path, null)) {
                assertThat(new Blocking(disk).read(0, SIZE)).as(path.toString()).isEqualTo(content);
            }
        }
    }

    @Test
    void anotherChildOfTheParentDoesNotFitItAnyMore() throws Exception {
        Path base = directory.resolve("base.vhdx");
        NewVhdx.create(base, new NewVhdx.Shape(SIZE, MIB, 512, false));
        for (String name : List.of("one.vhdx", "two.vhdx")) {
            NewVhdx.createOver(directory.resolve(name), base);
            try (VhdxDisk disk = VhdxDisk.open(directory.resolve(name), Access.READ_WRITE, null)) {
                new Blocking(disk).write(0, filled(512, 1));
            }
        }
        Merge.intoParent(directory.resolve("one.vhdx"), null);
        assertThatThrownBy(() -> Merge.intoParent(directory.resolve("two.vhdx"), null)).hasMessageContaining("has changed since");
        assertThatThrownBy(() -> Merge.intoParent(base, null)).hasMessageContaining("has no parent");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aParentThatIsSmallerGrowsFirst(boolean fixed) throws Exception {
        Path base = directory.resolve("base.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(base, new NewVhdx.Shape(SIZE, MIB, 512, fixed));
        try (VhdxDisk disk = VhdxDisk.open(base, Access.READ_WRITE, null)) {
            new Blocking(disk).write(0, filled(SIZE, 1));
        }
        NewVhdx.createOver(child, base);
        Growth.grow(child, SIZE + 3 * MIB + 512);
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            new Blocking(disk).write(SIZE - 512, filled(1024, 2));
            new Blocking(disk).write(SIZE + 3 * MIB, filled(512, 3));
        }
        byte[] expected = Arrays.copyOf(filled(SIZE, 1), SIZE + 3 * MIB + 512);
        Arrays.fill(expected, SIZE - 512, SIZE + 512, (byte) 2);
        Arrays.fill(expected, SIZE + 3 * MIB, expected.length, (byte) 3);
        for (int i = 0; i < 2; i++) {
            Merge.intoParent(child, null);
            for (Path path : List.of(base, child)) {
                try (VhdxDisk disk = VhdxDisk.open(path, null)) {
                    assertThat(disk.geometry().sizeBytes()).isEqualTo(expected.length);
                    assertThat(new Blocking(disk).read(0, expected.length)).as(path.toString()).isEqualTo(expected);
                }
            }
        }
    }

    /// And the merge can be begun again from whatever that leaves.
    @Test
    void aCutWhileTheParentGrowsLeavesAChildThatKnowsItAndReadsAsBefore() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(2 * MIB + 4096, MIB)).block(1, filled(MIB, 2)).block(2, filled(8192, 3));
        Metadata shape = Sample.over(Sample.dynamic(SIZE, MIB), MIB, Map.of(ParentLocator.LINKAGE, Guid.text(parent.content())));
        Sample child = Sample.inMemory(shape).block(3, filled(MIB, 8)).block(5, filled(512, 9));
        byte[] content;
        try (VhdxDisk disk = child.open(parent)) {
            content = new Blocking(disk).read(0, SIZE);
        }
        MemoryDevice before = ((MemoryDevice) parent.store()).copy();
        var store = new RecordingDevice(parent.store());
        Merge.run(VhdxFile.of(child.store(), "child"), List.of(VhdxFile.of(store, "parent")), new UUID(88, 88));
        int grown = 0;
        for (int time = 0; time <= store.recording().events().size(); time++) {
            for (int seed = 0; seed < 2; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                VhdxFile file = VhdxFile.of(found, "parent");
                grown += file.metadata().sizeBytes() == SIZE ? 1 : 0;
                Chain.check(child.file(), file, Objects.requireNonNull(child.file().metadata().parent()));
                try (VhdxDisk disk = VhdxDisk.of(List.of(child.file(), file))) {
                    assertThat(new Blocking(disk).read(0, SIZE)).as("cut after event %d, seed %d", time, seed).isEqualTo(content);
                }
                if (seed == 0 && time % 4 == 0) {
                    MemoryDevice again = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                    Merge.run(child.file(), List.of(VhdxFile.of(again, "parent").replayed()), new UUID(99, time));
                    try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(again.copy(), "parent")))) {
                        assertThat(new Blocking(disk).read(0, SIZE)).as("begun again after event %d", time).isEqualTo(content);
                    }
                }
            }
        }
        assertThat(grown).isPositive();
    }

    @Test
    void aCutAnywhereLeavesAChildThatKnowsItsParentAndReadsAsBefore() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(SIZE, MIB)).block(0, filled(MIB, 1)).block(1, filled(MIB, 2)).block(2, filled(MIB, 3));
        var own = new BitSet();
        own.set(3, 9);
        Sample child = Sample.inMemory(Sample.over(parent, "base.vhdx"))
                .partial(1, own, filled(MIB, 9))
                .state(2, BatEntry.UNMAPPED)
                .block(4, filled(MIB, 8));
        byte[] content;
        try (VhdxDisk disk = child.open(parent)) {
            content = new Blocking(disk).read(0, SIZE);
        }
        MemoryDevice before = ((MemoryDevice) parent.store()).copy();
        var store = new RecordingDevice(parent.store());
        Merge.run(VhdxFile.of(child.store(), "child"), List.of(VhdxFile.of(store, "parent")), new UUID(88, 88));
        ParentLocator locator;
        try (VhdxFile merged = child.file()) {
            locator = merged.metadata().parent();
        }
        assertThat(locator).isNotNull();
        int changed = 0;
        for (int time = 0; time <= store.recording().events().size(); time++) {
            for (int seed = 0; seed < 6; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                VhdxFile file = VhdxFile.of(found, "parent");
                Chain.check(child.file(), file, locator);
                changed += file.header().dataWrite().equals(parent.content()) ? 0 : 1;
                try (VhdxDisk disk = VhdxDisk.of(List.of(child.file(), file))) {
                    assertThat(new Blocking(disk).read(0, SIZE)).as("cut after event %d, seed %d", time, seed).isEqualTo(content);
                }
            }
        }
        assertThat(changed).isPositive();
    }
}
