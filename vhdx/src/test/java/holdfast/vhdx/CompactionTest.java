package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.Noise;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompactionTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 8 * MIB + 4096;
    private static final int LOG_ENTRIES_BYTES = 64 << 10;

    @TempDir
    Path directory;

    @Test
    @Needs("qemu-img")
    void zerosAndWhatIsNotUsedTakeNoSpaceAfterwardsAndTheDiskIsTheSame() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(SIZE, MIB, 512, false));
        byte[] content;
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            blocking.write(0, new byte[SIZE]);
            blocking.write(MIB, Noise.of(1).bytes(4096));
            blocking.write(4 * MIB - 512, Noise.of(2).bytes(512));
            blocking.write(SIZE - 512, new byte[512]);
            content = blocking.read(0, SIZE);
        }
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(file.length());
            file.write(Noise.of(3).bytes(3 * MIB));
        }
        NewVhdx.createOver(child, path);
        UUID before = VhdxDisk.info(path).content();
        long allocated = Program.allocatedBytes(path);
        Compaction.run(path, null);
        assertThat(Program.allocatedBytes(path)).isLessThan(allocated - 9 * MIB + LOG_ENTRIES_BYTES);
        assertThat(path).as("4 MiB for the format, and 2 blocks").hasSize(6 * MIB);
        assertThat(VhdxDisk.info(path).content()).isEqualTo(before);
        for (Path each : new Path[] {path, child}) {
            try (VhdxDisk disk = VhdxDisk.open(each, null)) {
                assertThat(new Blocking(disk).read(0, SIZE)).isEqualTo(content);
            }
        }
        assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path)).contains("No errors");
    }

    /// The table, which growing moves behind all, and what was written last.
    @Test
    @Needs("qemu-img")
    void whatLiesLastMovesToWhereThereIsRoomAndTheFileEndsThere() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(SIZE, MIB, 512, false));
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            blocking.write(0, Noise.of(1).bytes(SIZE));
            disk.grow(200_000L * MIB);
            blocking.write(150_000L * MIB, Noise.of(2).bytes(3 * MIB));
            blocking.discard(MIB, 6 * MIB);
        }
        long before = Files.size(path);
        Compaction.run(path, null);
        // Header, log, metadata and a table of 2 MiB; 3 old blocks and 3 new ones.
        assertThat(path).hasSize(11 * MIB);
        assertThat(before).as("1 MiB more when a block was given its place before that of the old table was free").isBetween(17L * MIB, 18L * MIB);
        Compaction.run(path, null);
        assertThat(path).hasSize(11 * MIB);
        assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path)).contains("No errors");
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            assertThat(blocking.read(0, MIB)).isEqualTo(Arrays.copyOf(Noise.of(1).bytes(SIZE), MIB));
            assertThat(blocking.read(MIB, 6 * MIB)).containsOnly(0);
            assertThat(blocking.read(150_000L * MIB, 3 * MIB)).isEqualTo(Noise.of(2).bytes(3 * MIB));
            blocking.write(MIB, Noise.of(3).bytes(MIB));
            assertThat(blocking.read(MIB, MIB)).isEqualTo(Noise.of(3).bytes(MIB));
        }
    }

    @Test
    void zerosInAChildStillHideItsParent() throws Exception {
        Path parent = directory.resolve("parent.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(parent, new NewVhdx.Shape(SIZE, MIB, 512, false));
        try (VhdxDisk disk = VhdxDisk.open(parent, Access.READ_WRITE, null)) {
            new Blocking(disk).write(0, Noise.of(1).bytes(SIZE));
        }
        NewVhdx.createOver(child, parent);
        try (VhdxDisk disk = VhdxDisk.open(child, Access.READ_WRITE, null)) {
            new Blocking(disk).write(0, new byte[4 * MIB]);
            new Blocking(disk).write(6 * MIB, new byte[512]);
        }
        Compaction.run(child, null);
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            byte[] read = new Blocking(disk).read(0, SIZE);
            byte[] expected = Noise.of(1).bytes(SIZE);
            Arrays.fill(expected, 0, 4 * MIB, (byte) 0);
            Arrays.fill(expected, 6 * MIB, 6 * MIB + 512, (byte) 0);
            assertThat(read).isEqualTo(expected);
        }
        assertThat(Program.allocatedBytes(child)).isLessThan(2 * MIB);
    }

    @Test
    void aFixedDiskKeepsItsSpace() throws Exception {
        Path path = directory.resolve("fixed.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(SIZE, MIB, 512, true));
        long allocated = Program.allocatedBytes(path);
        assertThatThrownBy(() -> Compaction.run(path, null)).hasMessageContaining("fixed.vhdx: is a fixed disk, which keeps its space");
        assertThat(Program.allocatedBytes(path)).isEqualTo(allocated);
    }
}
