package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.Extent;
import holdfast.block.MemoryDevice;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Extended headers with those who have them: Debian 13's libnbd and QEMU.
@Timeout(120)
class ExtendedPeersTest {
    private static final long TEBIBYTE = 1L << 40;

    @TempDir
    Path directory;

    private final byte[] noise = new byte[1 << 20];

    private Served serve(MemoryDevice disk) throws Exception {
        new Random(6).nextBytes(noise);
        new Blocking(disk).write(8L << 30, noise);
        return Served.of(List.of(new Export("disk", "", disk)));
    }

    @Test
    @Needs("nbdinfo-13")
    void nbdinfoTakesATebibyteForTwoHolesAndSomeData() throws Exception {
        try (MemoryDevice disk = new MemoryDevice(new ByteSize(TEBIBYTE)); Served served = serve(disk)) {
            String uri = served.address().uri();
            assertThat(Program.output("nbdinfo-13", uri)).contains("using extended packets", "base:allocation", "1T");
            Program.output("nbdinfo-13", "--can", "block-status-payload", uri);
            long end = (8L << 30) + noise.length;
            assertThat(Program.output("nbdinfo-13", "--map", uri).lines().map(line -> line.strip().replaceAll(" +", " ")))
                    .containsExactly(
                            "0 8589934592 3 hole,zero", "8589934592 1048576 0 data", end + " " + (TEBIBYTE - end) + " 3 hole,zero");
        }
    }

    @Test
    @Needs("nbdcopy-13")
    void nbdcopyCopiesOutAndIn() throws Exception {
        try (MemoryDevice disk = new MemoryDevice(ByteSize.ofMebibytes(8320)); Served served = serve(disk)) {
            Path copy = directory.resolve("copy.img");
            Program.output("nbdcopy-13", served.address().uri(), copy);
            try (var file = new RandomAccessFile(copy.toFile(), "r")) {
                var read = new byte[noise.length];
                file.seek(8L << 30);
                file.readFully(read);
                assertThat(read).isEqualTo(noise);
                assertThat(file.length()).isEqualTo(8320L << 20);
            }
            try (MemoryDevice other = new MemoryDevice(ByteSize.ofMebibytes(8320)); Served to = Served.of(other)) {
                Program.output("nbdcopy-13", "--flush", copy, to.address().uri());
                assertThat(new Blocking(other).read(8L << 30, noise.length)).isEqualTo(noise);
            }
        }
    }

    @Test
    @Needs("qemu-nbd-13")
    void ourClientUsesThemWithQemu() throws Exception {
        Path image = directory.resolve("disk.img");
        Path socket = directory.resolve("socket");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(TEBIBYTE);
        }
        // Written when it listens; its socket is there before.
        Path ready = directory.resolve("pid");
        Process qemu = Program.start("qemu-nbd-13", "-t", "-f", "raw", "--discard=unmap", "--pid-file=" + ready, "-k", socket, image);
        try {
            Awaitility.await().until(() -> Files.exists(ready) || !qemu.isAlive());
            String uri = new NbdAddress.Unix(socket).uri();
            assertThat(NbdDevice.look(uri).features()).contains("extended-headers");
            new Random(6).nextBytes(noise);
            try (NbdDevice device = NbdDevice.open(uri, Duration.ofSeconds(30))) {
                var disk = new Blocking(device);
                disk.write(TEBIBYTE - noise.length, noise, true);
                assertThat(disk.read(TEBIBYTE - noise.length, noise.length)).isEqualTo(noise);
                assertThat(disk.extents(0, TEBIBYTE)).containsExactly(
                        new Extent(0, TEBIBYTE - noise.length, false, true),
                        new Extent(TEBIBYTE - noise.length, noise.length, true, false));
                disk.writeZeroes(0, TEBIBYTE);
                disk.flush();
                assertThat(disk.read(TEBIBYTE - noise.length, noise.length)).containsOnly(0);
            }
        } finally {
            qemu.destroyForcibly().onExit().join();
        }
    }
}
