package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Needs;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A guest that hangs fails the test that waits for it, in time and with what was seen of it.
@Timeout(60)
class PatienceTest {
    @TempDir
    Path directory;

    @Test
    void aGuestThatDoesNotAnswerIsEnded() throws Exception {
        try (var guest = new GuestShell(directory.resolve("errors"), Duration.ofMillis(500))) {
            assertThatThrownBy(() -> guest.run("echo alive"))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("took longer than 0.5 s: echo alive")
                    .hasMessageContaining("the guest's console: ");
        }
    }

    @Test
    @Needs("ssh")
    void aLoginThatHangsIsEnded() throws Exception {
        try (var mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> greet(mute));
            var ssh = new SshLogin(directory, mute.getLocalPort(), Duration.ofSeconds(12));
            assertThatThrownBy(() -> ssh.awaits(() -> "nothing", "true", "", 0))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("has not ended within 2.0 s")
                    .hasMessageContaining("debug1: Remote protocol version 2.0, remote software version mute");
        }
    }

    /// Says what a server says first, and no more, to whoever comes.
    private static void greet(ServerSocket server) {
        try {
            while (true) {
                Socket client = server.accept();
                client.getOutputStream().write("SSH-2.0-mute\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        } catch (java.io.IOException closed) {
            Thread.currentThread().interrupt();
        }
    }
}
