package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NbdServeTest {
    @TempDir
    Path directory;

    private Path disk;
    private Path socket;

    @BeforeEach
    void makeDisk() throws IOException {
        disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        socket = directory.resolve("it's a socket");
    }

    @Test
    void theCommandIsToldWhereAndItsExitCodeIsOurs() throws Exception {
        Ended ended = Holdfast.run("nbd", "serve", disk.toString(), "--run", "test -S \"$unixsocket\" && echo \"$uri\"; exit 7");
        assertThat(ended.out()).matches("nbd\\+unix:///\\?socket=/.*/socket\\R");
        assertThat(ended.exitCode()).isEqualTo(7);
        Path temporary = Path.of(ended.out().strip().replaceFirst(".*socket=", ""));
        assertThat(temporary.getParent()).doesNotExist();
    }

    @Test
    void aPortIsServedToTheCommandToo() throws Exception {
        Ended ended = Holdfast.run("nbd", "serve", disk.toString(), "--port", "0", "--run", "echo \"$uri<$unixsocket>\"");
        assertThat(ended.out()).matches("nbd://127\\.0\\.0\\.1:[1-9]\\d*<>\\R");
        assertThat(ended.exitCode()).isZero();
    }

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
    }

    private Process start(String... args) throws IOException {
        Process process = Program.start(Holdfast.builder(args), Program.LIMIT);
        started.add(process);
        return process;
    }

    private Process serving() throws IOException {
        Process process = start("nbd", "serve", disk.toString(), "--unix", socket.toString());
        Awaitility.await().until(() -> Files.exists(socket) || !process.isAlive());
        assertThat(process.errorReader().readLine()).contains("serving disk.img at nbd+unix:///?socket=");
        return process;
    }

    @Test
    void infoSaysWhatIsServed() throws Exception {
        serving();
        String uri = "nbd+unix:///disk.img?socket=" + socket.toString().replace(" ", "%20");
        Invocation text = Invocation.of("nbd", "info", uri);
        assertThat(text.err()).isEmpty();
        assertThat(text.out()).contains("disk.img", "1.00 MiB (1048576 bytes)", "read and write", "fast-zero", "block-status");
        Invocation json = Invocation.of("nbd", "info", "-o", "json", uri);
        assertThat(json.out().replaceAll("\\s", "")).contains("\"sizeBytes\":1048576,\"readOnly\":false", "\"features\":[\"structured-replies\"");
        Invocation none = Invocation.of("nbd", "info", uri.replace("disk.img", "x"));
        assertThat(none.err()).contains("there is no such export");
        assertThat(none.exitCode()).isEqualTo(1);
    }

    @Test
    void tlsIsSaidToBeMissingWhereItIs() throws Exception {
        serving();
        String socketInUri = socket.toString().replace(" ", "%20");
        Path empty = Files.createDirectory(directory.resolve("no certificates"));
        Invocation plain = Invocation.of("nbd", "info", "nbd+unix:///?socket=" + socketInUri, "--tls", empty.toString());
        assertThat(plain.err()).contains("without TLS", "nbds");
        Invocation none = Invocation.of("nbd", "info", "nbds+unix:///?socket=" + socketInUri, "--tls", empty.toString());
        assertThat(none.err()).contains("ca-cert.pem", "is not there");
        Invocation refused = Invocation.of("nbd", "info", "nbds+unix:///?socket=" + socketInUri);
        assertThat(refused.err()).contains("the server offers no TLS");
        assertThat(refused.exitCode()).isEqualTo(1);
    }

    @Test
    void aSignalEndsItAndTheSocketIsGone() throws Exception {
        Process process = serving();
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(143);
        assertThat(socket).doesNotExist();
    }

    @Test
    void whatAKilledServerLeftBehindIsInNobodysWay() throws Exception {
        serving().destroyForcibly().waitFor();
        assertThat(socket).exists();
        Process again = serving();
        again.destroy();
        again.waitFor();
        assertThat(socket).doesNotExist();
    }

    @Test
    void aSignalEndsTheCommandToo() throws Exception {
        Path id = directory.resolve("id");
        Process process = start("nbd", "serve", disk.toString(), "--run", "echo $$ >" + id + "; exec sleep 1000");
        Awaitility.await().until(() -> Files.exists(id) && !Files.readString(id).isBlank());
        long pid = Long.parseLong(Files.readString(id).strip());
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(143);
        Awaitility.await().until(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    }

    @Test
    @Needs("nbdinfo")
    void readersAreServedSideBySide() throws Exception {
        String name = disk.toString();
        Process first = start("nbd", "serve", name, "--read-only", "--unix", socket.toString());
        Awaitility.await().until(() -> Files.exists(socket));
        Ended second = Holdfast.run("nbd", "serve", name, "--read-only", "--run", "nbdinfo \"$uri\"");
        assertThat(second.out()).contains("is_read_only: true");
        Ended writer = Holdfast.run("nbd", "serve", name, "--run", "true");
        assertThat(writer.err()).contains("is in use by process " + first.pid() + " (holdfast)");
        assertThat(writer.exitCode()).isEqualTo(1);
    }
}
