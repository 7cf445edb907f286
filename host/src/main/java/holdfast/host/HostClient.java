package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.image.LockFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.eclipse.jetty.client.CompletableResponseListener;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Origin;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.StringRequestContent;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.io.Transport;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.jspecify.annotations.Nullable;

/// What a program can do with a daemon, over its API. Not for several threads at once.
///
/// Every method throws [HostProblem] with what the daemon says, or that there is none.
public final class HostClient implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(HostClient.class.getName());

    /// Longer than the daemon takes for anything at all, since it ends what takes longer by itself.
    private static final Duration PATIENCE = Duration.ofSeconds(3700);

    /// How long a daemon that another has started may take until it listens.
    private static final Duration BEGIN_LIMIT = Duration.ofSeconds(60);

    /// How long one that has been told to end may take for it.
    private static final Duration END_LIMIT = Duration.ofSeconds(60);

    private static final int LOOK_MILLIS = 50;
    private static final int POLL_SECONDS = 1;
    private static final int ANSWER_BYTES_MAX = 64 << 20;

    private final boolean here;
    private final String where;
    private final String nextStep;
    private final String base;
    private final String token;
    private final HttpClient http;

    /// Whatever is asked for, a WebSocket too, is asked for at this socket.
    private static final class OverSocket extends HttpClientTransportOverHTTP {
        private final Transport socket;

        OverSocket(ClientConnector connector, Path path) {
            super(connector);
            socket = new Transport.TCPUnix(path);
        }

        @Override
        public Origin newOrigin(Request request) {
            return super.newOrigin(request.transport(socket));
        }
    }

    /// Of a daemon of this host that listens.
    public HostClient(HostHome home) {
        this(true, home.socket().toString(), "start it: holdfast host start", "http://localhost", "", new OverSocket(connector(noTls()), home.socket()));
    }

    /// Of a daemon that listens elsewhere.
    public HostClient(RemoteHost remote) {
        this(
                false, remote.toString(), "see that it runs there, with --listen", remote.toString(), remote.token(),
                new HttpClientTransportOverHTTP(connector(tls(remote))));
    }

    private static ClientConnector connector(SslContextFactory.Client tls) {
        var connector = new ClientConnector();
        connector.setSelectors(1);
        connector.setSslContextFactory(tls);
        return connector;
    }

    private static SslContextFactory.Client tls(RemoteHost remote) {
        var tls = new SslContextFactory.Client();
        tls.setSslContext(remote.context());
        return tls;
    }

    /// A socket of this host takes none; Jetty's own would read every certificate that Java knows, which takes longer than most of what is asked for.
    private static SslContextFactory.Client noTls() {
        return new SslContextFactory.Client() {
            @Override
            protected void doStart() {}
        };
    }

    private HostClient(boolean here, String where, String nextStep, String base, String token, HttpClientTransportOverHTTP transport) {
        this.here = here;
        this.where = where;
        this.nextStep = nextStep;
        this.base = base;
        this.token = token;
        http = new HttpClient(transport);
        http.setIdleTimeout(0);
        try {
            http.start();
        } catch (Exception e) {
            throw unreachable(e);
        }
    }

    /// Of a daemon that is started if there is none.
    public static HostClient ofHost(HostHome home) throws InterruptedException {
        home.check();
        var client = new HostClient(home);
        if (!Files.exists(home.socket()) || !client.isThere()) {
            begin(home);
        }
        return client;
    }

    /// Starts a daemon that goes on by itself, and returns when it listens.
    public static void begin(HostHome home) throws InterruptedException {
        home.check();
        try {
            home.own();
            Process process = Programs.start(
                    home.directory(), home.log(), home.environment(), "host", "start", "--socket", home.socket().toString());
            try (var said = process.inputReader(StandardCharsets.UTF_8)) {
                if (!Daemon.READY.equals(said.readLine()) && process.waitFor() != 0 && !isBegunByAnother(home)) {
                    throw new HostProblem(Kind.UNREACHABLE, "the daemon", "could not be started", "see " + home.log());
                }
            }
        } catch (IOException e) {
            throw new HostProblem(Kind.UNREACHABLE, "the daemon", "could not be started: " + e.getMessage(), "see " + home.log());
        }
    }

    /// Two commands may find that there is no daemon, and both start one: one of the two comes to be it.
    private static boolean isBegunByAnother(HostHome home) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + BEGIN_LIMIT.toNanos();
        var pause = new CountDownLatch(1);
        try (var client = new HostClient(home)) {
            while (home.isTaken() && System.nanoTime() < deadline) {
                if (Files.exists(home.socket()) && client.isThere()) {
                    return true;
                }
                boolean _ = pause.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
        return false;
    }

    /// Whether a daemon answers.
    public boolean isThere() throws InterruptedException {
        try {
            host();
            return true;
        } catch (HostProblem e) {
            if (e.kind() == Kind.UNREACHABLE) {
                return false;
            }
            throw e;
        }
    }

    public HostView host() throws InterruptedException {
        return ask("GET", "/v1/host", null, HostView.class);
    }

    /// Ends the daemon; machines go on. One of this host's has ended then, unless it takes longer than [#END_LIMIT]: whoever removes its directory
    /// finds nobody there.
    ///
    /// @throws HostProblem also when it has not ended by then
    public HostView stop() throws InterruptedException {
        HostView last = ask("POST", "/v1/host/stop", null, HostView.class);
        if (here && !hasEnded(last)) {
            throw new HostProblem(
                    Kind.UNREACHABLE, "the daemon (process " + last.pid() + ")", "has been told to end, and has not within " + END_LIMIT.toSeconds() + " s",
                    "end it with 'kill " + last.pid() + "', and with 'kill -9 " + last.pid() + "' if that does nothing: machines go on");
        }
        return last;
    }

    private static boolean hasEnded(HostView last) throws InterruptedException {
        Path lock = HostHome.lockIn(Path.of(last.home()));
        long deadline = System.nanoTime() + END_LIMIT.toNanos();
        var pause = new CountDownLatch(1);
        try {
            // A process that has ended holds no lock, also where nobody has asked yet what became of it.
            while (LockFile.holder(lock).filter(holder -> holder.pid() == last.pid()).isPresent()) {
                if (System.nanoTime() > deadline) {
                    return false;
                }
                boolean _ = pause.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (IOException gone) {
            LOG.log(System.Logger.Level.DEBUG, lock + " says no more: " + gone.getMessage());
        }
        return true;
    }

    public List<VmView> list() throws InterruptedException {
        return List.of(ask("GET", "/v1/vms", null, VmView[].class));
    }

    /// What the machines take of the host.
    public HostUsage usage() throws InterruptedException {
        return ask("GET", "/v1/usage", null, HostUsage.class);
    }

    public List<TokenView> tokens() throws InterruptedException {
        return List.of(ask("GET", "/v1/tokens", null, TokenView[].class));
    }

    /// Makes a token, which the daemon does not tell again.
    public NewToken addToken(String name, String role) throws InterruptedException {
        return ask("POST", "/v1/tokens", new Requests.Token(name, role), NewToken.class);
    }

    public TokenView removeToken(String name) throws InterruptedException {
        return ask("DELETE", "/v1/tokens/" + URLEncoder.encode(name, StandardCharsets.UTF_8), null, TokenView.class);
    }

    public VmView get(String name) throws InterruptedException {
        return ask("GET", vm(name, ""), null, VmView.class);
    }

    /// What of the host's memory its process has.
    public VmMemory memory(String name) throws InterruptedException {
        return ask("GET", vm(name, "/memory"), null, VmMemory.class);
    }

    /// Makes a machine, and starts it if so wanted.
    ///
    /// @param progress is told now and then how it goes
    public VmView create(@Nullable String name, VmSpec spec, boolean start, Consumer<Operation.View> progress) throws InterruptedException {
        return create(name, spec, null, start, progress);
    }

    /// The same of a machine whose image has cloud-init.
    ///
    /// @param cloud what that is told
    public VmView create(@Nullable String name, VmSpec spec, @Nullable CloudSeed cloud, boolean start, Consumer<Operation.View> progress)
            throws InterruptedException {
        Operation.View now = ask("POST", "/v1/vms", new Requests.Create(name, spec, cloud, start), Operation.View.class);
        String path = "/v1/operations/" + now.id();
        try {
            while (true) {
                if (now.problem() != null) {
                    throw now.problem().asException();
                }
                if (now.result() != null) {
                    return now.result();
                }
                progress.accept(now);
                now = ask("GET", path + "?seconds=" + POLL_SECONDS, null, Operation.View.class);
            }
        } catch (InterruptedException e) {
            ask("DELETE", path, null, Operation.View.class);
            throw e;
        }
    }

    /// One of start, pause, resume, save.
    public VmView act(String name, String verb) throws InterruptedException {
        return ask("POST", vm(name, "/" + verb), null, VmView.class);
    }

    /// Asks the guest to stop, or cuts its power.
    ///
    /// @param seconds how long it may take; 0: a minute
    public VmView stop(String name, boolean force, int seconds) throws InterruptedException {
        return ask("POST", vm(name, "/stop"), new Requests.Stop(force, seconds), VmView.class);
    }

    /// Asks the guest to start again, or resets it.
    public VmView reboot(String name, boolean force) throws InterruptedException {
        return ask("POST", vm(name, "/reboot"), new Requests.Reboot(force), VmView.class);
    }

    public List<NetView> networks() throws InterruptedException {
        return List.of(ask("GET", "/v1/networks", null, NetView[].class));
    }

    /// Makes a network.
    ///
    /// @param subnet its first address; null: one is found
    /// @param hostLoopback whether the gateway's address is to lead to the host's loopback
    public NetView createNetwork(String name, @Nullable String subnet, boolean hostLoopback) throws InterruptedException {
        return ask("POST", "/v1/networks", new Requests.CreateNetwork(name, subnet, hostLoopback), NetView.class);
    }

    public NetView removeNetwork(String name) throws InterruptedException {
        return ask("DELETE", "/v1/networks/" + URLEncoder.encode(name, StandardCharsets.UTF_8), null, NetView.class);
    }

    public VmView addPort(String name, SpecPort port) throws InterruptedException {
        return ask("POST", vm(name, "/ports"), port, VmView.class);
    }

    public VmView removePort(String name, SpecPort port) throws InterruptedException {
        String query = "?port=" + port.host() + "&bind=" + port.bind() + "&protocol=" + port.protocol();
        return ask("DELETE", vm(name, "/ports" + query), null, VmView.class);
    }

    /// Takes memory from its guest or gives it back, up to what it was made with, for as long as it runs.
    public VmView resizeMemory(String name, long bytes) throws InterruptedException {
        return ask("POST", vm(name, "/resize"), new Requests.Resize(bytes, 0, 0), VmView.class);
    }

    /// Makes one of its disks larger while it runs.
    ///
    /// @param disk 0 is `vda`
    public VmView resizeDisk(String name, int disk, long bytes) throws InterruptedException {
        return ask("POST", vm(name, "/resize"), new Requests.Resize(0, disk, bytes), VmView.class);
    }

    /// Changes what it is, at once or from its next start on.
    ///
    /// @param newName null: it keeps its name
    /// @param generation of the spec that this is a change of ([VmView#specGeneration]); null: whichever it is by now
    public VmEdit edit(String name, @Nullable String newName, VmSpec spec, @Nullable Long generation) throws InterruptedException {
        return ask("PUT", vm(name, "/spec"), new Requests.Edit(newName, spec, generation), VmEdit.class);
    }

    public VmView rename(String name, String newName) throws InterruptedException {
        return ask("POST", vm(name, "/rename"), new Requests.Rename(newName), VmView.class);
    }

    /// Waits until it is `ready` or `stopped`.
    public VmView await(String name, String what, int seconds) throws InterruptedException {
        return ask("POST", vm(name, "/wait"), new Requests.Wait(what, seconds), VmView.class);
    }

    public VmView remove(String name, boolean force) throws InterruptedException {
        return ask("DELETE", vm(name, "?force=" + force), null, VmView.class);
    }

    /// The end of what its console has shown.
    public String log(String name) throws InterruptedException {
        return ask("GET", vm(name, "/log"), null, VmRoutes.LogText.class).text();
    }

    /// Shows how each machine is, and then whenever that changes, until the daemon ends or the one who is shown it has enough.
    ///
    /// @param shown gets the line of JSON, and what it says; answers whether to go on
    public void events(BiPredicate<String, VmView> shown) {
        var answer = new InputStreamResponseListener();
        request("/v1/events").send(answer);
        try (var lines = new BufferedReader(new InputStreamReader(answer.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isEmpty() && !shown.test(line, Json.read(line, VmView.class))) {
                    return;
                }
            }
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /// Joins its console.
    public GuestStream console(String name) throws InterruptedException {
        return open(vm(name, "/console"));
    }

    /// Runs a command in it.
    ///
    /// @param command for the guest's `sh -c`
    public GuestStream exec(String name, String command) throws InterruptedException {
        return open(vm(name, "/exec") + "?command=" + URLEncoder.encode(command, StandardCharsets.UTF_8));
    }

    private static String vm(String name, String rest) {
        return "/v1/vms/" + URLEncoder.encode(name, StandardCharsets.UTF_8) + rest;
    }

    private GuestStream open(String path) throws InterruptedException {
        var stream = new GuestStream();
        try {
            var sockets = new WebSocketClient(http);
            sockets.setMaxBinaryMessageSize(Frame.BYTES_MAX + 1);
            sockets.setIdleTimeout(Duration.ZERO);
            sockets.start();
            var upgrade = new ClientUpgradeRequest();
            if (!token.isEmpty()) {
                upgrade.setHeader("Authorization", "Bearer " + token);
            }
            sockets.connect(stream, URI.create(base.replaceFirst("http", "ws") + path), upgrade).get();
            return stream;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UpgradeException refused && refused.getResponseStatusCode() == Kind.FORBIDDEN.status) {
                throw new HostProblem(Kind.FORBIDDEN, path, "is not for this token's role", "it takes one of the role operator");
            }
            // Why it was refused is in the body of an answer that this client does not see: the same is asked in plain HTTP.
            refused(path);
            throw unreachable(e);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            throw unreachable(e);
        }
    }

    private void refused(String path) throws InterruptedException {
        String name = path.split("/")[3];
        VmView view = ask("GET", "/v1/vms/" + name, null, VmView.class);
        if (view.pid() == null) {
            throw new HostProblem(Kind.CONFLICT, view.name(), "does not run", "start it: holdfast start " + view.name());
        }
    }

    private Request request(String path) {
        Request request = http.newRequest(base + path);
        return token.isEmpty() ? request : request.headers(headers -> headers.put("Authorization", "Bearer " + token));
    }

    private <T> T ask(String method, String path, @Nullable Object body, Class<T> type) throws InterruptedException {
        try {
            Request request = request(path).method(method).headers(headers -> headers.put("Accept", "application/json"));
            if (body != null) {
                request.body(new StringRequestContent("application/json", Json.text(body)));
            }
            var listener = new CompletableResponseListener(request, ANSWER_BYTES_MAX);
            ContentResponse response = listener.send().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (response.getStatus() / 100 != 2) {
                throw Json.read(response.getContentAsString(), Problem.class).asException();
            }
            return Json.read(response.getContentAsString(), type);
        } catch (IOException e) {
            throw new HostProblem(Kind.FAILED, where, "is answered by something else: " + e.getMessage(), "name another one");
        } catch (ExecutionException | TimeoutException e) {
            throw unreachable(e);
        }
    }

    private HostProblem unreachable(Exception e) {
        @Nullable Throwable cause = e.getCause();
        String why = cause == null || cause.getMessage() == null ? String.valueOf(e.getMessage()) : cause.getMessage();
        return new HostProblem(
                Kind.UNREACHABLE, "the daemon at " + where, "cannot be reached (" + why + ")", nextStep);
    }

    @Override
    public void close() {
        try {
            http.stop();
        } catch (Exception e) {
            throw unreachable(e);
        }
    }
}
