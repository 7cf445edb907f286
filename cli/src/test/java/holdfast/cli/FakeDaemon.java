package holdfast.cli;

import holdfast.host.HostUsage;
import holdfast.host.HostView;
import holdfast.host.NetView;
import holdfast.host.NewToken;
import holdfast.host.Operation;
import holdfast.host.Problem;
import holdfast.host.SpecPort;
import holdfast.host.TokenView;
import holdfast.host.VmEdit;
import holdfast.host.VmMemory;
import holdfast.host.VmSpec;
import holdfast.host.VmUsage;
import holdfast.host.VmView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// What a command asks of a daemon, written down. There is one machine, `one`; nothing that is asked comes about, and who asks is answered as if it
/// had. It takes no WebSockets.
final class FakeDaemon implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path socket;
    private final Server server = new Server();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile VmSpec spec = new VmSpec("tiny", 1, 256 << 20, null, "", "default", List.of(new SpecPort(null, null, 8080, 80)), null);
    private volatile @Nullable Problem refusal;

    FakeDaemon(Path socket) throws Exception {
        this.socket = socket;
        var connector = new UnixDomainServerConnector(server);
        connector.setUnixDomainPath(socket);
        server.addConnector(connector);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                answer(request, response, callback);
                return true;
            }
        });
        server.start();
    }

    Path socket() {
        return socket;
    }

    /// Everything since the last time: method, path with what stands behind `?`, and body.
    List<String> asked() {
        var all = List.copyOf(asked);
        asked.clear();
        return all;
    }

    /// What the machine is from now on.
    void is(VmSpec other) {
        spec = other;
    }

    /// What changes of the machine are answered with from now on.
    void refuses(int status, String subject, String problem) {
        refusal = new Problem("", status, problem, subject, problem, "do something else");
    }

    private VmView one() {
        return new VmView("1a", "one", 3, "running", true, spec, 1L, "2026", "2026", "", "/vms/1a", "10.77.0.2", null, 7, List.of(), false, false);
    }

    private void answer(Request request, Response response, Callback callback) throws Exception {
        String body = Content.Source.asString(request);
        String path = String.valueOf(request.getHttpURI().getPathQuery());
        asked.add(request.getMethod() + " " + path + (body.isEmpty() ? "" : " " + body));
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        if (path.matches("/v1/vms/[^/]+/(exec|console).*")) {
            response.setStatus(409);
        }
        Problem refused = refusal;
        if (refused != null && !request.getMethod().equals("GET")) {
            response.setStatus(refused.status());
            Content.Sink.write(response, true, JSON.writeValueAsString(refused), callback);
            return;
        }
        Content.Sink.write(response, true, JSON.writeValueAsString(answer(request.getMethod(), path.replaceFirst("\\?.*", ""))) + "\n", callback);
    }

    private Object answer(String method, String path) {
        return switch (method + " " + path) {
            case "GET /v1/host" -> new HostView(1, "1", "/", "/s", null, null, "2026", 1, 1, 1 << 30, 0);
            case "GET /v1/usage" -> new HostUsage(1, 1, 1, List.of(new VmUsage("1a", "one", "running", 1, 1, 1, 1, 1)));
            case "GET /v1/vms" -> List.of(one());
            case "POST /v1/vms" -> new Operation.View("1", "done", "", 1, 1, one(), null);
            case "GET /v1/tokens" -> List.of(new TokenView("ci", "viewer", "2026"));
            case "POST /v1/tokens" -> new NewToken("ci", "viewer", "hft_1");
            case "GET /v1/networks" -> List.of(net());
            case "POST /v1/networks", "DELETE /v1/networks/lab" -> net();
            case "DELETE /v1/tokens/ci" -> new TokenView("ci", "viewer", "2026");
            default -> path.endsWith("/memory") ? new VmMemory(1, 1, 1, 1, 1)
                    : path.endsWith("/spec") ? new VmEdit(one(), List.of("restart"), new ArrayList<>(List.of("cpus")))
                    : path.endsWith("/log") ? Map.of("text", "shown\n") : one();
        };
    }

    private static NetView net() {
        return new NetView("lab", "10.77.0.0/24", false, 1L, true, 1);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
