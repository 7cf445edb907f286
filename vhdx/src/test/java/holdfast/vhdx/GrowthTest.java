package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.RecordingDevice;
import holdfast.block.Survival;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrowthTest {
    private static final int MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final byte[] DATA = Noise.of(1).bytes(8192);

    @TempDir
    Path directory;

    /// From within a block, to another chunk, and to where the table has to move.
    @ParameterizedTest
    @CsvSource({"5242880, 5243392, false", "5242880, 7340032, true", "1073741824, 21474836480, false", "107374182400, 429496729600, false"})
    @Needs({"qemu-img", "qemu-io"})
    void whatWasThereStaysAndWhatIsNewIsZeroAndCanBeWritten(long size, long larger, boolean fixed) throws Exception {
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(size, MIB, 512, fixed));
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            new Blocking(disk).write(0, DATA);
            new Blocking(disk).write(size - DATA.length, DATA);
        }
        UUID content = VhdxDisk.info(path).content();
        Growth.grow(path, larger);
        assertThat(VhdxDisk.info(path).content()).isNotEqualTo(content);
        assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path)).contains("No errors");
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            assertThat(disk.geometry().sizeBytes()).isEqualTo(larger);
            assertThat(blocking.read(0, DATA.length)).isEqualTo(DATA);
            assertThat(blocking.read(size - DATA.length, DATA.length)).isEqualTo(DATA);
            assertThat(blocking.read(size, (int) Math.min(MIB, larger - size))).containsOnly(0);
            blocking.write(larger - 512, Noise.of(2).bytes(512));
        }
        Program.output("qemu-io", "-f", "vhdx", "-c", "write -q -P 9 4096 4096", path);
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThat(new Blocking(disk).read(larger - 512, 512)).isEqualTo(Noise.of(2).bytes(512));
            assertThat(new Blocking(disk).read(4096, 4096)).containsOnly(9);
        }
    }

    @Test
    void whatLayPastTheEndInTheLastBlockIsNotSeen() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(3 * MIB + 4096, MIB)).block(3, Arrays.copyOf(DATA, 4096));
        Growth.grow(VhdxFile.of(sample.store(), "sample.vhdx"), 4 * MIB, UUID::randomUUID);
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(3 * MIB, 4096)).isEqualTo(Arrays.copyOf(DATA, 4096));
            assertThat(new Blocking(disk).read(3 * MIB + 4096, MIB - 4096)).containsOnly(0);
        }
    }

    @Test
    void entriesPastTheOldEndOfTheTableAreNotBlocks() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(3 * MIB, MIB)).block(1, DATA);
        sample.entry(3, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - MIB));
        Growth.grow(VhdxFile.of(sample.store(), "sample.vhdx"), 9 * MIB, UUID::randomUUID);
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(3 * MIB, 6 * MIB)).containsOnly(0);
            assertThat(new Blocking(disk).read(MIB, DATA.length)).isEqualTo(DATA);
        }
    }

    @Test
    void aChildGrowsPastItsParentAndAParentThatGrowsHasNoChildren() throws Exception {
        Path parent = directory.resolve("parent.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(parent, new NewVhdx.Shape(4 * MIB, MIB, 512, false));
        try (VhdxDisk disk = VhdxDisk.open(parent, Access.READ_WRITE, null)) {
            new Blocking(disk).write(4 * MIB - DATA.length, DATA);
        }
        NewVhdx.createOver(child, parent);
        Growth.grow(child, 5 * GIB);
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            assertThat(blocking.read(4 * MIB - DATA.length, DATA.length)).isEqualTo(DATA);
            assertThat(blocking.read(4 * MIB, MIB)).containsOnly(0);
            blocking.write(5 * GIB - 512, Noise.of(3).bytes(512));
            blocking.write(4 * MIB - 512, Noise.of(4).bytes(1024));
            assertThat(blocking.read(4 * MIB - 1024, 512)).isEqualTo(Arrays.copyOfRange(DATA, 7168, 7680));
        }
        Growth.grow(parent, 5 * GIB);
        assertThatThrownBy(() -> VhdxDisk.open(child, null)).hasMessageContaining("has changed since");
    }

    @Test
    void aDiskDoesNotShrinkNorGetASizeThereIsNot() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(4 * MIB, MIB, 512, false));
        byte[] before = Files.readAllBytes(path);
        assertThatThrownBy(() -> Growth.grow(path, 3 * MIB)).hasMessageContaining("cannot be made smaller than it is, 4MiB");
        assertThatThrownBy(() -> Growth.grow(path, 4 * MIB + 1)).hasMessageContaining("whole sectors");
        assertThatThrownBy(() -> Growth.grow(path, 65L << 40)).hasMessageContaining("at most 64 TiB");
        Growth.grow(path, 4 * MIB);
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"3, 9", "131071, 140000"})
    void aCutLeavesTheOldDiskOrTheNewOne(long blocks, long larger) throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(blocks * MIB, MIB)).block(blocks - 1, DATA);
        MemoryDevice before = ((MemoryDevice) sample.store()).copy();
        var store = new RecordingDevice(sample.store());
        Growth.grow(VhdxFile.of(store, "disk"), larger * MIB, UUID::randomUUID);
        int grown = 0;
        for (int time = 0; time <= store.recording().events().size(); time++) {
            for (int seed = 0; seed < 10; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(found, "disk")))) {
                    boolean old = disk.geometry().sizeBytes() == blocks * MIB;
                    assertThat(old || disk.geometry().sizeBytes() == larger * MIB).isTrue();
                    assertThat(old || !disk.layers().getFirst().content().equals(sample.content())).isTrue();
                    assertThat(new Blocking(disk).read((blocks - 1) * MIB, DATA.length)).isEqualTo(DATA);
                    grown += old ? 0 : 1;
                    if (!old) {
                        assertThat(new Blocking(disk).extents(blocks * MIB, (larger - blocks) * MIB))
                                .singleElement()
                                .matches(extent -> extent.readsZero());
                    }
                }
            }
        }
        assertThat(grown).isGreaterThanOrEqualTo(10);
    }
}
