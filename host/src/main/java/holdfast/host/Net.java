package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.host.NetQuestion.Verb;
import holdfast.image.LockFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One network of the daemon's, and its process while a machine of its runs.
final class Net {
    private static final System.Logger LOG = System.getLogger(Net.class.getName());
    private static final Duration PROCESS_LIMIT = Duration.ofSeconds(60);
    private static final long PAUSE_MIN_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long PAUSE_MAX_NANOS = Duration.ofSeconds(30).toNanos();

    private final NetRecord record;
    private final NetHome home;
    private final Runnable gone;
    private @Nullable NetAnswer process;
    private @Nullable NetPlan done;
    private List<NetPlan.Opening> refused = List.of();
    private long begunNanos;
    private long pauseNanos;

    /// @param gone is told when its process has ended
    Net(NetRecord record, NetHome home, Runnable gone) {
        this.record = record;
        this.home = home;
        this.gone = gone;
    }

    NetRecord record() {
        return record;
    }

    synchronized NetView view(int machines) {
        @Nullable NetAnswer now = process;
        return new NetView(
                record.name(), record.subnet() + "/24", record.hostLoopback(), now == null ? null : now.pid(), now == null ? null : now.wayOut(),
                machines);
    }

    /// Sees to it that its process is there, if there are machines to be joined, and joins them.
    ///
    /// @param wanted is asked once it is this caller's turn: a plan from before it would undo what another caller has done
    /// @return the openings whose port of the host cannot be had
    synchronized List<NetPlan.Opening> apply(Supplier<NetPlan> wanted) throws IOException, InterruptedException {
        NetPlan plan = wanted.get();
        if (plan.places().isEmpty()) {
            stop();
            return List.of();
        }
        if (process == null && !adopt()) {
            begin();
        }
        if (!plan.equals(done)) {
            NetAnswer answer = ask(Verb.CONFIGURE, plan);
            done = plan;
            refused = answer.refused();
        }
        return refused;
    }

    /// How long to wait before a process that has ended early is started again, in nanoseconds.
    synchronized long pauseNanos() {
        return Math.max(0, begunNanos + pauseNanos - System.nanoTime());
    }

    private NetAnswer ask(Verb verb, NetPlan plan) throws IOException {
        try (Wire wire = Wire.connect(home.control(), NetProcess.VERSION)) {
            wire.say(new NetQuestion(verb, plan));
            return wire.hear(NetAnswer.class);
        }
    }

    /// Finds a process that is there, from an earlier daemon.
    ///
    /// @return whether there is one
    private boolean adopt() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PROCESS_LIMIT.toNanos();
        while (!isFree() && System.nanoTime() < deadline) {
            try {
                watch();
                return true;
            } catch (IOException notYet) {
                // It has its lock, and not its socket: in a moment it has both, or neither.
                TimeUnit.MILLISECONDS.timedWait(this, 20);
            }
        }
        return false;
    }

    private boolean isFree() throws IOException {
        if (!Files.exists(home.lock())) {
            return true;
        }
        Optional<LockFile> lock = LockFile.attempt(home.lock(), false);
        if (lock.isEmpty()) {
            return false;
        }
        lock.get().close();
        return true;
    }

    private void begin() throws IOException, InterruptedException {
        Files.createDirectories(home.directory());
        String token = UUID.randomUUID().toString();
        Json.write(home.order(), new NetOrder(token, record.name(), record.subnet(), record.hostLoopback()));
        pauseNanos = System.nanoTime() - begunNanos > PAUSE_MAX_NANOS ? PAUSE_MIN_NANOS : Math.min(PAUSE_MAX_NANOS, 2 * pauseNanos);
        begunNanos = System.nanoTime();
        Process started = Programs.start(home.directory(), home.log(), "net", home.directory().toString(), token);
        try (var said = new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8))) {
            if (!NetProcess.READY.equals(said.readLine())) {
                throw new HostProblem(Kind.FAILED, "network " + record.name(), "could not be started", "see " + home.log());
            }
        }
        watch();
    }

    private void watch() throws IOException {
        Wire wire = Wire.connect(home.control(), NetProcess.VERSION);
        wire.say(new NetQuestion(Verb.WATCH, NetPlan.NOTHING));
        NetAnswer now = wire.hear(NetAnswer.class);
        process = now;
        done = null;
        LOG.log(Level.INFO, "network " + record.name() + " is process " + now.pid() + (now.wayOut() ? "" : ", without a way out"));
        Thread.ofVirtual().name("watch of network " + record.name()).start(() -> {
            try (wire) {
                wire.receive();
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "network " + record.name() + " has gone: " + e.getMessage());
            }
            ended(now);
        });
    }

    private void ended(NetAnswer which) {
        synchronized (this) {
            if (which.equals(process)) {
                process = null;
                done = null;
            }
        }
        gone.run();
    }

    /// Ends its process, if it has one, and waits until it is gone.
    synchronized void stop() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PROCESS_LIMIT.toNanos();
        process = null;
        done = null;
        while (!isFree() && System.nanoTime() < deadline) {
            try {
                ask(Verb.STOP, NetPlan.NOTHING);
            } catch (IOException gone) {
                LOG.log(Level.DEBUG, "network " + record.name() + " is ending: " + gone.getMessage());
            }
            TimeUnit.MILLISECONDS.timedWait(this, 20);
        }
    }
}
