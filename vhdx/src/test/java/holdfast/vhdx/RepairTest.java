package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import holdfast.block.Survival;
import holdfast.testkit.Campaign;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Damage that can be put right without guessing, and damage that cannot.
class RepairTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 4 * MIB;
    private static final UUID LOG = new UUID(10, 11);

    /// What is looked at of each block, from its beginning.
    private static final int VIEW_BYTES = 16 << 10;

    private static final long LEAKED_BYTES = 64 << 10;

    @TempDir
    Path directory;

    private static Sample sound() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(SIZE, MIB)).block(0, Noise.of(1).bytes(VIEW_BYTES)).block(3, Noise.of(2).bytes(VIEW_BYTES));
        return sample.header();
    }

    /// What its last writer did not close: a part of the last block, and entries of the table, are in the log alone.
    private static Sample unclosed() throws Exception {
        Sample sample = sound();
        byte[] table = Storage.read(sample.disk(), Sample.BAT_OFFSET, LogEntry.SECTOR_BYTES);
        sample.state(3, BatEntry.NOT_PRESENT);
        sample.log(LOG, 0, List.of(new LogEntry(LOG, 0, 0, 1, 0, 0, List.of(
                new LogEntry.Write.Data(Sample.BAT_OFFSET, table),
                new LogEntry.Write.Data(sample.end() - MIB, Noise.of(3).bytes(LogEntry.SECTOR_BYTES))))));
        return sample.header();
    }

    /// With space that no block refers to.
    private static Sample leaky(Sample sample) throws Exception {
        return sample.put(sample.end() + MIB, Noise.of(4).bytes((int) LEAKED_BYTES));
    }

    private static List<String> repair(BlockDevice store) {
        return Repair.run(VhdxFile.of(store, "disk"), UUID::randomUUID);
    }

    private static byte[] content(BlockDevice store) throws Exception {
        var disk = new Blocking(VhdxDisk.of(List.of(VhdxFile.of(store, "disk"))));
        var content = new byte[SIZE / MIB * VIEW_BYTES];
        for (int block = 0; block < SIZE / MIB; block++) {
            System.arraycopy(disk.read((long) block * MIB, VIEW_BYTES), 0, content, block * VIEW_BYTES, VIEW_BYTES);
        }
        return content;
    }

    private static List<String> changes(RecordingDevice store) {
        return store.recording().events().stream()
                .filter(event -> event instanceof Recording.Event.Submitted(int _, Request request)
                        && !(request instanceof Request.Read || request instanceof Request.Extents || request instanceof Request.Flush))
                .map(Object::toString)
                .toList();
    }

    @Test
    void aSoundFileIsLeftAsItIs() throws Exception {
        var store = new RecordingDevice(sound().store());
        assertThat(repair(store)).isEmpty();
        assertThat(changes(store)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"65536, first, false", "131072, second, false", "65536, first, true", "131072, second, true"})
    void aHeaderIsWrittenFromTheOtherOne(long offset, String which, boolean dirty) throws Exception {
        Sample sample = dirty ? unclosed() : sound();
        byte[] before = content(((MemoryDevice) sample.store()).copy());
        sample.put(offset + 100, new byte[] {1});
        assertThat(repair(sample.store())).contains("wrote its " + which + " header anew").hasSize(dirty ? 2 : 1);
        for (long each : new long[] {Header.FIRST_OFFSET, Header.SECOND_OFFSET}) {
            Header header = Header.parse(Storage.read(sample.disk(), each, Header.BYTES)).orElseThrow();
            assertThat(header.dataWrite()).isEqualTo(sample.content());
            assertThat(header.fileWrite()).as("another, since the file was written").isNotEqualTo(new UUID(3, 4));
        }
        assertThat(content(sample.store())).isEqualTo(before);
        assertThat(repair(((MemoryDevice) sample.store()).copy())).isEmpty();
    }

    /// With all that it says, known here or not.
    @ParameterizedTest
    @CsvSource({"196608, 262144, first", "262144, 196608, second"})
    void aRegionTableIsWrittenFromTheOtherOne(long offset, long other, String which) throws Exception {
        Sample sample = sound().regions(List.of(
                new Region(Region.METADATA, Sample.METADATA_OFFSET, MIB, true), new Region(Region.BAT, Sample.BAT_OFFSET, MIB, true),
                new Region(new UUID(6, 6), 16 << 20, MIB, false)));
        byte[] table = Storage.read(sample.disk(), other, RegionTable.BYTES);
        sample.put(offset + 9000, new byte[] {1});
        assertThat(repair(sample.store())).containsExactly("wrote its " + which + " region table anew");
        assertThat(Storage.read(sample.disk(), offset, RegionTable.BYTES)).isEqualTo(table);
        assertThat(Storage.read(sample.disk(), other, RegionTable.BYTES)).isEqualTo(table);
    }

    @Test
    void whatTheLogSaysIsDoneInTheFile() throws Exception {
        Sample sample = unclosed();
        byte[] before = content(((MemoryDevice) sample.store()).copy());
        assertThat(repair(sample.store())).containsExactly("replayed its log");
        VhdxFile file = VhdxFile.of(sample.store(), "disk");
        assertThat(file.info().dirty()).isFalse();
        assertThat(file.header().hasLog()).isFalse();
        assertThat(content(sample.store())).isEqualTo(before);
    }

    @Test
    void aLogThatWasBegunAndHasNothingIsClosed() throws Exception {
        Sample sample = sound().log(LOG, 0, List.of());
        assertThat(repair(sample.store())).containsExactly("closed its log, in which there was nothing");
        assertThat(VhdxFile.of(sample.store(), "disk").header().hasLog()).isFalse();
    }

    @Test
    void spaceInWhichNoBlockLiesIsGivenBack() throws Exception {
        Sample sample = leaky(sound());
        byte[] before = content(((MemoryDevice) sample.store()).copy());
        assertThat(repair(sample.store())).containsExactly("gave back 64.0 KiB in which no block lay");
        assertThat(sample.disk().extents(sample.end(), 2 * MIB)).singleElement().matches(extent -> extent.readsZero());
        assertThat(content(sample.store())).isEqualTo(before);
    }

    @Test
    void aRegionThatIsNotKnownKeepsItsSpace() throws Exception {
        Sample sample = leaky(sound());
        sample.regions(List.of(
                new Region(Region.METADATA, Sample.METADATA_OFFSET, MIB, true), new Region(Region.BAT, Sample.BAT_OFFSET, MIB, true),
                new Region(new UUID(6, 6), sample.end() + MIB, MIB, false)));
        assertThat(repair(sample.store())).isEmpty();
    }

    @Test
    void aFixedDiskKeepsItsSpace() throws Exception {
        var shape = new Metadata(MIB, true, false, SIZE, new UUID(1, 2), 512, 4096, null);
        Sample sample = leaky(Sample.inMemory(shape).block(0, Noise.of(1).bytes(VIEW_BYTES)).header());
        assertThat(repair(sample.store())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void whatCannotBeRepairedIsRefusedAndNothingIsChanged(int which) throws Exception {
        Sample sample = leaky(unclosed());
        String says = switch (which) {
            case 0 -> {
                sample.put(Header.FIRST_OFFSET + 100, new byte[] {1}).put(Header.SECOND_OFFSET + 100, new byte[] {1});
                yield "neither of its two headers has a valid checksum";
            }
            case 1 -> {
                sample.put(RegionTable.FIRST_OFFSET + 9000, new byte[] {1}).put(RegionTable.SECOND_OFFSET + 9000, new byte[] {1});
                yield "neither of its two region tables has a valid checksum";
            }
            case 2 -> {
                sample.put(Sample.METADATA_OFFSET, new byte[8]);
                yield "its metadata does not begin as metadata does";
            }
            case 3 -> {
                sample.put(Sample.LOG_OFFSET + 5000, new byte[] {1});
                yield "an entry of its log has a wrong checksum";
            }
            case 4 -> {
                sample.put(RegionTable.SECOND_OFFSET, new RegionTable(List.of(
                        new Region(Region.METADATA, Sample.METADATA_OFFSET, MIB, true),
                        new Region(Region.BAT, sample.end(), MIB, true))).encode());
                yield "its two region tables are both whole and say different things";
            }
            default -> {
                sample.put(Header.SECOND_OFFSET + 100, new byte[] {1}).log(Guid.NONE, 0, List.of()).header();
                sample.entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - MIB)).state(3, BatEntry.FULLY_PRESENT);
                yield "block 3 is said to be at byte 0";
            }
        };
        var store = new RecordingDevice(sample.store());
        assertThatThrownBy(() -> repair(store)).isInstanceOf(OperatorError.class).hasMessageContaining(says);
        assertThat(changes(store)).isEmpty();
    }

    /// Everything that can be put right is wrong at once.
    @Test
    void aCutAnywhereLeavesTheSameDiskAndARepairThatCanBeBegunAgain() throws Exception {
        int looked = cutEverywhere(leaky(unclosed()).put(Header.FIRST_OFFSET + 100, new byte[] {1}).put(RegionTable.SECOND_OFFSET + 100, new byte[] {1}));
        looked += cutEverywhere(leaky(unclosed()).put(Header.SECOND_OFFSET + 100, new byte[] {1}).put(RegionTable.FIRST_OFFSET + 100, new byte[] {1}));
        assertThat(looked).isGreaterThan(200);
    }

    /// Of a file whose log has nothing, so that nothing but the copies is written.
    @Test
    void aCutWhileACopyIsWrittenLeavesTheOther() throws Exception {
        for (long header : new long[] {Header.FIRST_OFFSET, Header.SECOND_OFFSET}) {
            Sample sample = sound().put(header + 100, new byte[] {1}).put(RegionTable.FIRST_OFFSET + 100, new byte[] {1});
            assertThat(cutEverywhere(sample)).isGreaterThan(40);
        }
    }

    private static int cutEverywhere(Sample sample) throws Exception {
        MemoryDevice before = ((MemoryDevice) sample.store()).copy();
        byte[] content = content(before.copy());
        var store = new RecordingDevice(sample.store());
        assertThat(repair(store)).hasSizeGreaterThan(1);
        int events = store.recording().events().size();
        int looked = 0;
        for (int time = 0; time <= events; time++) {
            for (int seed = 0; seed < 5; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                assertThat(VhdxFile.of(found, "disk").header().dataWrite()).isEqualTo(sample.content());
                assertThat(Arrays.equals(content(found), content)).as("cut after event %d, seed %d", time, seed).isTrue();
                if (seed == 0) {
                    repair(found);
                    assertThat(Arrays.equals(content(found), content)).as("repaired after a cut at event %d", time).isTrue();
                    assertThat(repair(found)).isEmpty();
                }
                looked++;
            }
        }
        return looked;
    }

    /// Places in the file hold leavings, which belong to nobody and are given back.
    @ParameterizedTest
    @CsvSource({"61, false", "62, true"})
    void aDiskThatWasCutAnywhereIsTheSameRepaired(long seed, boolean child) throws Exception {
        assertThat(repairedAfterCuts(seed, child, false)).isGreaterThan(50);
    }

    @Test
    @Tag("long")
    void aMillionCutsOfRepairsLeaveTheSameDisk() throws Exception {
        Campaign.run("power cuts of repairs of VHDX disks", 1_000_000, seed -> repairedAfterCuts(seed, seed % 2 == 0, true));
    }

    private static long repairedAfterCuts(long seed, boolean child, boolean everywhere) throws Exception {
        var life = new Life(seed, child, null, null);
        for (int i = 0; i < 20; i++) {
            life.step();
        }
        return life.repairAllCuts(everywhere);
    }

    @Test
    @Needs({"qemu-img", "qemu-io"})
    void qemuFindsNothingWrongAfterwardsAndAChildStillFits() throws Exception {
        Path open = directory.resolve("open.vhdx");
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(open, new NewVhdx.Shape(SIZE, MIB, 512, false));
        try (VhdxDisk disk = VhdxDisk.open(open, Access.READ_WRITE, null)) {
            new Blocking(disk).write(MIB, Noise.of(1).bytes(MIB));
            new Blocking(disk).flush();
            new Blocking(disk).write(3 * MIB, Noise.of(2).bytes(4096));
            new Blocking(disk).flush();
            Files.copy(open, path);
        }
        byte[] content = fileContent(path);
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, path);
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(file.length());
            file.write(Noise.of(3).bytes(3 * MIB));
            for (long at : new long[] {Header.SECOND_OFFSET + 100, RegionTable.FIRST_OFFSET + 100}) {
                file.seek(at);
                file.write(77);
            }
        }
        long allocated = Program.allocatedBytes(path);
        assertThat(Repair.run(path)).containsExactly(
                "wrote its second header anew", "replayed its log", "wrote its first region table anew", "gave back 3.00 MiB in which no block lay");
        assertThat(Program.allocatedBytes(path)).isLessThan(allocated - 2 * MIB);
        assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path)).contains("No errors");
        for (Path each : new Path[] {path, child}) {
            assertThat(fileContent(each)).isEqualTo(content);
        }
        Path raw = directory.resolve("disk.raw");
        Files.write(raw, content);
        assertThat(Program.output("qemu-img", "compare", "-f", "vhdx", "-F", "raw", path, raw)).contains("Images are identical");
        assertThat(Repair.run(path)).isEmpty();
    }

    private static byte[] fileContent(Path path) throws Exception {
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            return new Blocking(disk).read(0, SIZE);
        }
    }
}
