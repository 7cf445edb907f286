package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.ArrayModel;
import holdfast.block.Blocking;
import holdfast.block.LazyInitializer;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Fixed disks whose blocks have their places, and are zeroed when they are first written to.
class LazyVhdxTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Path created(long sizeBytes, int blockBytes) {
        Path path = directory.resolve(sizeBytes + ".vhdx");
        NewVhdx.createLazily(path, new NewVhdx.Shape(sizeBytes, blockBytes, 512, true));
        return path;
    }

    /// Fills the places of all blocks with what somebody else may have left there.
    private static void fillPlaces(Path path, long sizeBytes) throws Exception {
        var leavings = new byte[MIB];
        Arrays.fill(leavings, (byte) 0xdb);
        long end = Files.size(path);
        try (RawFile file = RawFile.open(path, Access.READ_WRITE)) {
            for (long at = end - sizeBytes; at < end; at += MIB) {
                new Blocking(file).write(at, leavings);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatIsInThePlacesOfBlocksIsNeverSeen(long seed) throws Exception {
        Path path = created(8 * MIB, 2 * MIB);
        fillPlaces(path, 8 * MIB);
        var content = new byte[8 * MIB];
        for (int life = 0; life < 3; life++) {
            try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
                var model = new ArrayModel(new Blocking(disk), content, seed * 10 + life);
                model.run(40);
                content = model.content();
                new Blocking(disk).flush();
            }
        }
        assertThat(Files.size(path)).as("no block has moved").isEqualTo(4 * MIB + 8 * MIB);
    }

    @Test
    void aFreshDiskReadsAsZerosWithoutItsPlaces() throws Exception {
        Path path = created(4 * MIB, MIB);
        fillPlaces(path, 4 * MIB);
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThat(new Blocking(disk).read(0, 4 * MIB)).containsOnly(0);
            assertThat(disk.layers().getFirst().kind()).isEqualTo(VhdxInfo.Kind.FIXED);
        }
    }

    @Test
    void makingOneWritesAsLittleWhateverItsSizeAndTakesTheSpace() throws Exception {
        long small = written(1L << 30);
        long large = written(4L << 30);
        assertThat(large).isLessThan(4 * MIB).isLessThan(small + 256 * 1024);
    }

    private long written(long sizeBytes) throws Exception {
        long before = bytesWritten();
        Path path = created(sizeBytes, NewVhdx.BLOCK_BYTES);
        long written = bytesWritten() - before;
        assertThat(Program.allocatedBytes(path)).isGreaterThanOrEqualTo(sizeBytes);
        Files.delete(path);
        return written;
    }

    private static long bytesWritten() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/io")).stream()
                .filter(line -> line.startsWith("wchar: "))
                .mapToLong(line -> Long.parseLong(line.substring(7)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aDiskThatThereIsNoRoomForIsNotMade() throws Exception {
        long tooMuch = Math.min(Files.getFileStore(directory).getTotalSpace() * 2, 15L << 40) / MIB * MIB;
        assertThatThrownBy(() -> created(tooMuch, NewVhdx.BLOCK_BYTES)).hasMessageContaining("space cannot be taken for it");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void theRestIsInitializedAndTheContentIsTheSame() throws Exception {
        Path path = created(8 * MIB, MIB);
        fillPlaces(path, 8 * MIB);
        var data = new byte[4096];
        Arrays.fill(data, (byte) 7);
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            assertThat(disk.pendingBytes()).isEqualTo(8 * MIB);
            new Blocking(disk).write(2 * MIB + 8192, data);
            assertThat(disk.pendingBytes()).isEqualTo(7 * MIB);
        }
        var content = VhdxDisk.info(path).content();
        var expected = new byte[8 * MIB];
        System.arraycopy(data, 0, expected, 2 * MIB + 8192, 4096);
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            LazyInitializer initializer = disk.initialize(0, Alarm.wallClock());
            assertThat(initializer.await(Duration.ofSeconds(60))).isTrue();
            assertThat(initializer.progress()).isEqualTo(new LazyInitializer.Progress(7 * MIB, 7 * MIB));
            assertThat(new Blocking(disk).read(0, 8 * MIB)).isEqualTo(expected);
        }
        assertThat(VhdxDisk.info(path).content()).as("disks over it still fit").isEqualTo(content);
        byte[] all = Files.readAllBytes(path);
        assertThat(Arrays.copyOfRange(all, all.length - 8 * MIB, all.length)).as("the places themselves").isEqualTo(expected);
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            assertThat(disk.pendingBytes()).isZero();
            new Blocking(disk).write(0, data);
        }
        assertThat(VhdxDisk.info(path).content()).isNotEqualTo(content);
    }

    @Test
    void aWriteAfterInitializingBringsANewContent() throws Exception {
        Path path = created(4 * MIB, MIB);
        var content = VhdxDisk.info(path).content();
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            assertThat(disk.initialize(0, Alarm.wallClock()).await(Duration.ofSeconds(60))).isTrue();
            new Blocking(disk).write(0, new byte[512]);
        }
        assertThat(VhdxDisk.info(path).content()).isNotEqualTo(content);
    }

    @Test
    @Needs("qemu-img")
    void qemuReadsZerosThereToo() throws Exception {
        Path path = created(8 * MIB, 2 * MIB);
        fillPlaces(path, 8 * MIB);
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var data = new byte[4096];
            Arrays.fill(data, (byte) 7);
            new Blocking(disk).write(2 * MIB + 4096, data);
        }
        assertThat(Program.output("qemu-img", "check", path)).contains("No errors were found");
        assertThat(Program.output(
                        "qemu-io", "-r", "-f", "vhdx", "-c", "read -P 0 0 2052k", "-c", "read -P 7 2052k 4k", "-c", "read -P 0 2056k 6136k", path))
                .doesNotContain("Pattern verification failed");
    }
}
