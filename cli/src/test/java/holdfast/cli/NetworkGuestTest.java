package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import holdfast.testkit.Needs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A guest's network, through the program: `holdfast run --net`.
@Tag("system")
@Timeout(300)
class NetworkGuestTest {
    private static final int BYTES = 4 << 20;

    @TempDir
    Path directory;

    private final byte[] served = new byte[BYTES];
    private HttpServer server;

    /// A server on the host's loopback: gives [#served], and answers with the hash of what it is given.
    @BeforeEach
    void serves() throws IOException {
        new Random(7).nextBytes(served);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> answer(exchange, exchange.getRequestMethod().equals("POST")
                ? sha256(exchange.getRequestBody().readAllBytes()).getBytes(StandardCharsets.US_ASCII)
                : served));
        server.start();
    }

    @AfterEach
    void stops() {
        server.stop(0);
    }

    private static void answer(HttpExchange exchange, byte[] body) throws IOException {
        try (exchange) {
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private String address(NetworkPeer peer) {
        return "http://" + peer.gateway() + ":" + server.getAddress().getPort() + "/";
    }

    private GuestShell boot(String net) throws IOException {
        return new GuestShell(directory.resolve("errors"), "--net", net);
    }

    private void downloads(GuestShell guest, NetworkPeer peer) throws IOException {
        assertThat(guest.run("wget -q -O - " + address(peer) + " | sha256sum")).startsWith(sha256(served));
    }

    private void exchangesFiles(GuestShell guest, NetworkPeer peer) throws IOException {
        guest.awaitAddress();
        downloads(guest, peer);
        // busybox ends what it posts at a zero.
        String sum = guest.run("head -c " + BYTES + " /dev/urandom | base64 >/tmp/up; sha256sum </tmp/up");
        assertThat(sum).startsWith(guest.run("wget -q -O - --post-file /tmp/up " + address(peer)));
    }

    @Test
    @Needs("qemu-system-riscv64")
    void qemusUserNetworkGivesAnAddressAndFilesGoBothWays() throws IOException {
        try (NetworkPeer peer = NetworkPeer.qemu();
                GuestShell guest = boot(peer.option())) {
            exchangesFiles(guest, peer);
        }
    }

    @Test
    @Needs("passt")
    void passtGivesAnAddressAndFilesGoBothWaysAndItMayGoAwayAndComeBack() throws IOException {
        try (NetworkPeer peer = NetworkPeer.passt();
                GuestShell guest = boot(peer.option())) {
            exchangesFiles(guest, peer);
            peer.stop();
            assertThat(guest.attempt("wget -q -T 2 -O - " + address(peer)).exitCode()).isNotZero();
            peer.startAgain();
            guest.run("until wget -q -T 2 -O /dev/null " + address(peer) + "; do sleep 0.2; done");
            downloads(guest, peer);
        }
    }

    @Test
    void twoRunsAreEachOthersNetwork() throws IOException {
        Path socket = directory.resolve("s");
        try (GuestShell one = new GuestShell(directory.resolve("errors1"), "--net", "listen:" + socket)) {
            giveAddress(one, "10.9.0.1");
            try (GuestShell two = new GuestShell(directory.resolve("errors2"), "--net", "socket:" + socket)) {
                giveAddress(two, "10.9.0.2");
                assertThat(two.run("cat /sys/class/net/eth0/address")).isNotEqualTo(one.run("cat /sys/class/net/eth0/address"));
                two.run("ping -c 1 -w 20 10.9.0.1");
                one.run("head -c " + BYTES + " /dev/urandom >/tmp/file; httpd -h /tmp");
                assertThat(two.run("wget -q -O - http://10.9.0.1/file | sha256sum")).isEqualTo(one.run("sha256sum </tmp/file"));
            }
            assertThat(one.run("echo alive")).isEqualTo("alive");
        }
        assertThat(socket).doesNotExist();
    }

    /// The guest first asks for one in vain, and begins with that by taking away what there is and switching the card on.
    private static void giveAddress(GuestShell guest, String address) throws IOException {
        guest.run("until ip link show eth0 | grep -q ,UP; do sleep 0.1; done; ip addr add " + address + "/24 dev eth0");
    }

    @Test
    @Needs({"passt", "ssh"})
    void tinyIsReachedBySshThroughAPort() throws Exception {
        isReachedBySsh("tiny", "true", Duration.ofSeconds(60));
    }

    @Test
    @Tag("long")
    @Timeout(3600)
    @Needs({"passt", "ssh"})
    void debianIsReachedBySshThroughAPort() throws Exception {
        isReachedBySsh("debian", "systemctl is-system-running --wait", Duration.ofMinutes(10));
    }

    /// @param awaitBooted a command that ends when the guest has booted
    private void isReachedBySsh(String image, String awaitBooted, Duration patience) throws Exception {
        int port = freePort();
        var ssh = new SshLogin(Files.createDirectory(directory.resolve("ssh")), port, patience);
        try (NetworkPeer peer = NetworkPeer.passt("--tcp-ports", "127.0.0.1/" + port + ":22");
                GuestShell guest = new GuestShell(directory.resolve("errors"), patience.multipliedBy(4), image, "--net", peer.option())) {
            guest.run("mkdir -p -m 700 .ssh; echo '" + ssh.publicKey() + "' >.ssh/authorized_keys");
            guest.run(awaitBooted);
            guest.awaitAddress();
            ssh.awaits(guest::seen, "uname -m; echo $HOME; exit 3", "riscv64\n/root\n", 3);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
