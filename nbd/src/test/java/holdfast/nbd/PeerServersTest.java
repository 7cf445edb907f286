package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Our client uses disks that other programs serve.
@Timeout(60)
class PeerServersTest {
    private static final int SIZE = 16 << 20;

    @TempDir
    Path directory;

    private Path image;
    private Path socket;
    private final byte[] noise = new byte[1 << 20];
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void makeDisk() throws IOException {
        image = directory.resolve("disk.img");
        socket = directory.resolve("socket");
        new Random(4).nextBytes(noise);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(1 << 20);
            file.write(noise);
            file.setLength(SIZE);
        }
    }

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
        started.forEach(process -> process.onExit().join());
    }

    private String serve(String... command) throws IOException {
        started.add(Program.start(
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(directory.resolve("said").toFile()), Program.LIMIT));
        String uri = new NbdAddress.Unix(socket).uri();
        Awaitility.await().until(() -> {
            try {
                return NbdDevice.look(uri).sizeBytes() == SIZE;
            } catch (OperatorError notYet) {
                return false;
            }
        });
        return uri;
    }

    private static NbdDevice open(String uri) {
        return NbdDevice.open(uri, Duration.ofSeconds(30));
    }

    private void readsWritesAndZeroes(NbdDevice device) throws IOException {
        var disk = new Blocking(device);
        assertThat(disk.read(1 << 20, 1 << 20)).isEqualTo(noise);
        disk.write(4 << 20, noise);
        disk.write(8 << 20, noise, true);
        disk.writeZeroes(8 << 20, 512 << 10);
        disk.discard(1 << 20, 4096);
        disk.flush();
        assertThat(disk.read(4 << 20, 1 << 20)).isEqualTo(noise);
        assertThat(disk.read(8 << 20, 512 << 10)).containsOnly(0);
        byte[] file = Files.readAllBytes(image);
        assertThat(java.util.Arrays.copyOfRange(file, 4 << 20, 5 << 20)).isEqualTo(noise);
    }

    @Test
    @Needs("qemu-nbd")
    void ofQemuNbd() throws Exception {
        String uri = serve("qemu-nbd", "-t", "-f", "raw", "-e", "4", "--discard=unmap", "-k", socket.toString(), image.toString());
        try (NbdDevice device = open(uri)) {
            assertThat(new Blocking(device).extents(0, SIZE))
                    .containsExactly(
                            new Extent(0, 1 << 20, false, true),
                            new Extent(1 << 20, 1 << 20, true, false),
                            new Extent(2 << 20, 14 << 20, false, true));
            readsWritesAndZeroes(device);
        }
    }

    @Test
    @Needs("nbdkit")
    void ofNbdkit() throws Exception {
        try (NbdDevice device = open(serve("nbdkit", "-f", "-U", socket.toString(), "file", image.toString()))) {
            assertThat(new Blocking(device).extents(0, SIZE)).hasSize(3);
            readsWritesAndZeroes(device);
        }
    }

    /// No structured replies, zeros, trims, extents and forced writes: only simple replies to reads, writes and flushes.
    @Test
    @Needs("nbdkit")
    void ofOneThatCanDoLittle() throws Exception {
        String uri = serve("nbdkit", "-f", "--no-sr", "-U", socket.toString(), "--filter=nozero", "--filter=fua", "--filter=noextents",
                "file", image.toString(), "zeromode=none");
        assertThat(NbdDevice.look(uri).features()).contains("flush").doesNotContain("fua", "write-zeroes", "structured-replies", "block-status");
        try (NbdDevice device = open(uri)) {
            assertThat(new Blocking(device).extents(0, SIZE)).containsExactly(new Extent(0, SIZE, true, false));
            readsWritesAndZeroes(device);
        }
    }

    @Test
    @Needs("qemu-nbd")
    void aServerThatIsKilledIsReplacedUnderway() throws Exception {
        String[] command = {"qemu-nbd", "-t", "-f", "raw", "-e", "4", "-k", socket.toString(), image.toString()};
        try (NbdDevice device = open(serve(command))) {
            var disk = new Blocking(device);
            for (int round = 0; round < 3; round++) {
                started.getLast().destroyForcibly().waitFor();
                Files.deleteIfExists(socket);
                started.add(Program.start(new ProcessBuilder(command).inheritIO(), Program.LIMIT));
                long offset = (long) round << 20;
                disk.write(offset, noise);
                disk.await(Request.Flush::new);
                assertThat(disk.read(offset, noise.length)).isEqualTo(noise);
            }
        }
    }
}
