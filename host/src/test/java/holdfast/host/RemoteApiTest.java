package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.host.HostProblem.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A daemon that listens elsewhere too, and what those may do who come with a token, or without. One daemon for all of it: making its certificate
/// takes the longest.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RemoteApiTest {
    private @Nullable HostHome home;
    private @Nullable Thread daemon;
    private String address = "";
    private String fingerprint = "";
    private String viewer = "";
    private String operator = "";
    private String admin = "";

    private HostHome home() {
        return Objects.requireNonNull(home);
    }

    @BeforeAll
    void begin(@TempDir Path directory) throws Exception {
        home = HostHome.of(Map.of("HOLDFAST_HOME", directory.toString()), null);
        var said = new PipedInputStream();
        var out = new PrintStream(new PipedOutputStream(said), true, StandardCharsets.UTF_8);
        daemon = Thread.ofPlatform().start(() -> {
            try {
                Daemon.run(home(), Listening.at("127.0.0.1:0", null), "test", out);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(new BufferedReader(new InputStreamReader(said, StandardCharsets.UTF_8)).readLine()).isEqualTo(Daemon.READY);
        try (var local = new HostClient(home())) {
            address = String.valueOf(local.host().listening());
            fingerprint = String.valueOf(local.host().fingerprint());
            viewer = local.addToken("looker", "viewer").token();
            operator = local.addToken("worker", "operator").token();
            admin = local.addToken("chief", "admin").token();
        }
    }

    @AfterAll
    void end() throws Exception {
        try (var local = new HostClient(home())) {
            local.stop();
        }
        Objects.requireNonNull(daemon).join();
    }

    private HostClient client(String token) {
        return new HostClient(RemoteHost.at(address, token, fingerprint, null));
    }

    private static void assertProblem(Kind kind, String message, ThrowingCallable call) {
        assertThatThrownBy(call).hasMessageContaining(message)
                .isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    private int status(@Nullable String authorization, String method, String path, String body) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newBuilder().sslContext(Fingerprint.trusted(fingerprint)).build()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path)).method(method, BodyPublishers.ofString(body));
            if (authorization != null) {
                request.header("Authorization", authorization);
            }
            return http.send(request.build(), BodyHandlers.ofString()).statusCode();
        }
    }

    @Test
    void whoHasATokenIsAnswered() throws Exception {
        try (HostClient client = client(viewer)) {
            assertThat(client.host().listening()).isEqualTo(address);
            assertThat(client.list()).isEmpty();
        }
    }

    @Test
    void withoutATokenOrWithAWrongOneNothingIsAnswered() throws Exception {
        for (String path : List.of("/healthz", "/metrics", "/v1/vms", "/v1/openapi.json", "/v1/vms/web/console", "/nothing")) {
            assertThat(status(null, "GET", path, "")).as(path).isEqualTo(401);
            assertThat(status("Bearer hft_wrong", "GET", path, "")).as(path).isEqualTo(401);
            assertThat(status("Bearer ", "GET", path, "")).as(path).isEqualTo(401);
            assertThat(status("Basic " + admin, "GET", path, "")).as(path).isEqualTo(401);
        }
        assertProblem(Kind.UNAUTHORIZED, "does not know this token", () -> {
            try (HostClient client = client("hft_wrong")) {
                client.list();
            }
        });
    }

    private List<Route> routes() throws Exception {
        try (Inventory inventory = Inventory.open(home().directory().resolve("other-inventory"))) {
            return new Api(
                    new Daemon(home(), null, "test"), new Vms(home(), inventory, new Admission(1, 1), new Events()), new Events(),
                    new Tokens(home().tokens()), new Audit(home().audit())).routes();
        }
    }

    private void assertRefused(String token, Role role) throws Exception {
        List<Route> refused = routes().stream().filter(route -> !role.includes(route.role())).toList();
        assertThat(refused).hasSizeGreaterThanOrEqualTo(4);
        for (Route route : refused) {
            boolean socket = route.path().matches(".*/(exec|console)");
            String path = route.path().replaceAll("\\{\\w+}", "web");
            // A WebSocket that is not asked for as one is refused before anybody looks whose token it is.
            assertThat(status("Bearer " + token, route.method(), path, "{}")).as(route.method() + " " + path).isEqualTo(socket ? 400 : 403);
        }
    }

    @Test
    void aViewersTokenChangesNothing() throws Exception {
        assertRefused(viewer, Role.VIEWER);
        try (HostClient client = client(viewer)) {
            assertProblem(Kind.FORBIDDEN, "is not for the role viewer", () -> client.act("web", "start"));
            assertProblem(Kind.FORBIDDEN, "is not for this token's role", () -> client.exec("web", "true"));
            assertProblem(Kind.FORBIDDEN, "is not for this token's role", () -> client.console("web"));
        }
        try (var local = new HostClient(home())) {
            assertThat(local.tokens()).hasSize(3);
        }
    }

    @Test
    void anOperatorsTokenDoesNotReachBeyondTheMachines() throws Exception {
        assertRefused(operator, Role.OPERATOR);
        try (HostClient client = client(operator)) {
            assertProblem(Kind.NOT_FOUND, "web", () -> client.act("web", "start"));
            assertProblem(Kind.NOT_FOUND, "web", () -> client.exec("web", "true"));
            var spec = new VmSpec(null, 1, 0, List.of(new SpecDisk("/etc/shadow", true)), null, null, null, null);
            assertProblem(Kind.FORBIDDEN, "a disk of the host's", () -> client.create("web", spec, true, _ -> {}));
            var open = new SpecPort("tcp", "0.0.0.0", 8080, 80);
            var port = new VmSpec(null, 1, 0, null, null, null, List.of(open), null);
            assertProblem(Kind.FORBIDDEN, "is not for the role operator", () -> client.create("web", port, true, _ -> {}));
            assertThat(status("Bearer " + operator, "POST", "/v1/vms/web/ports", Json.text(open))).isEqualTo(403);
            assertThat(status("Bearer " + operator, "POST", "/v1/vms/web/ports", Json.text(new SpecPort("tcp", null, 8080, 80)))).isEqualTo(404);
            assertThat(status("Bearer " + operator, "POST", "/v1/networks", "{\"name\": \"open\", \"hostLoopback\": true}")).isEqualTo(403);
        }
        try (HostClient client = client(admin)) {
            assertThat(client.tokens()).hasSize(3);
        }
    }

    @Test
    void aTokenThatIsTakenBackIsRefusedFromThenOn() throws Exception {
        try (HostClient chief = client(admin)) {
            String token = chief.addToken("short", "viewer").token();
            try (HostClient client = client(token)) {
                client.list();
                chief.removeToken("short");
                assertProblem(Kind.UNAUTHORIZED, "does not know this token", client::list);
            }
        }
    }

    @Test
    void anotherCertificateIsNotTalkedTo() {
        assertProblem(Kind.UNREACHABLE, "cannot be reached", () -> {
            try (HostClient client = new HostClient(RemoteHost.at(address, admin, "0".repeat(64), null))) {
                client.list();
            }
        });
        assertProblem(Kind.UNREACHABLE, "cannot be reached", () -> {
            try (HostClient client = new HostClient(RemoteHost.at(address, admin, null, null))) {
                client.list();
            }
        });
    }

    @Test
    void whatIsNotTlsIsNotAnswered() throws Exception {
        URI uri = URI.create(address);
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()));
            socket.getOutputStream().write("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1)).doesNotContain("HTTP/1.1");
        }
    }

    @Test
    void whatWasDoneAndWhatWasRefusedIsNoted() throws Exception {
        status("Bearer " + viewer, "POST", "/v1/vms/audited/save", "");
        status("Bearer " + operator, "POST", "/v1/vms/audited/pause", "");
        status(null, "GET", "/v1/vms/audited", "");
        status("Bearer " + viewer, "GET", "/v1/vms/audited/log", "");
        List<String> lines = Files.readAllLines(home().audit()).stream().filter(line -> line.contains("audited")).toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).contains("\"who\":\"looker\"", "\"role\":\"viewer\"", "POST /v1/vms/audited/save", "\"status\":403");
        assertThat(lines.get(1)).contains("\"who\":\"worker\"", "POST /v1/vms/audited/pause", "\"status\":404");
        assertThat(lines.get(2)).contains("\"who\":\"\"", "GET /v1/vms/audited", "\"status\":401");
        assertThat(Files.readString(home().audit())).doesNotContain(viewer).doesNotContain(operator).doesNotContain(admin);
    }

    @Test
    void keyAndTokensAreThisUsersAlone() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home().tls()))).isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home().tokens()))).isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home().audit()))).isEqualTo("rw-------");
    }

    @Test
    void noNameLeadsOutOfItsPlace() throws Exception {
        for (String path : List.of("/v1/vms/..", "/v1/vms/%2e%2e", "/v1/vms/..%2f..%2fetc", "/v1/vms/a%00", "/v1/vms/../../etc/passwd", "/v1/vms//etc")) {
            assertThat(status("Bearer " + admin, "DELETE", path, "")).as(path).isBetween(400, 499);
        }
        try (HostClient client = client(admin)) {
            for (String name : List.of("../web", "a/b", ".", "", "a\nb", "/etc")) {
                assertProblem(Kind.INVALID, "is none that a machine can have", () -> client.create(name, new VmSpec(null, 1, 0, null, null, null, null, null), true, _ -> {}));
                assertProblem(Kind.INVALID, "is none that a machine can have", () -> client.addToken(name, "admin"));
            }
            for (String image : List.of("../../etc", "/etc/passwd", "a/b")) {
                assertThatThrownBy(() -> client.create("web", new VmSpec(image, 1, 0, null, null, null, null, null), true, _ -> {})).isInstanceOf(HostProblem.class);
            }
            assertProblem(Kind.INVALID, "is not an absolute path",
                    () -> client.create("web", new VmSpec(null, 1, 0, List.of(new SpecDisk("../disk", false)), null, null, null, null), true, _ -> {}));
            assertThat(client.list()).isEmpty();
        }
    }

    @Test
    void addressesThatAreNoneAreRefused() {
        for (String text : List.of("8443", "localhost", "a:b", "127.0.0.1:70000", "127.0.0.1:8443/x", "me@host:1", "")) {
            assertProblem(Kind.INVALID, "is no address and port", () -> Listening.at(text, null));
        }
        assertThat(Listening.at("[::]:8443", null)).isEqualTo(new Listening("[::]", 8443, null));
        for (String text : List.of("http://host:1", "host:1", "https://host:1/path", "https:///")) {
            assertProblem(Kind.INVALID, "is no address", () -> RemoteHost.at(text, "t", null, null));
        }
        assertProblem(Kind.UNAUTHORIZED, "takes a token", () -> RemoteHost.at("https://host:1", null, null, null));
        assertProblem(Kind.INVALID, "is no SHA-256", () -> RemoteHost.at("https://h:1", "t", "12", null).context());
    }
}
