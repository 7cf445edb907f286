package holdfast.cli;

import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/// Logging in to a guest by ssh with a key of our own, until it works.
///
/// An attempt that is refused may be repeated until the patience is at an end: the guest's server is still on its way up. One
/// that hangs is ended after a sixth of the patience, and of those there may be one.
final class SshLogin {
    private static final int HANGS_MAX = 2;

    private final Path directory;
    private final int port;
    private final Duration patience;
    private int hangs;

    /// @param directory empty: for the key, and for what ssh says
    /// @param port of the host's loopback
    SshLogin(Path directory, int port, Duration patience) throws IOException, InterruptedException {
        this.directory = directory;
        this.port = port;
        this.patience = patience;
        Program.output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key());
        Files.setPosixFilePermissions(key(), PosixFilePermissions.fromString("rw-------"));
    }

    private Path key() {
        return directory.resolve("key");
    }

    /// What the guest has to know us by.
    String publicKey() throws IOException {
        return Files.readString(directory.resolve("key.pub")).strip();
    }

    /// Repeats a command until it prints this and ends with this exit code.
    ///
    /// @param seen what a failure is to show of the guest
    void awaits(Callable<String> seen, String command, String output, int exitCode) throws Exception {
        var expected = new Program(exitCode, output);
        try {
            Awaitility.await().atMost(patience).pollInterval(1, TimeUnit.SECONDS).until(() -> expected.equals(attempt(command)));
        } catch (ConditionTimeoutException | Program.Overdue e) {
            throw new AssertionError(e.getMessage() + "\nwhat ssh said last: " + Files.readString(said()) + seen.call(), e);
        }
    }

    private Path said() {
        return directory.resolve("ssh");
    }

    private Program attempt(String command) throws IOException, InterruptedException {
        Duration limit = patience.dividedBy(6);
        var ssh = new ProcessBuilder(
                        Peer.path("ssh").toString(), "-v", "-F", "none", "-i", key().toString(), "-p", Integer.toString(port),
                        "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                        "-o", "ConnectTimeout=" + limit.toSeconds(), "root@127.0.0.1", command)
                .redirectError(said().toFile());
        try {
            return Program.run(ssh, limit);
        } catch (Program.Overdue overdue) {
            hangs++;
            if (hangs >= HANGS_MAX) {
                throw overdue;
            }
            return new Program(-1, String.valueOf(overdue.getMessage()));
        }
    }
}
