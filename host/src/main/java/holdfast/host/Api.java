package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.host.HostProblem.Kind;
import holdfast.host.Question.Verb;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/// The HTTP API, version 1.
///
/// ```
/// GET    /healthz
/// GET    /v1/host                      POST /v1/host/stop
/// GET    /v1/vms                       POST /v1/vms              → 202, an operation
/// GET    /v1/vms/NAME                  DELETE /v1/vms/NAME?force=true
/// POST   /v1/vms/NAME/start|stop|pause|resume|reboot|save|rename|wait
/// GET    /v1/vms/NAME/log              the end of what the console has shown
/// GET    /v1/operations/ID?seconds=N   waits as long for its end; DELETE cancels it
/// GET    /v1/events                    a line of JSON for each machine, and for each change of one
/// WebSocket /v1/vms/NAME/console, /v1/vms/NAME/exec?command=TEXT: messages are [Frame]s
/// ```
///
/// What goes wrong is told as RFC 9457 has it ([Problem]).
final class Api {
    private static final System.Logger LOG = System.getLogger(Api.class.getName());
    private static final int BODY_BYTES_MAX = 1 << 20;
    private static final int LOG_BYTES_MAX = 1 << 20;
    private static final int SECONDS_MAX = 3600;
    private static final int STOP_SECONDS = 60;
    private static final int OPERATIONS_MAX = 256;

    private final Daemon daemon;
    private final Vms vms;
    private final Events events;
    private final Map<String, Operation> operations = new ConcurrentHashMap<>();

    Api(Daemon daemon, Vms vms, Events events) {
        this.daemon = daemon;
        this.vms = vms;
        this.events = events;
    }

    Handler handler(Server server) {
        var sockets = WebSocketUpgradeHandler.from(server, container -> {
            container.setIdleTimeout(Duration.ZERO);
            container.setMaxBinaryMessageSize(Frame.BYTES_MAX + 1);
            container.addMapping("regex|/v1/vms/[^/]+/(console|exec)", (request, response, callback) -> {
                try {
                    List<String> path = path(Objects.requireNonNull(request.getHttpURI().getPath()));
                    Vm vm = vms.named(path.get(2));
                    Wire wire = path.get(3).equals("console")
                            ? vm.open(Verb.CONSOLE, "")
                            : vm.open(Verb.EXEC, parameter(request, "command"));
                    return new WireSocket(wire);
                } catch (HostProblem | IOException e) {
                    answer(response, callback, e);
                    return null;
                }
            });
        });
        sockets.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                serve(request, response, callback);
                return true;
            }
        });
        return sockets;
    }

    private void serve(Request request, Response response, Callback callback) {
        try {
            List<String> path = path(Objects.requireNonNull(request.getHttpURI().getPath()));
            if (path.equals(List.of("v1", "events")) && request.getMethod().equals("GET")) {
                new EventStream(events, vms.views()).send(response, callback);
                return;
            }
            if (path.equals(List.of("v1", "host", "stop")) && request.getMethod().equals("POST")) {
                answer(response, Callback.from(callback, daemon::stop), 200, daemon.view(vms));
                return;
            }
            answer(response, callback, 200, route(request, path));
        } catch (Accepted e) {
            answer(response, callback, 202, e.operation);
        } catch (Exception e) {
            answer(response, callback, e);
        }
    }

    /// The answer is that it has begun.
    private static final class Accepted extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Operation.View operation;

        Accepted(Operation.View operation) {
            super(null, null, false, false);
            this.operation = operation;
        }
    }

    private static List<String> path(String text) {
        return List.of(text.substring(1).split("/"));
    }

    private Object route(Request request, List<String> path) throws Exception {
        String method = request.getMethod();
        if (path.equals(List.of("healthz"))) {
            return Map.of("status", "ok");
        }
        if (!path.getFirst().equals("v1") || path.size() < 2) {
            throw unknown(request);
        }
        return switch (path.get(1)) {
            case "host" -> host(request, method, path);
            case "vms" -> path.size() == 2 ? all(request, method) : one(request, method, path);
            case "operations" -> operation(request, method, path);
            default -> throw unknown(request);
        };
    }

    private Object host(Request request, String method, List<String> path) {
        if (method.equals("GET") && path.size() == 2) {
            return daemon.view(vms);
        }
        throw unknown(request);
    }

    private Object all(Request request, String method) throws Exception {
        if (method.equals("GET")) {
            return vms.views();
        }
        if (!method.equals("POST")) {
            throw unknown(request);
        }
        Requests.Create create = body(request, Requests.Create.class);
        VmSpec spec = create.spec() == null ? new VmSpec(null, 0, 0, null, null) : create.spec();
        var operation = new Operation();
        remember(operation);
        operation.begin(() -> {
            Vm vm = vms.create(create.name(), spec, operation);
            if (create.start()) {
                operation.phase("starting");
                vms.start(vm);
            }
            return vm.view();
        });
        throw new Accepted(operation.await(Duration.ZERO));
    }

    private synchronized void remember(Operation operation) {
        if (operations.size() >= OPERATIONS_MAX) {
            operations.values().removeIf(Operation::isOver);
        }
        if (operations.size() >= OPERATIONS_MAX) {
            throw new HostProblem(Kind.CONFLICT, "the daemon", "has " + OPERATIONS_MAX + " operations under way", "wait for some of them");
        }
        operations.put(operation.id(), operation);
    }

    private Object operation(Request request, String method, List<String> path) throws InterruptedException {
        @Nullable Operation operation = path.size() == 3 ? operations.get(path.get(2)) : null;
        if (operation == null) {
            throw new HostProblem(Kind.NOT_FOUND, "operation", "there is none of this id", "a daemon that was restarted has forgotten those before");
        }
        if (method.equals("DELETE")) {
            operation.cancel();
        }
        return operation.await(seconds(number(request, "seconds")));
    }

    private Object one(Request request, String method, List<String> path) throws Exception {
        Vm vm = vms.named(path.get(2));
        if (path.size() == 3) {
            return switch (method) {
                case "GET" -> vm.view();
                case "DELETE" -> {
                    vms.remove(vm, parameter(request, "force").equals("true"));
                    yield vm.view();
                }
                default -> throw unknown(request);
            };
        }
        String verb = path.get(3);
        if (method.equals("GET") && verb.equals("log")) {
            return new LogText(new String(Vm.last(vm.home().console(), LOG_BYTES_MAX), StandardCharsets.UTF_8));
        }
        if (!method.equals("POST") || path.size() != 4) {
            throw unknown(request);
        }
        act(request, vm, verb);
        return vm.view();
    }

    /// What the console has shown.
    record LogText(String text) {}

    private void act(Request request, Vm vm, String verb) throws Exception {
        switch (verb) {
            case "start" -> vms.start(vm);
            case "stop" -> stop(vm, body(request, Requests.Stop.class));
            case "pause" -> vm.ask(Verb.PAUSE);
            case "resume" -> vm.ask(Verb.RESUME);
            case "reboot" -> vm.ask(body(request, Requests.Reboot.class).force() ? Verb.RESET : Verb.REBOOT);
            case "save" -> {
                vm.ask(Verb.SAVE);
                vm.stopped(Daemon.STOP_LIMIT);
            }
            case "rename" -> vms.rename(vm, String.valueOf(body(request, Requests.Rename.class).name()));
            case "wait" -> await(vm, body(request, Requests.Wait.class));
            default -> throw unknown(request);
        }
    }

    private static void stop(Vm vm, Requests.Stop stop) throws IOException, InterruptedException {
        if (stop.force()) {
            vm.powerOff(Daemon.STOP_LIMIT);
        } else {
            vm.ask(Verb.SHUTDOWN);
            vm.stopped(seconds(stop.seconds() == 0 ? STOP_SECONDS : stop.seconds()));
        }
    }

    private static void await(Vm vm, Requests.Wait wait) throws InterruptedException {
        boolean ready = !"stopped".equals(wait.what());
        boolean come = vm.await(
                view -> ready ? view.ready() || !isUp(view) : !isUp(view), seconds(wait.seconds() == 0 ? STOP_SECONDS : wait.seconds()));
        if (!come) {
            throw new HostProblem(
                    Kind.TIMEOUT, vm.name(), ready ? "does not take commands yet" : "still runs", "see 'holdfast logs " + vm.name() + "', or wait longer");
        }
        if (ready && !isUp(vm.view())) {
            throw new HostProblem(Kind.CONFLICT, vm.name(), "does not run: " + vm.record().ended(), "start it: holdfast start " + vm.name());
        }
    }

    private static boolean isUp(VmView view) {
        return !view.state().equals("stopped") && !view.state().equals("saved");
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(Math.clamp(seconds, 0, SECONDS_MAX));
    }

    private static String parameter(Request request, String name) {
        Fields.@Nullable Field field = Request.extractQueryParameters(request).get(name);
        return field == null ? "" : String.valueOf(field.getValue());
    }

    private static int number(Request request, String name) {
        String text = parameter(request, name);
        try {
            return text.isEmpty() ? 0 : Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new HostProblem(Kind.INVALID, name + "=" + text, "is no number", "correct it");
        }
    }

    private static <T> T body(Request request, Class<T> type) throws IOException {
        if (request.getLength() > BODY_BYTES_MAX) {
            throw new HostProblem(Kind.INVALID, "the request", "is longer than " + BODY_BYTES_MAX + " bytes", "say less");
        }
        String text = Content.Source.asString(request);
        try {
            return Json.read(text.isBlank() ? "{}" : text, type);
        } catch (IOException e) {
            throw new HostProblem(Kind.INVALID, "the request", "is not what was expected: " + e.getMessage(), "see the API's description");
        }
    }

    private static HostProblem unknown(Request request) {
        return new HostProblem(
                Kind.NOT_FOUND, request.getMethod() + " " + request.getHttpURI().getPath(), "is nothing that this daemon knows",
                "it speaks version 1 of the API; a newer client needs a newer daemon");
    }

    private static void answer(Response response, Callback callback, Exception e) {
        Problem problem = switch (e) {
            case HostProblem known -> Problem.of(known);
            case OperatorError error -> Problem.of(error);
            default -> {
                LOG.log(Level.WARNING, "a request has failed", e);
                yield Problem.of(e);
            }
        };
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/problem+json");
        response.setStatus(problem.status());
        response.write(true, BufferUtil.toBuffer(Json.text(problem), StandardCharsets.UTF_8), callback);
    }

    private static void answer(Response response, Callback callback, int status, Object value) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.setStatus(status);
        response.write(true, BufferUtil.toBuffer(Json.text(value), StandardCharsets.UTF_8), callback);
    }
}
