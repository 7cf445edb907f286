package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Other programs use a raw disk that we serve, and find and leave what they should.
@Timeout(120)
class PeersTest {
    private static final int SIZE = 16 << 20;

    @TempDir
    Path directory;

    private Path image;
    private RawFile disk;
    private NbdServer server;
    private String uri;

    /// 3 MiB of noise at 1 MiB, in a sparse file.
    @BeforeEach
    void serve() throws IOException {
        image = directory.resolve("disk.img");
        var noise = new byte[3 << 20];
        new Random(4).nextBytes(noise);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(1 << 20);
            file.write(noise);
            file.setLength(SIZE);
        }
        disk = RawFile.open(image, Access.READ_WRITE);
        server = NbdServer.open(
                new NbdAddress.Unix(directory.resolve("socket")), java.util.List.of(new Export("disk.img", "noise", disk)));
        uri = server.address().uri();
    }

    @AfterEach
    void end() {
        server.close();
        disk.close();
    }

    private static String output(String... command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        // Debian's nbdsh wants Debian's Python.
        builder.environment().merge("PATH", "/usr/bin:/bin", (path, debian) -> debian + ":" + path);
        return Program.output(builder, Program.LIMIT);
    }

    @Test
    @Needs("nbdinfo")
    void nbdinfoShowsWhatTheExportCan() throws Exception {
        assertThat(output("nbdinfo", "--list", uri))
                .contains("using structured packets", "export=\"disk.img\"", "description: noise", "16M", "base:allocation")
                .contains("can_cache: true", "can_df: true", "can_fast_zero: true", "can_flush: true", "can_fua: true")
                .contains("can_multi_conn: true", "can_trim: true", "can_zero: true", "is_read_only: false")
                .contains("block_size_minimum: 512", "block_size_preferred: 4096", "block_size_maximum: 33554432");
        assertThat(output("nbdinfo", "--map", uri).lines().map(line -> line.strip().replaceAll(" +", " ")))
                .containsExactly("0 1048576 3 hole,zero", "1048576 3145728 0 data", "4194304 12582912 3 hole,zero");
    }

    @Test
    @Needs("nbdcopy")
    void nbdcopyCopiesOutAndIn() throws Exception {
        Path copy = directory.resolve("copy.img");
        output("nbdcopy", "--connections=4", uri, copy.toString());
        assertThat(Files.mismatch(copy, image)).isEqualTo(-1);
        var other = new byte[SIZE];
        new Random(5).nextBytes(other);
        Files.write(copy, other);
        output("nbdcopy", "--connections=4", "--flush", copy.toString(), uri);
        assertThat(new Blocking(disk).read(0, SIZE)).isEqualTo(other);
    }

    @Test
    @Needs({"qemu-img", "qemu-io"})
    void qemuReadsWritesTrimsZeroesAndMaps() throws Exception {
        output("qemu-io", "-f", "raw", uri, "-c", "write -P 5 0 1M", "-c", "write -f -P 6 3M 1M", "-c", "write -z -u 8M 1M",
                "-c", "write -z 9M 1M", "-c", "discard 1M 1M", "-c", "flush", "-c", "read -P 5 0 1M", "-c", "read -P 6 3M 1M",
                "-c", "read -P 0 8M 2M", "-c", "read -P 0 1M 1M");
        assertThat(output("qemu-img", "map", "--output=json", uri).lines().map(line -> line.replaceAll(", \"(offset|compressed)\".*", "")))
                .containsExactlyElementsOf(output("qemu-img", "map", "-U", "--output=json", image.toString()).lines()
                        .map(line -> line.replaceAll(", \"(offset|compressed)\".*", ""))
                        .toList());
        Path copy = directory.resolve("copy.qcow2");
        output("qemu-img", "convert", "-O", "qcow2", uri, copy.toString());
        output("qemu-img", "compare", copy.toString(), uri);
    }

    @Test
    @Needs("nbdsh")
    void nbdshSeesErrorsAndFastZeroes() throws Exception {
        String script = """
                import errno
                buf = h.pread(3 << 20, 1 << 20)
                h.pwrite(buf, 8 << 20, nbd.CMD_FLAG_FUA)
                assert h.pread(3 << 20, 8 << 20) == buf
                h.zero(1 << 20, 8 << 20, nbd.CMD_FLAG_FAST_ZERO)
                assert h.pread(1 << 20, 8 << 20) == bytearray(1 << 20)
                h.cache(4 << 20, 0)
                h.trim(1 << 20, 9 << 20, nbd.CMD_FLAG_FUA)
                h.flush()
                h.set_strict_mode(0)
                def fails(what, number):
                    try:
                        what()
                        assert False
                    except nbd.Error as e:
                        assert e.errnum == number, e
                fails(lambda: h.pread(512, 16 << 20), errno.EINVAL)
                fails(lambda: h.pwrite(bytes(512), 16 << 20), errno.ENOSPC)
                fails(lambda: h.pread(100, 1), errno.EINVAL)
                fails(lambda: h.pread(2 << 20, 0, nbd.CMD_FLAG_DF), errno.EOVERFLOW)
                fails(lambda: h.trim(512, 16 << 20), errno.EINVAL)
                assert len(h.pread(512, 0)) == 512
                """;
        output("nbdsh", "-u", uri, "-c", script);
    }

    @Test
    @Needs("fio")
    void fioVerifiesWhatItWrites() throws Exception {
        String said = output("fio", "--name=verify", "--ioengine=nbd", "--uri=" + uri, "--rw=randrw", "--size=8M", "--iodepth=32",
                "--bsrange=512-64k", "--verify=crc32c", "--verify_backlog=64", "--verify_state_save=0", "--randseed=7");
        assertThat(said).contains("err= 0");
    }

    @Test
    @Needs({"nbdkit", "nbdcopy"})
    void nbdkitPassesUsOn() throws Exception {
        Path copy = directory.resolve("copy.img");
        output("nbdkit", "-U", "-", "nbd", "uri=" + uri, "--run", "nbdcopy \"$uri\" " + copy);
        assertThat(Files.mismatch(copy, image)).isEqualTo(-1);
    }
}
