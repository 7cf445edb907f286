package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What QEMU's programs have written we read as they do.
@Needs({"qemu-img", "qemu-io"})
class QemuTest {
    @TempDir
    Path directory;

    private Path create(String subformat, String block, String size) throws Exception {
        Path path = directory.resolve("disk.vhdx");
        Program.output("qemu-img", "create", "-q", "-f", "vhdx", "-o", "subformat=" + subformat + ",block_size=" + block, path, size);
        return path;
    }

    private void isWhatQemuImgReads(Path path) throws Exception {
        Path raw = directory.resolve("disk.raw");
        Program.output("qemu-img", "convert", "-f", "vhdx", "-O", "raw", path, raw);
        try (VhdxDisk disk = VhdxDisk.open(path, null);
                var expected = RawFile.open(raw, Access.READ_ONLY)) {
            assertThat(disk.geometry().sizeBytes()).isEqualTo(expected.geometry().sizeBytes());
            compare(new Blocking(disk), new Blocking(expected), disk.geometry().sizeBytes());
        }
    }

    private static void compare(Blocking disk, Blocking expected, long size) throws DiskException {
        int step = 8 << 20;
        for (long at = 0; at < size; at += step) {
            int length = (int) Math.min(step, size - at);
            assertThat(disk.read(at, length)).as("at %d", at).isEqualTo(expected.read(at, length));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "dynamic, 1M, 40M", "dynamic, 2M, 100001K", "dynamic, 32M, 100M", "dynamic, 256M, 300M", "fixed, 1M, 20M", "fixed, 8M, 33M",
    })
    void whatQemuIoWroteAtRandom(String subformat, String block, String size) throws Exception {
        Path path = create(subformat, block, size);
        long sectors = VhdxDisk.info(path).size().bytes() / 512;
        var random = new Random(size.hashCode());
        var command = new ArrayList<Object>(List.of("qemu-io", "-f", "vhdx"));
        for (int i = 0; i < 40; i++) {
            long count = 1 + random.nextInt(random.nextBoolean() ? 8 : 3000);
            long at = random.nextLong(sectors - count);
            command.add("-c");
            command.add("write -q -P " + (1 + random.nextInt(255)) + " " + at * 512 + " " + count * 512);
        }
        command.add(path);
        Program.output(command.toArray());
        isWhatQemuImgReads(path);
        VhdxInfo info = VhdxDisk.info(path);
        assertThat(info.kind()).isEqualTo(subformat.equals("fixed") ? VhdxInfo.Kind.FIXED : VhdxInfo.Kind.DYNAMIC);
        assertThat(info.dirty()).isFalse();
        assertThat(info.creator()).startsWith("QEMU");
    }

    /// A disk of more than one chunk: entries of bitmaps lie among those of blocks.
    @Test
    void aDiskOfManyChunks() throws Exception {
        Path path = create("dynamic", "256M", "20G");
        Program.output("qemu-io", "-f", "vhdx",
                "-c", "write -q -P 1 0 64k",
                "-c", "write -q -P 2 4095M 2M",
                "-c", "write -q -P 3 8191M 2M",
                "-c", "write -q -P 4 20479M 1M", path);
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            var blocking = new Blocking(disk);
            long mib = 1 << 20;
            assertThat(blocking.read(0, 65536)).containsOnly(1);
            assertThat(blocking.read(4094 * mib, 1 << 20)).containsOnly(0);
            assertThat(blocking.read(4095 * mib, 2 << 20)).containsOnly(2);
            assertThat(blocking.read(8191 * mib, 2 << 20)).containsOnly(3);
            assertThat(blocking.read(20479 * mib, 1 << 20)).containsOnly(4);
            assertThat(blocking.read(12288 * mib, 1 << 20)).containsOnly(0);
        }
    }

    /// An allocation that is only in the log, and data in a block that it moves: QEMU replays it in the file, we in memory.
    @Test
    void aLogIsReplayedAsQemuReplaysIt() throws Exception {
        Path path = create("dynamic", "1M", "40M");
        byte[] page = new byte[LogEntry.SECTOR_BYTES];
        try (var store = RawFile.open(Files.copy(path, directory.resolve("logged.vhdx")), Access.READ_WRITE)) {
            store.grow(24 << 20);
            Sample sample = Sample.on(Sample.dynamic(40 << 20, 1 << 20), store);
            sample.block(3, new byte[] {3}).block(5, new byte[] {5});
            var log = new UUID(7, 8);
            Checksum.bytes(page).putLong(7 * Long.BYTES, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - (1 << 20)));
            Checksum.bytes(page).putLong(9 * Long.BYTES, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - (2 << 20)));
            var data = new byte[LogEntry.SECTOR_BYTES];
            new Random(1).nextBytes(data);
            sample.log(log, 8192, List.of(
                    new LogEntry(log, 0, 8192, 1, 24 << 20, 24 << 20, List.of(new LogEntry.Write.Data(Sample.BAT_OFFSET, page))),
                    new LogEntry(log, 0, 8192, 2, 24 << 20, 24 << 20, List.of(
                            new LogEntry.Write.Data(sample.end() - (1 << 20) + 8192, data),
                            new LogEntry.Write.Zeros(sample.end() - (2 << 20), 4096)))));
            new Blocking(store).flush();
        }
        Path logged = directory.resolve("logged.vhdx");
        byte[] before = Files.readAllBytes(logged);
        Path repaired = Files.copy(logged, directory.resolve("repaired.vhdx"));
        Program.output("qemu-img", "check", "-q", "-r", "all", repaired);
        isWhatQemuImgReads(repaired);
        try (VhdxDisk disk = VhdxDisk.open(logged, null);
                VhdxDisk expected = VhdxDisk.open(repaired, null)) {
            assertThat(disk.layers().getFirst().dirty()).isTrue();
            assertThat(expected.layers().getFirst().dirty()).isFalse();
            assertThat(new Blocking(disk).read(7 << 20, 512)[0]).isEqualTo((byte) 5);
            compare(new Blocking(disk), new Blocking(expected), 40 << 20);
        }
        assertThat(Files.readAllBytes(logged)).isEqualTo(before);
    }
}
