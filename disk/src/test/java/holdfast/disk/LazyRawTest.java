package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.LazyDevice;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Raw disks whose space is taken when they are made.
class LazyRawTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Path created(long bytes, NewRaw.Space space) {
        Path path = directory.resolve("disk.raw");
        NewRaw.create(path, bytes, space);
        return path;
    }

    @Test
    void spaceIsTakenAtOnceAndNothingIsWritten() throws Exception {
        long before = bytesWritten();
        Path path = created(1L << 30, NewRaw.Space.LAZY);
        assertThat(bytesWritten() - before).isLessThan(MIB);
        assertThat(Program.allocatedBytes(path)).isGreaterThanOrEqualTo(1L << 30);
        assertThat(Files.size(path)).isEqualTo(1L << 30);
        try (BlockDevice disk = Disks.open(path, Access.READ_ONLY, null)) {
            assertThat(disk).isInstanceOf(LazyDevice.class);
            assertThat(new Blocking(disk).read(0, MIB)).containsOnly(0);
        }
    }

    /// What this process has handed to the kernel to write, ever.
    private static long bytesWritten() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/io")).stream()
                .filter(line -> line.startsWith("wchar: "))
                .mapToLong(line -> Long.parseLong(line.substring(7)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aDiskThatIsMadeFullyHasZerosEverywhereAndNoDescriptor() throws Exception {
        Path path = created(8 * MIB, NewRaw.Space.FULL);
        assertThat(Program.allocatedBytes(path)).isGreaterThanOrEqualTo(8 * MIB);
        try (BlockDevice disk = Disks.open(path, Access.READ_ONLY, null)) {
            assertThat(disk).isInstanceOf(RawFile.class);
            assertThat(new Blocking(disk).read(0, 8 * MIB)).containsOnly(0);
            assertThat(new Blocking(disk).extents(0, 8 * MIB)).noneMatch(extent -> extent.readsZero());
        }
    }

    @Test
    void aDiskThatThereIsNoRoomForIsNotMade() throws Exception {
        long free = Files.getFileStore(directory).getTotalSpace();
        Path path = directory.resolve("disk.raw");
        assertThatThrownBy(() -> NewRaw.create(path, free * 2 / MIB * MIB, NewRaw.Space.LAZY))
                .hasMessageContaining("disk.raw: space cannot be taken for it");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aDescriptorThatIsLeftFromAnotherDiskIsInTheWay() throws Exception {
        Path path = created(MIB, NewRaw.Space.LAZY);
        Files.delete(path);
        assertThatThrownBy(() -> NewRaw.create(path, MIB, NewRaw.Space.AS_NEEDED))
                .hasMessageContaining("disk.raw.holdfast: is there already, the descriptor of another disk.raw");
    }

    @Test
    @Needs("qemu-img")
    void qemuFindsTheSameWhenAllHasBeenInitialized() throws Exception {
        Path path = created(24 * MIB, NewRaw.Space.LAZY_WATERMARK);
        Path same = directory.resolve("same.raw");
        NewRaw.create(same, 24 * MIB, NewRaw.Space.AS_NEEDED);
        var data = new byte[3 * MIB];
        new Random(1).nextBytes(data);
        for (Path each : new Path[] {path, same}) {
            try (BlockDevice disk = Disks.open(each, Access.READ_WRITE, null)) {
                new Blocking(disk).write(5 * MIB + 512, data);
                new Blocking(disk).write(20 * MIB - 512, data);
            }
        }
        try (var disk = (LazyDevice) DiskStack.open(path, Access.READ_WRITE)) {
            assertThat(disk.initialize(0, Alarm.wallClock()).await(Duration.ofSeconds(60))).isTrue();
        }
        assertThat(DiskStack.descriptorOf(path)).doesNotExist();
        assertThat(Program.output("qemu-img", "compare", "-f", "raw", "-F", "raw", path, same)).contains("Images are identical.");
        assertThat(Program.output("qemu-io", "-r", "-f", "raw", "-c", "read -P 0 0 5M", "-c", "read -P 0 9M 10M", path))
                .doesNotContain("Pattern verification failed");
    }
}
