package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import holdfast.testkit.Needs;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Real guests in a network of the daemon's, through the commands that a user types.
@Tag("system")
@Timeout(600)
@Needs({"/usr/lib/x86_64-linux-gnu/libslirp.so.0", "ssh"})
class HostNetworkGuestTest {
    private static final String GREETING = "hello from one\n";

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    private OwnHost host;
    private HttpServer server;

    @BeforeEach
    void begin() throws IOException {
        host = OwnHost.in(home);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] text = "hello from the host".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void end() throws Exception {
        server.stop(0);
        host.close();
    }

    private JsonNode network() {
        return host.json("network", "ls").path(0);
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// What the first machine's server says at a port of the host.
    private static String read(int port) {
        try (var in = URI.create("http://127.0.0.1:" + port + "/").toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException notNow) {
            return String.valueOf(notNow.getMessage());
        }
    }

    private static Optional<InetAddress> addressOthersReach() throws IOException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && address.getAddress().length == 4)
                .findFirst();
    }

    @Test
    void machinesReachEachOtherTheHostAndAreReachedWhateverIsKilled() throws Exception {
        int port = freePort();
        host.start();
        host.ok("network", "create", "lab", "--subnet", "10.99.7.0", "--host-loopback");
        host.ok("launch", "--name", "one", "--network", "lab", "-p", port + ":80", "--no-wait");
        host.ok("launch", "--name", "two", "--network", "lab");
        host.ok("wait", "one");
        host.guest("one", "echo " + GREETING.strip() + " >/index.html; httpd -h / -p 80");
        String online = "until ip route | grep -q default; do sleep 0.1; done; ";
        assertThat(host.guest("two", online + "wget -qO- http://one/; wget -qO- http://10.99.7.2:" + server.getAddress().getPort() + "/"))
                .isEqualTo(GREETING + "hello from the host");
        await().atMost(OwnHost.PATIENCE).until(() -> read(port).equals(GREETING));
        Optional<InetAddress> other = addressOthersReach();
        other.ifPresent(address -> assertThatThrownBy(() -> new Socket(address, port).close()).isInstanceOf(ConnectException.class));
        assertThat(host.info("two").path("address").asString()).isEqualTo("10.99.7.11");

        host.refused(5, "port " + port + " of 127.0.0.1: is in use by one", "port", "add", "two", port + ":80");
        host.refused(5, "port " + port + " of 127.0.0.1: is in use by one", "launch", "--name", "three", "-p", port + ":80");
        host.refused(5, "port " + server.getAddress().getPort() + " of 127.0.0.1: cannot be had", "port", "add", "two", server.getAddress().getPort() + ":80");
        host.refused(4, "network none-such", "launch", "--network", "none-such");
        host.refused(5, "network lab: has 2 machines", "network", "rm", "lab");

        assertThat(host.runs("ssh", "two", "--", "echo", "by ssh", "$HOME")).isEqualTo("by ssh $HOME\n");
        assertThat(home.resolve("host/ssh/known_hosts")).isNotEmptyFile();

        ProcessHandle process = OwnHost.process(network());
        OwnHost.kill(process);
        await().atMost(OwnHost.PATIENCE).until(() -> read(port).equals(GREETING));
        await().atMost(OwnHost.PATIENCE).until(() -> host.guest("two", "wget -T 5 -qO- http://one/ || true").equals(GREETING));
        long second = network().path("pid").asLong();
        assertThat(second).isNotEqualTo(process.pid());

        OwnHost.kill(host.daemon());
        assertThat(read(port)).isEqualTo(GREETING);
        int added = freePort();
        host.runs("port", "add", "one", added + ":80");
        assertThat(network().path("pid").asLong()).isEqualTo(second);
        assertThat(read(added)).isEqualTo(GREETING);
        assertThat(host.ok("port", "ls", "one")).isEqualTo("127.0.0.1:" + port + ":80\n127.0.0.1:" + added + ":80\n");
        host.ok("port", "rm", "one", Integer.toString(port));
        assertThatThrownBy(() -> new Socket("127.0.0.1", port).close()).isInstanceOf(ConnectException.class);
        assertThat(read(added)).isEqualTo(GREETING);

        host.ok("rm", "--force", "one", "two");
        await().atMost(OwnHost.PATIENCE).until(() -> network().path("pid").isNull());
        await().atMost(OwnHost.PATIENCE).until(() -> ProcessHandle.of(second).isEmpty());
        host.ok("network", "rm", "lab");
        assertThat(home.resolve("host/nets/lab")).doesNotExist();
    }
}
