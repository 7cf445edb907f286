package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.host.HostProblem.Kind;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/// The HTTP API, version 1: finds who asks, and which of its [Route]s is asked for. `openapi.json` describes them all.
///
/// What goes wrong is told as RFC 9457 has it ([Problem]).
final class Api {
    private static final System.Logger LOG = System.getLogger(Api.class.getName());

    /// Those that become a WebSocket, whose messages are [Frame]s.
    static final String SOCKETS = "/v1/vms/[^/]+/(console|exec)";

    private static final String BEARER = "Bearer ";

    private final List<Route> routes;
    private final Metrics metrics;
    private final Tokens tokens;
    private final Audit audit;

    Api(Daemon daemon, Vms vms, Events events, Tokens tokens, Audit audit) {
        this.tokens = tokens;
        this.audit = audit;
        var operations = new Operations(audit);
        metrics = new Metrics(vms, operations);
        var all = new ArrayList<>(new HostRoutes(daemon, vms, events, metrics, tokens).routes());
        all.addAll(new VmRoutes(vms, operations).routes());
        all.addAll(new NetRoutes(vms).routes());
        routes = List.copyOf(all);
    }

    List<Route> routes() {
        return routes;
    }

    Handler handler(Server server) {
        var sockets = WebSocketUpgradeHandler.from(server, container -> {
            container.setIdleTimeout(Duration.ZERO);
            container.setMaxBinaryMessageSize(Frame.BYTES_MAX + 1);
            container.addMapping("regex|" + SOCKETS, (request, response, callback) -> {
                var answer = new Answering(request, response, callback);
                try {
                    Reply reply = reply(request, answer);
                    answer.noted(101, "");
                    return new WireSocket(((Reply.Joined) reply).wire());
                } catch (Exception e) {
                    answer.send(e);
                    return null;
                }
            });
        });
        sockets.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                serve(new Answering(request, response, callback));
                return true;
            }
        });
        return sockets;
    }

    private void serve(Answering answer) {
        try {
            if (answer.path().matches(SOCKETS)) {
                answer.caller = caller(answer.request);
                throw new HostProblem(Kind.INVALID, answer.path(), "is a WebSocket", "ask for it as one");
            }
            answer.send(reply(answer.request, answer));
        } catch (Exception e) {
            answer.send(e);
        }
    }

    private Reply reply(Request request, Answering answer) throws Exception {
        answer.caller = caller(request);
        List<String> words = Route.words(answer.path());
        for (Route route : routes) {
            Optional<List<String>> values = route.method().equals(request.getMethod()) ? route.values(words) : Optional.empty();
            if (values.isPresent()) {
                answer.route = route;
                answer.caller.require(route.role(), request.getMethod() + " " + answer.path());
                return route.action().answer(new Call(request, route, values.get(), answer.caller));
            }
        }
        throw Call.unknown(request);
    }

    private Caller caller(Request request) {
        if (request.getConnectionMetaData().getConnector() instanceof UnixDomainServerConnector) {
            return Caller.SOCKET;
        }
        @Nullable String shown = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        Optional<Caller> known = shown == null || !shown.startsWith(BEARER) ? Optional.empty() : tokens.find(shown.substring(BEARER.length()));
        return known.orElseThrow(() -> new HostProblem(
                Kind.UNAUTHORIZED, "the daemon", shown == null ? "takes a token" : "does not know this token", "see 'holdfast token add' there"));
    }

    /// A request that is to be answered.
    private final class Answering {
        private final Request request;
        private final Response response;
        private final Callback callback;
        private Caller caller = Caller.NOBODY;
        private @Nullable Route route;

        Answering(Request request, Response response, Callback callback) {
            this.request = request;
            this.response = response;
            this.callback = callback;
        }

        String path() {
            return Objects.requireNonNull(request.getHttpURI().getPath());
        }

        void send(Reply reply) throws InterruptedException {
            switch (reply) {
                case Reply.Json json -> write(json.status(), "application/json", Json.text(json.value()), "", Callback.from(callback, json.then()));
                case Reply.Text text -> write(200, text.type(), text.text(), "", callback);
                case Reply.Stream stream -> {
                    noted(200, "");
                    stream.sender().send(response, callback);
                }
                case Reply.Joined joined -> throw new IllegalStateException(path() + " is no WebSocket: " + joined);
            }
        }

        void send(Exception e) {
            if (!(e instanceof HostProblem) && !(e instanceof OperatorError)) {
                LOG.log(Level.WARNING, "a request has failed", e);
            }
            Problem problem = Problem.of(e);
            write(problem.status(), "application/problem+json", Json.text(problem), problem.detail(), callback);
        }

        /// Before the answer is sent, so that who has it finds it noted.
        private void noted(int status, String problem) {
            // What there is no route for may have any method: it is not to make another label.
            metrics.answered(route == null ? "" : request.getMethod(), route == null ? "" : route.path(), status);
            boolean refused = status == Kind.UNAUTHORIZED.status || status == Kind.FORBIDDEN.status;
            if (refused || route != null && route.role() != Role.VIEWER) {
                audit.note(caller, request.getMethod() + " " + path(), status, problem);
            }
        }

        private void write(int status, String type, String text, String problem, Callback sent) {
            noted(status, problem);
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
            response.setStatus(status);
            if (status == Kind.UNAUTHORIZED.status) {
                response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
            }
            response.write(true, BufferUtil.toBuffer(text, StandardCharsets.UTF_8), sent);
        }
    }
}
