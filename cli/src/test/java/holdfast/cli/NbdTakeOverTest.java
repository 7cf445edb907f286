package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.OperatorError;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// One server takes the place of another under its clients.
@Timeout(60)
class NbdTakeOverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String URI = "nbd+unix:///?socket=";

    @TempDir
    Path directory;

    private final List<Process> started = new ArrayList<>();
    private Path socket;

    @BeforeEach
    void makeDisk() throws IOException {
        Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        socket = directory.resolve("socket");
    }

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
    }

    /// A server, once it serves; its socket named as somebody in its directory would.
    private Process serve(String... more) throws IOException {
        var args = new ArrayList<>(List.of("nbd", "serve", "disk.img", "--unix", "socket"));
        args.addAll(Arrays.asList(more));
        Process process = Program.start(Holdfast.builder(args.toArray(String[]::new)).directory(directory.toFile()), Program.LIMIT);
        started.add(process);
        assertThat(process.errorReader().readLine()).contains("serving disk.img");
        return process;
    }

    @Test
    void aClientThatConnectsAgainNoticesNothing() throws Exception {
        Process first = serve();
        try (NbdDevice device = NbdDevice.open(URI + socket, Duration.ofSeconds(30))) {
            var client = new Blocking(device);
            var data = new byte[4096];
            Thread successor = Thread.ofPlatform().start(() -> {
                try {
                    serve("--take-over");
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            for (int i = 0; successor.isAlive() || i < 100; i++) {
                Arrays.fill(data, (byte) i);
                client.write(4096L * (i % 256), data);
                assertThat(client.read(4096L * (i % 256), 4096)).isEqualTo(data);
            }
            assertThat(first.waitFor()).isEqualTo(143);
            client.flush();
        }
        assertThat(started).hasSize(2);
        assertThat(started.getLast().isAlive()).isTrue();
    }

    @Test
    void withNobodyThereItJustServes() throws Exception {
        assertThat(serve("--take-over").isAlive()).isTrue();
    }

    @Test
    void aSocketOfThisVeryProgramIsNotTakenFromIt() throws Exception {
        try (var own = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            own.bind(java.net.UnixDomainSocketAddress.of(socket));
            assertThatThrownBy(() -> TakeOver.from(socket, Duration.ofSeconds(1)))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("cannot be found out");
        }
    }

    @Test
    @Needs("qemu-io")
    void qemuGoesOnWhenItIsToldToWait() throws Exception {
        serve();
        Path said = directory.resolve("said");
        var builder = new ProcessBuilder("qemu-io", "--image-opts",
                        "driver=nbd,server.type=unix,server.path=" + socket + ",reconnect-delay=30")
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        Process qemu = Program.start(builder, Program.LIMIT);
        started.add(qemu);
        Writer in = qemu.outputWriter();
        in.write("write -P 7 0 64k\n");
        in.flush();
        Holdfast.awaitText(said, "wrote 65536/65536", PATIENCE);
        serve("--take-over");
        in.write("read -P 7 0 64k\n");
        in.flush();
        Holdfast.awaitText(said, "read 65536/65536", PATIENCE);
        in.write("write -P 8 64k 32k\n");
        in.flush();
        Holdfast.awaitText(said, "wrote 32768/32768", PATIENCE);
        assertThat(Files.readString(said)).doesNotContain("failed");
    }
}
