package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.host.HostProblem.Kind;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A daemon in this process, and its clients; there are no guests.
@Timeout(60)
class ApiTest {
    private final HostHome home;
    private final Thread daemon;
    private final PipedInputStream said = new PipedInputStream();

    ApiTest(@TempDir Path directory) throws Exception {
        home = HostHome.of(Map.of("HOLDFAST_HOME", directory.toString()), null);
        var out = new PrintStream(new PipedOutputStream(said), true, StandardCharsets.UTF_8);
        daemon = Thread.ofPlatform().unstarted(() -> {
            try {
                Daemon.run(home, null, "test", out);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @BeforeEach
    void begin() throws Exception {
        daemon.start();
        assertThat(new String(said.readNBytes(Daemon.READY.length()), StandardCharsets.UTF_8)).isEqualTo(Daemon.READY);
    }

    @AfterEach
    void end() throws Exception {
        if (Files.exists(home.socket())) {
            try (var client = new HostClient(home)) {
                client.stop();
            }
        }
        daemon.join();
    }

    private static void assertProblem(Kind kind, String message, ThrowingCallable call) {
        assertThatThrownBy(call).hasMessageContaining(message)
                .isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    @Test
    void saysWhatItIs() throws Exception {
        try (var client = new HostClient(home)) {
            HostView view = client.host();
            assertThat(view.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(view.version()).isEqualTo("test");
            assertThat(view.machines()).isZero();
            assertThat(client.list()).isEmpty();
        }
    }

    @Test
    void nobodyElseReachesItsSocket() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.socket()))).isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.directory()))).isEqualTo("rwx------");
    }

    @Test
    void whatIsNotThereOrMakesNoSenseIsSaidByItsKind() throws Exception {
        try (var client = new HostClient(home)) {
            assertProblem(Kind.NOT_FOUND, "web: there is no machine of this name", () -> client.get("web"));
            assertProblem(Kind.NOT_FOUND, "..: there is no machine of this name", () -> client.remove("..", true));
            assertProblem(Kind.INVALID, "cpus: 999", () -> client.create("web", new VmSpec(null, 999, 0, null, null, null, null, null), true, _ -> {}));
            assertProblem(Kind.INVALID, "name 'a/b'", () -> client.create("a/b", new VmSpec(null, 1, 0, null, null, null, null, null), true, _ -> {}));
            assertProblem(Kind.FAILED, "image none", () -> client.create("web", new VmSpec("none", 1, 0, null, null, null, null, null), true, _ -> {}));
            var plain = new VmSpec("tiny", 1, 0, null, null, null, null, null);
            assertProblem(Kind.INVALID, "image tiny: has no cloud-init", () -> client.create("web", plain, new CloudSeed(null, null), true, _ -> {}));
            assertProblem(Kind.INVALID, "user data: is not in base64", () -> client.create("web", plain, new CloudSeed("#!", null), true, _ -> {}));
            assertThat(client.list()).isEmpty();
        }
    }

    @Test
    void aSecondDaemonIsRefused() {
        assertProblem(Kind.CONFLICT, "has a daemon already", () -> Daemon.run(home, null, "test", System.out));
        assertThat(home.socket()).exists();
    }

    @Test
    void aDaemonThatIsGoneIsSaidToBe() throws Exception {
        try (var client = new HostClient(home)) {
            client.stop();
            daemon.join();
            assertProblem(Kind.UNREACHABLE, "cannot be reached", client::list);
        }
        assertThat(home.socket()).doesNotExist();
    }

    private String raw(String request) throws Exception {
        try (SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(home.socket()))) {
            socket.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.ISO_8859_1)));
            socket.shutdownOutput();
            return new String(Channels.newInputStream(socket).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String status(String method, String path, String body) throws Exception {
        return raw(method + " " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .lines().findFirst().orElse("");
    }

    @Test
    void anyClientThatSpeaksHttpIsAnswered() throws Exception {
        assertThat(status("GET", "/healthz", "")).contains("200");
        assertThat(status("GET", "/v1/vms", "")).contains("200");
        assertThat(status("GET", "/v2/vms", "")).contains("404");
        assertThat(status("GET", "/", "")).contains("404");
        assertThat(status("PATCH", "/v1/vms", "")).contains("404");
        assertThat(status("POST", "/v1/vms", "[1,")).contains("400");
        assertThat(status("POST", "/v1/vms", "{\"spec\":{\"cpus\":\"many\"}}")).contains("400");
        assertThat(status("GET", "/v1/operations/x?seconds=abc", "")).contains("404");
        assertThat(status("GET", "/v1/vms/../../etc", "")).contains("40");
        assertThat(raw("nonsense\r\n\r\n")).contains("400");
    }

    @Test
    void figuresAreThereForPrometheus() throws Exception {
        status("GET", "/v1/vms/web", "");
        status("BREW", "/v1/tea", "");
        String metrics = raw("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assertThat(metrics)
                .contains("text/plain; version=0.0.4")
                .contains("holdfast_machines{state=\"running\"} 0.0")
                .contains("holdfast_operations_total{result=\"failed\"} 0.0")
                .contains("holdfast_api_requests_total{method=\"GET\",route=\"/v1/vms/{name}\",status=\"404\"} 1.0")
                .contains("holdfast_api_requests_total{method=\"\",route=\"\",status=\"404\"} 1.0")
                .containsPattern("holdfast_daemon_memory_resident_bytes [0-9.]+E[78]")
                .doesNotContain("tea").doesNotContain("BREW");
    }

    @Test
    void aRequestWithoutEndIsRefused() throws Exception {
        String chunk = "10000\r\n" + " ".repeat(1 << 16) + "\r\n";
        assertThat(raw("POST /v1/vms HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk.repeat(200) + "0\r\n\r\n"))
                .contains("400").contains("is longer than");
    }

    @Test
    void whatIsAWebSocketIsNotAnsweredInPlainHttp() throws Exception {
        assertThat(raw("GET /v1/vms/web/console HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).contains("400").contains("is a WebSocket");
    }

    @Test
    void saysWhatTheMachinesTake() throws Exception {
        try (var client = new HostClient(home)) {
            HostUsage usage = client.usage();
            assertThat(usage.machines()).isEmpty();
            assertThat(usage.cpuSeconds()).isPositive();
            assertThat(usage.residentBytes()).isGreaterThan(10 << 20);
        }
    }

    @Test
    void problemsAreToldAsRfc9457HasIt() throws Exception {
        String answer = raw("GET /v1/vms/web HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assertThat(answer).contains("application/problem+json").contains("\"status\":404").contains("\"subject\":\"web\"");
    }
}
