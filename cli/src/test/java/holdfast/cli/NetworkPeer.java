package holdfast.cli;

import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/// A program at the other end of `--net socket:PATH` that gives the guest an address, and the host's loopback at the gateway's.
final class NetworkPeer implements AutoCloseable {
    private final Path directory;
    private final List<String> command;
    private final String gateway;
    private Process process;

    private NetworkPeer(Path directory, List<String> command, String gateway) throws IOException {
        this.directory = directory;
        this.command = command;
        this.gateway = gateway;
        this.process = begin();
    }

    /// @param more options of passt
    static NetworkPeer passt(String... more) throws IOException {
        Path directory = openDirectory();
        var command = new ArrayList<>(List.of(Peer.path("passt").toString(), "--foreground", "--quiet", "--socket", directory.resolve("s").toString()));
        command.addAll(List.of("--address", "10.7.0.2", "--netmask", "24", "--gateway", "10.7.0.1", "--mtu", "1500"));
        command.addAll(List.of(more));
        return new NetworkPeer(directory, command, "10.7.0.1");
    }

    /// QEMU's user network, behind a hub.
    static NetworkPeer qemu() throws IOException {
        Path directory = openDirectory();
        var command = List.of(
                Peer.path("qemu-system-riscv64").toString(),
                "-machine", "none", "-nographic", "-monitor", "none", "-nodefaults",
                "-netdev", "user,id=u",
                "-netdev", "stream,id=s,server=on,addr.type=unix,addr.path=" + directory.resolve("s"),
                "-netdev", "hubport,id=h1,hubid=0,netdev=u",
                "-netdev", "hubport,id=h2,hubid=0,netdev=s");
        return new NetworkPeer(directory, command, "10.0.2.2");
    }

    /// passt gives up being root.
    private static Path openDirectory() throws IOException {
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "net");
        return Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    private Process begin() throws IOException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        Process started = Program.start(builder, Duration.ofHours(1));
        Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> Files.exists(socket()) || !started.isAlive());
        return started;
    }

    Path socket() {
        return directory.resolve("s");
    }

    String option() {
        return "socket:" + socket();
    }

    /// The host's loopback, as the guest sees it.
    String gateway() {
        return gateway;
    }

    void stop() throws IOException {
        process.destroy();
        Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> !process.isAlive());
        Files.deleteIfExists(socket());
    }

    void startAgain() throws IOException {
        process = begin();
    }

    @Override
    public void close() throws IOException {
        stop();
        Files.delete(directory);
    }
}
