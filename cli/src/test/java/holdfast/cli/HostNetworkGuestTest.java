package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import holdfast.cli.Holdfast.Ended;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Real guests in a network of the daemon's, through the commands that a user types.
@Tag("system")
@Timeout(600)
@Needs({"/usr/lib/x86_64-linux-gnu/libslirp.so.0", "ssh"})
class HostNetworkGuestTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String GREETING = "hello from one\n";

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    private HttpServer server;

    @BeforeEach
    void begin() throws IOException {
        Path images = Files.createDirectories(Holdfast.home().resolve("images"));
        Files.createSymbolicLink(home.resolve("images"), images);
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
        runs("list"); // there is a daemon, whatever the test has done to it
        for (JsonNode vm : JSON.readTree(ok("list", "-o", "json"))) {
            ok("rm", "--force", vm.path("name").asString());
        }
        ok("host", "stop");
    }

    private String runs(String... words) throws IOException, InterruptedException {
        ProcessBuilder builder = Holdfast.builder(words);
        builder.environment().put("HOLDFAST_HOME", home.toString());
        builder.environment().remove("HOLDFAST_SOCKET");
        Ended ended = Holdfast.ended(Holdfast.start(builder));
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    /// In this process, which takes a tenth of the time: the daemon is there.
    private Invocation asked(String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--socket", home.resolve("host/host.sock").toString()));
        return Invocation.of(all.toArray(String[]::new));
    }

    private String ok(String... words) {
        Invocation ended = asked(words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    private void refused(int exitCode, String message, String... words) {
        Invocation ended = asked(words);
        assertThat(ended.err()).contains(message).doesNotContain("\tat ");
        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(exitCode);
    }

    private JsonNode network() {
        return JSON.readTree(ok("network", "ls", "-o", "json")).path(0);
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

    private static void kill(ProcessHandle process) {
        process.destroyForcibly();
        await().atMost(PATIENCE).until(() -> !process.isAlive());
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
        runs("network", "create", "lab", "--subnet", "10.99.7.0", "--host-loopback");
        ok("launch", "--name", "one", "--network", "lab", "-p", port + ":80", "--no-wait");
        ok("launch", "--name", "two", "--network", "lab");
        ok("wait", "one");
        runs("exec", "one", "echo " + GREETING.strip() + " >/index.html; httpd -h / -p 80");
        String online = "until ip route | grep -q default; do sleep 0.1; done; ";
        assertThat(runs("exec", "two", online + "wget -qO- http://one/; wget -qO- http://10.99.7.2:" + server.getAddress().getPort() + "/"))
                .isEqualTo(GREETING + "hello from the host");
        await().atMost(PATIENCE).until(() -> read(port).equals(GREETING));
        Optional<InetAddress> other = addressOthersReach();
        other.ifPresent(address -> assertThatThrownBy(() -> new Socket(address, port).close()).isInstanceOf(ConnectException.class));
        assertThat(JSON.readTree(ok("info", "-o", "json", "two")).path("address").asString()).isEqualTo("10.99.7.11");

        refused(5, "port " + port + " of 127.0.0.1: is in use by one", "port", "add", "two", port + ":80");
        refused(5, "port " + port + " of 127.0.0.1: is in use by one", "launch", "--name", "three", "-p", port + ":80");
        refused(5, "port " + server.getAddress().getPort() + " of 127.0.0.1: cannot be had", "port", "add", "two", server.getAddress().getPort() + ":80");
        refused(4, "network none-such", "launch", "--network", "none-such");
        refused(5, "network lab: has 2 machines", "network", "rm", "lab");

        assertThat(runs("ssh", "two", "--", "echo", "by ssh", "$HOME")).isEqualTo("by ssh $HOME\n");
        assertThat(home.resolve("host/ssh/known_hosts")).isNotEmptyFile();

        ProcessHandle process = ProcessHandle.of(network().path("pid").asLong()).orElseThrow();
        kill(process);
        await().atMost(PATIENCE).until(() -> read(port).equals(GREETING));
        await().atMost(PATIENCE).until(() -> runs("exec", "two", "wget -T 5 -qO- http://one/ || true").equals(GREETING));
        long second = network().path("pid").asLong();
        assertThat(second).isNotEqualTo(process.pid());

        kill(ProcessHandle.of(JSON.readTree(ok("host", "status", "-o", "json")).path("pid").asLong()).orElseThrow());
        assertThat(read(port)).isEqualTo(GREETING);
        int added = freePort();
        runs("port", "add", "one", added + ":80");
        assertThat(network().path("pid").asLong()).isEqualTo(second);
        assertThat(read(added)).isEqualTo(GREETING);
        assertThat(ok("port", "ls", "one")).isEqualTo("127.0.0.1:" + port + ":80\n127.0.0.1:" + added + ":80\n");
        ok("port", "rm", "one", Integer.toString(port));
        assertThatThrownBy(() -> new Socket("127.0.0.1", port).close()).isInstanceOf(ConnectException.class);
        assertThat(read(added)).isEqualTo(GREETING);

        ok("rm", "--force", "one", "two");
        await().atMost(PATIENCE).until(() -> network().path("pid").isNull());
        await().atMost(PATIENCE).until(() -> ProcessHandle.of(second).isEmpty());
        ok("network", "rm", "lab");
        assertThat(home.resolve("host/nets/lab")).doesNotExist();
    }
}
