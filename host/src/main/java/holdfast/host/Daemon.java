package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.host.HostProblem.Kind;
import holdfast.image.LockFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/// The daemon: the machines of a host behind an HTTP API. It holds none of them hostage: they go on when it ends, however it does, and the next
/// one takes them over.
public final class Daemon {
    /// What it says when it can be asked.
    static final String READY = "ready";

    /// How long a machine's process may take to go once its power is cut.
    static final Duration STOP_LIMIT = Duration.ofSeconds(60);

    private static final System.Logger LOG = System.getLogger(Daemon.class.getName());

    private final HostHome home;
    private final @Nullable Listening listening;
    private @Nullable String address;
    private @Nullable String fingerprint;
    private final String version;
    private final String started = Instant.now().toString();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);

    Daemon(HostHome home, @Nullable Listening listening, String version) {
        this.home = home;
        this.listening = listening;
        this.version = version;
    }

    /// Runs until it is told to stop, by its API or by a signal.
    ///
    /// @param listening where else than on its socket; null: nowhere
    /// @param out told, in a line, when it can be asked; and then, if it listens elsewhere, where and by what certificate it is known
    /// @throws OperatorError when it cannot begin
    public static void run(HostHome home, @Nullable Listening listening, String version, PrintStream out) throws InterruptedException {
        home.check();
        var daemon = new Daemon(home, listening, version);
        try {
            daemon.run(out);
        } catch (IOException e) {
            throw new OperatorError(home.directory().toString(), "cannot be used: " + e.getMessage(), "point HOLDFAST_HOME to a place that can");
        } finally {
            daemon.stopped.countDown();
        }
    }

    private void run(PrintStream out) throws IOException, InterruptedException {
        home.own();
        Optional<LockFile> lock = LockFile.attempt(home.lock(), false);
        if (lock.isEmpty()) {
            throw new HostProblem(Kind.CONFLICT, home.directory().toString(), "has a daemon already", "see 'holdfast host status'");
        }
        try (LockFile _ = lock.get();
                Inventory inventory = Inventory.open(home.inventory())) {
            var events = new Events();
            var vms = new Vms(home, inventory, Admission.ofHost(), events);
            try (Closeable _ = watchRuns(vms)) {
                serve(new Api(this, vms, events, new Tokens(home.tokens()), new Audit(home.audit())), out);
            }
        }
    }

    private static Closeable watchRuns(Vms vms) {
        try {
            return vms.watchRuns();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "machines of 'holdfast run' are found only when somebody asks: " + e.getMessage());
            return () -> {};
        }
    }

    private void serve(Api api, PrintStream out) throws IOException, InterruptedException {
        Files.deleteIfExists(home.socket());
        var threads = new QueuedThreadPool();
        threads.setName("http");
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        var server = new Server(threads);
        var configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        var connector = new UnixDomainServerConnector(server, new HttpConnectionFactory(configuration));
        connector.setUnixDomainPath(home.socket());
        // Who waits for a machine, or looks at a console on which nothing happens, says nothing for as long as that takes.
        connector.setIdleTimeout(0);
        server.addConnector(connector);
        @Nullable ServerConnector elsewhere = listening == null ? null : listening.connector(server, configuration, home.tls());
        if (listening != null && elsewhere != null) {
            fingerprint = listening.fingerprint(home.tls());
            server.addConnector(elsewhere);
        }
        server.setHandler(api.handler(server));
        Runtime.getRuntime().addShutdownHook(new Thread(this::signalled, "stop"));
        try {
            server.start();
            Files.setPosixFilePermissions(home.socket(), PosixFilePermissions.fromString("rw-------"));
            LOG.log(Level.INFO, "listening on " + home.socket());
            if (listening != null && elsewhere != null) {
                address = "https://" + listening.address() + ":" + elsewhere.getLocalPort();
                LOG.log(Level.INFO, "listening on " + address);
            }
            out.println(READY);
            if (address != null) {
                out.println(address + ", certificate SHA-256 " + fingerprint);
            }
            out.flush();
            stop.await();
            server.stop();
        } catch (InterruptedException | IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            Files.deleteIfExists(home.socket());
        }
    }

    private void signalled() {
        stop.countDown();
        try {
            stopped.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void stop() {
        stop.countDown();
    }

    HostView view(Vms vms) {
        var all = vms.list();
        int running = (int) all.stream().filter(Vm::isStarted).count();
        return new HostView(
                ProcessHandle.current().pid(), version, home.directory().toString(), home.socket().toString(), address, fingerprint, started, all.size(), running,
                vms.admission().memoryBytes(), vms.promisedBytes());
    }
}
