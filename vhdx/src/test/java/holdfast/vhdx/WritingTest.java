package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.ArrayModel;
import holdfast.block.BlockDevice;
import holdfast.block.BlockDeviceContract;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Noise;
import holdfast.block.RawFile;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import holdfast.block.Silence;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A dynamic disk that is written to.
class WritingTest extends BlockDeviceContract {
    private static final int MIB = 1 << 20;
    private static final int LOG_ENTRIES_BYTES = 64 << 10;

    @TempDir
    Path directory;

    private Path path() {
        return directory.resolve("disk.vhdx");
    }

    @Override
    protected BlockDevice open() {
        NewVhdx.create(path(), new NewVhdx.Shape(SIZE, MIB, 512, false));
        return reopen();
    }

    private VhdxDisk reopen() {
        return VhdxDisk.open(path(), Access.READ_WRITE, null);
    }

    private UUID content() {
        return VhdxDisk.info(path()).content();
    }

    @Test
    void whatWasWrittenIsThereWhenItIsOpenedAgainAndNothingIsLeftToReplay() throws Exception {
        byte[] data = Noise.of(1).bytes(2 * MIB);
        disk().write(MIB / 2, data);
        device().close();
        assertThat(VhdxDisk.info(path()).dirty()).isFalse();
        try (VhdxDisk disk = VhdxDisk.open(path(), null)) {
            assertThat(new Blocking(disk).read(MIB / 2, 2 * MIB)).isEqualTo(data);
        }
    }

    @Test
    @Needs("qemu-img")
    void qemuReadsWhatWeWroteAndFindsNothingWrong() throws Exception {
        var model = new ArrayModel(disk(), (int) SIZE, 77);
        model.run(300);
        device().close();
        assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path())).contains("No errors");
        Path raw = directory.resolve("disk.raw");
        Program.output("qemu-img", "convert", "-f", "vhdx", "-O", "raw", path(), raw);
        assertThat(Files.readAllBytes(raw)).isEqualTo(model.content());
    }

    /// The file as it is right after a flush, its log not replayed.
    @Test
    @Needs("qemu-img")
    void qemuReplaysOurLog() throws Exception {
        var model = new ArrayModel(disk(), (int) SIZE, 78);
        for (int i = 0; i < 5; i++) {
            model.run(20);
            disk().flush();
        }
        Path copy = Files.copy(path(), directory.resolve("copy.vhdx"));
        assertThat(VhdxDisk.info(copy).dirty()).isTrue();
        Program.output("qemu-img", "check", "-q", "-r", "all", copy);
        assertThat(VhdxDisk.info(copy).dirty()).isFalse();
        Path raw = directory.resolve("disk.raw");
        Program.output("qemu-img", "convert", "-f", "vhdx", "-O", "raw", copy, raw);
        assertThat(Files.readAllBytes(raw)).isEqualTo(model.content());
    }

    @Test
    void theContentsIdentifierChangesOnceAnOpenAndOnlyForAChange() throws Exception {
        device().close();
        UUID first = content();
        try (VhdxDisk disk = reopen()) {
            new Blocking(disk).read(0, MIB);
            new Blocking(disk).flush();
        }
        assertThat(content()).as("opened, read and flushed").isEqualTo(first);
        try (VhdxDisk disk = reopen()) {
            new Blocking(disk).write(0, new byte[512]);
            try (RawFile file = RawFile.open(Files.copy(path(), directory.resolve("copy")), Access.READ_ONLY)) {
                assertThat(VhdxFile.of(file, "copy").header().dataWrite()).as("at once").isNotEqualTo(first);
            }
            UUID second = UUID.fromString(disk.identity().orElseThrow().substring("vhdx ".length()));
            assertThat(second).isNotEqualTo(first);
            new Blocking(disk).write(0, new byte[512]);
            assertThat(disk.identity()).as("asked for, so another change is another content").isNotEqualTo("vhdx " + second);
        }
        UUID third = content();
        try (VhdxDisk disk = reopen()) {
            var blocking = new Blocking(disk);
            blocking.write(0, new byte[512]);
            blocking.write(512, new byte[512]);
            blocking.flush();
            blocking.discard(0, MIB);
        }
        assertThat(content()).isNotEqualTo(third);
    }

    @Test
    void discardingAndZeroingAreChanges() throws Exception {
        disk().write(0, Noise.of(1).bytes(2 * MIB));
        device().close();
        for (int i = 0; i < 2; i++) {
            UUID before = content();
            try (VhdxDisk disk = reopen()) {
                if (i == 0) {
                    new Blocking(disk).discard(0, MIB);
                } else {
                    new Blocking(disk).writeZeroes(MIB, MIB);
                }
            }
            assertThat(content()).isNotEqualTo(before);
        }
    }

    @Test
    void trimmedSpaceGoesBackToTheHostAndIsUsedAgainBeforeTheFileGrows() throws Exception {
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        disk().flush();
        long size = Files.size(path());
        long allocated = Program.allocatedBytes(path());
        disk().discard(0, 2 * MIB);
        disk().writeZeroes(2 * MIB, MIB);
        disk().flush();
        assertThat(Program.allocatedBytes(path())).isLessThanOrEqualTo(allocated - 3 * MIB + LOG_ENTRIES_BYTES);
        assertThat(disk().read(0, 3 * MIB)).containsOnly(0);
        byte[] part = Noise.of(2).bytes(512);
        for (int block = 0; block < 3; block++) {
            disk().write((long) block * MIB + 4096, part);
        }
        disk().flush();
        assertThat(Files.size(path())).isEqualTo(size);
        for (int block = 0; block < 3; block++) {
            byte[] read = disk().read((long) block * MIB, MIB);
            assertThat(Arrays.copyOfRange(read, 4096, 4608)).isEqualTo(part);
            Arrays.fill(read, 4096, 4608, (byte) 0);
            assertThat(read).as("nothing of what was there before").containsOnly(0);
        }
    }

    /// Of its place only the beginning is used, and that it is trimmed one day.
    @Test
    void theWholePlaceOfTheLastBlockIsItsOwn() throws Exception {
        Path path = directory.resolve("odd.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(9 * MIB, 4 * MIB, 512, false));
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            new Blocking(disk).write(8 * MIB, Noise.of(1).bytes(MIB));
        }
        byte[] data = Noise.of(2).bytes(4 * MIB);
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            blocking.write(0, data);
            blocking.discard(8 * MIB, MIB);
            blocking.flush();
            assertThat(blocking.read(0, data.length)).isEqualTo(data);
        }
    }

    @Test
    void blocksBeyondOneEntryOfTheLogAreDurableInOneFlush() throws Exception {
        device().close();
        Path large = directory.resolve("large.vhdx");
        NewVhdx.create(large, new NewVhdx.Shape(512L << 30, MIB, 512, false));
        byte[] data = Noise.of(1).bytes(4096);
        try (VhdxDisk disk = VhdxDisk.open(large, Access.READ_WRITE, null)) {
            for (long block = 0; block < 250; block++) {
                new Blocking(disk).write(block * 600 * MIB, data);
            }
            new Blocking(disk).flush();
            try (VhdxDisk copy = VhdxDisk.open(Files.copy(large, directory.resolve("copy.vhdx")), null)) {
                for (long block = 0; block < 250; block++) {
                    assertThat(new Blocking(copy).read(block * 600 * MIB, 4096)).isEqualTo(data);
                }
            }
        }
    }

    @Test
    void eightThreadsOnOneFreshBlockLoseNothing() throws Exception {
        for (int round = 0; round < 4; round++) {
            long block = (long) round * MIB;
            var failure = new AtomicReference<Throwable>();
            var threads = new ArrayList<Thread>();
            for (int t = 0; t < 8; t++) {
                int at = t * 8192;
                byte value = (byte) (t + 1);
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        var data = new byte[8192];
                        Arrays.fill(data, value);
                        disk().write(block + at, data);
                    } catch (Exception e) {
                        failure.set(e);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure).hasNullValue();
            byte[] read = disk().read(block, 8 * 8192);
            for (int i = 0; i < read.length; i++) {
                assertThat(read[i]).isEqualTo((byte) (i / 8192 + 1));
            }
        }
    }

    @Test
    void aForcedWriteIsInAFileThatIsCopiedRightAfter() throws Exception {
        byte[] data = Noise.of(1).bytes(4096);
        disk().write(MIB, data, true);
        disk().write(2 * MIB + 8192, data);
        disk().write(2 * MIB, data, true);
        try (VhdxDisk copy = VhdxDisk.open(Files.copy(path(), directory.resolve("copy.vhdx")), null)) {
            assertThat(new Blocking(copy).read(MIB, 4096)).isEqualTo(data);
            assertThat(new Blocking(copy).read(2 * MIB, 4096)).as("in a block that was new").isEqualTo(data);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aChildOverAParentBehavesAsAnArrayOfBytesAndItsParentStays(long seed) throws Exception {
        var first = new ArrayModel(disk(), (int) SIZE, seed);
        first.run(60);
        device().close();
        byte[] parent = Files.readAllBytes(path());
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, path());
        var model = new ArrayModel(disk(), new byte[0], seed);
        byte[] content = first.content();
        for (int round = 0; round < 3; round++) {
            try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
                model = new ArrayModel(new Blocking(disk), content, seed + 100 * round);
                model.run(120);
                content = model.content();
            }
        }
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(new Blocking(disk).read(0, (int) SIZE)).isEqualTo(content);
        }
        assertThat(Files.readAllBytes(path())).isEqualTo(parent);
    }

    /// Nothing but the write itself reaches the file, on the caller's thread.
    @Test
    void aWriteToSectorsThatAreItsOwnGoesStraightAlsoInAChild() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(1, filled(1));
        Sample child = Sample.inMemory(Sample.over(parent, "p.vhdx"));
        var store = new RecordingDevice(child.store());
        var files = List.of(VhdxFile.of(store, "child"), parent.file());
        try (VhdxDisk disk = VhdxDisk.of(files, true, UUID::randomUUID)) {
            var blocking = new Blocking(disk);
            blocking.write(MIB + 8192, Noise.of(1).bytes(8192));
            int before = store.recording().events().size();
            blocking.write(MIB + 12288, Noise.of(2).bytes(4096));
            assertThat(store.recording().events()).hasSize(before + 2);
            assertThat(blocking.read(MIB + 8192, 4096)).isEqualTo(Arrays.copyOf(Noise.of(1).bytes(8192), 4096));
            assertThat(blocking.read(MIB + 12288, 4096)).isEqualTo(Noise.of(2).bytes(4096));
            blocking.write(MIB + 12288, Noise.of(3).bytes(8192));
            assertThat(blocking.read(MIB + 12288, 8192)).as("half of it was the parent's").isEqualTo(Noise.of(3).bytes(8192));
            assertThat(blocking.read(MIB + 20480, 512)).containsOnly(1);
        }
    }

    @Test
    void zerosOverAParentWithDataAreZerosAndItsOtherSectorsAreSeen() throws Exception {
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        byte[] expected = disk().read(0, (int) SIZE);
        device().close();
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, path());
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            blocking.writeZeroes(4096, 4096);
            blocking.writeZeroes(2 * MIB, 2 * MIB);
            blocking.discard(0, 4096);
            Arrays.fill(expected, 4096, 8192, (byte) 0);
            Arrays.fill(expected, 2 * MIB, 4 * MIB, (byte) 0);
            assertThat(blocking.read(0, (int) SIZE)).isEqualTo(expected);
        }
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(new Blocking(disk).read(0, (int) SIZE)).isEqualTo(expected);
        }
    }

    @Test
    void whatIsTrimmedOfAPartOfABlockOverAParentIsGivenBackWhereItIsTheChildsOwn() throws Exception {
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        byte[] expected = disk().read(0, (int) SIZE);
        device().close();
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, path());
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            byte[] own = Noise.of(2).bytes(256 << 10);
            blocking.write(64 << 10, own);
            blocking.flush();
            long full = Program.allocatedBytes(child);
            blocking.discard(0, 256 << 10); // of the parent's 64 KiB, of the child's 192
            blocking.flush();
            assertThat(full - Program.allocatedBytes(child)).isEqualTo(192 << 10);
            Arrays.fill(expected, 64 << 10, 256 << 10, (byte) 0);
            System.arraycopy(own, 192 << 10, expected, 256 << 10, 64 << 10);
            assertThat(blocking.read(0, (int) SIZE)).isEqualTo(expected);
        }
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(new Blocking(disk).read(0, (int) SIZE)).isEqualTo(expected);
        }
    }

    @Test
    void aParentThatWasWrittenToIsNoParentAnyMore() throws Exception {
        device().close();
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, path());
        reopen().close();
        VhdxDisk.open(child, null).close();
        try (VhdxDisk disk = reopen()) {
            new Blocking(disk).write(0, new byte[512]);
        }
        assertThatThrownBy(() -> VhdxDisk.open(child, null)).hasMessageContaining("has changed since");
    }

    @Test
    void aFixedDiskIsWrittenInItsPlacesAndKeepsItsSpace() throws Exception {
        Path fixed = directory.resolve("fixed.vhdx");
        NewVhdx.create(fixed, new NewVhdx.Shape(SIZE, MIB, 512, true));
        long size = Files.size(fixed);
        long allocated = Program.allocatedBytes(fixed);
        try (VhdxDisk disk = VhdxDisk.open(fixed, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            new ArrayModel(blocking, (int) SIZE, 5).run(100);
            blocking.discard(0, SIZE);
            blocking.writeZeroes(0, SIZE);
            assertThat(blocking.read(0, (int) SIZE)).containsOnly(0);
            assertThat(disk.geometry().discard()).isFalse();
        }
        assertThat(Files.size(fixed)).isEqualTo(size);
        assertThat(Program.allocatedBytes(fixed)).isGreaterThanOrEqualTo(allocated);
    }

    /// As a lazily initialised disk has them: a place, in which there is something, and nothing of the disk.
    @Test
    void aFixedDisksBlockThatIsNotYetThereGetsItsOwnPlaceEmptied() throws Exception {
        Sample sample = Sample.inMemory(new Metadata(MIB, true, false, 4 * MIB, new UUID(1, 2), 512, 4096, null));
        sample.block(0, filled(0xaa)).block(1, filled(0xbb)).entry(1, BatEntry.of(BatEntry.ZERO, sample.end() - MIB));
        try (VhdxDisk disk = VhdxDisk.of(List.of(sample.live()), true, UUID::randomUUID)) {
            var blocking = new Blocking(disk);
            assertThat(blocking.read(MIB, MIB)).containsOnly(0);
            blocking.write(MIB + 512, Noise.of(1).bytes(512));
            byte[] read = blocking.read(MIB, MIB);
            assertThat(Arrays.copyOfRange(read, 512, 1024)).isEqualTo(Noise.of(1).bytes(512));
            Arrays.fill(read, 512, 1024, (byte) 0);
            assertThat(read).containsOnly(0);
            assertThat(disk.layers().getFirst().kind()).isEqualTo(VhdxInfo.Kind.FIXED);
        }
    }

    private static byte[] filled(int value) {
        var bytes = new byte[MIB];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @Test
    void aLogIsNotReplayedInTheFileOfADiskWhoseParentIsWrong() throws Exception {
        device().close();
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, path());
        Path dirty = directory.resolve("dirty.vhdx");
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            new Blocking(disk).write(0, new byte[512]);
            new Blocking(disk).flush();
            Files.copy(child, dirty);
        }
        try (VhdxDisk disk = VhdxDisk.open(dirty, Access.READ_WRITE, null)) {
            assertThat(disk.layers().getFirst().dirty()).as("replayed").isFalse();
        }
        Files.copy(child, dirty, StandardCopyOption.REPLACE_EXISTING);
        try (VhdxDisk disk = reopen()) {
            new Blocking(disk).write(0, new byte[512]);
        }
        byte[] before = Files.readAllBytes(dirty);
        assertThatThrownBy(() -> VhdxDisk.open(dirty, Access.READ_WRITE, null)).hasMessageContaining("has changed since");
        assertThat(Files.readAllBytes(dirty)).isEqualTo(before);
    }

    /// Places go from one block to another all the time: nobody may find another's data, or lose his own.
    @Test
    void threadsThatTrimAndWriteAndFlushFindOnlyWhatTheyWrote() throws Exception {
        var failure = new AtomicReference<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 4; t++) {
            long block = (long) t * MIB;
            var random = new Random(t);
            byte mark = (byte) (t + 1);
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 150 && failure.get() == null; i++) {
                        trimAndWrite(block, mark, random);
                    }
                } catch (Exception | AssertionError e) {
                    failure.set(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failure).hasNullValue();
        assertThat(Files.size(path())).as("places are used again").isLessThan(64 * MIB);
    }

    private void trimAndWrite(long block, byte mark, Random random) throws Exception {
        int at = 4096 * random.nextInt(200);
        var data = new byte[4096 * (1 + random.nextInt(50))];
        Arrays.fill(data, mark);
        disk().write(block + at, data);
        assertThat(disk().read(block + at, data.length)).containsOnly(mark);
        for (byte each : disk().read(block, MIB)) {
            assertThat(each == 0 || each == mark).isTrue();
        }
        switch (random.nextInt(3)) {
            case 0 -> disk().discard(block, MIB);
            case 1 -> disk().writeZeroes(block, MIB);
            default -> disk().flush();
        }
    }

    @Test
    void aFileThatCannotGrowSaysThatThereIsNoRoomAndStaysSound() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(512L << 20, 32 * MIB));
        int written = 0;
        try (var _ = Silence.of(VhdxDisk.class);
                VhdxDisk disk = VhdxDisk.of(List.of(sample.live()), true, UUID::randomUUID)) {
            var blocking = new Blocking(disk);
            for (; written < 16; written++) {
                try {
                    blocking.write(written * 32L * MIB, Noise.of(written).bytes(512));
                } catch (DiskException e) {
                    assertThat(e).hasMessageContaining("NO_SPACE");
                    break;
                }
            }
            assertThat(written).isBetween(1, 15);
            assertThat(blocking.read(written * 32L * MIB, 512)).containsOnly(0);
            disk.submit(new Request.Flush((_, _) -> {}));
            blocking.flush();
            assertThat(blocking.read(0, 512)).isEqualTo(Noise.of(0).bytes(512));
        }
    }
}
