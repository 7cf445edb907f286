package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.host.Question.Verb;
import holdfast.image.LockFile;
import holdfast.image.Temporary;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.System.Logger.Level;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// One machine of the daemon's: its record, and its process if there is one. A [RunVm] is one that a command has in the foreground.
///
/// What changes the record takes turns, under `operation`; what is seen of it is never held up by that.
sealed class Vm permits RunVm {
    private static final System.Logger LOG = System.getLogger(Vm.class.getName());

    private static final String UNRESPONSIVE = "unresponsive";

    /// How long a process that has been seen may take until it can be asked, or until it is gone.
    private static final Duration PROCESS_LIMIT = Duration.ofSeconds(60);

    /// How long a daemon that has just been started waits for each process that it finds.
    private static final Duration ADOPTION_LIMIT = Duration.ofSeconds(3);

    /// Then it waits in the background, and looks once in a while whether there still is one.
    private static final Duration SILENCE_LIMIT = Duration.ofHours(1);

    private final Ledger ledger;
    private final VmHome home;
    private final VmLink link;
    private final Events events;
    private final ReentrantLock operation = new ReentrantLock();
    private final ReentrantLock writing = new ReentrantLock();
    private final ReentrantLock seen = new ReentrantLock();
    private final Condition changed = seen.newCondition();
    private VmRecord record;
    private @Nullable VmStatus status;
    private boolean silent;

    Vm(Ledger ledger, VmHome home, VmRecord record, Events events) {
        this.ledger = ledger;
        this.home = home;
        this.record = record;
        this.events = events;
        link = new VmLink(home.control());
    }

    VmHome home() {
        return home;
    }

    VmRecord record() {
        seen.lock();
        try {
            return record;
        } finally {
            seen.unlock();
        }
    }

    VmView view() {
        seen.lock();
        try {
            VmStatus now = status;
            return new VmView(
                    record.id(), record.name(), record.generation(), state(), now != null && now.ready(), record.spec(),
                    now == null ? null : now.pid(), record.created(), now == null ? null : now.started(), record.ended(),
                    home.directory().toString(), record.address().isEmpty() ? null : record.address(),
                    now == null || now.notice() == null || now.notice().isEmpty() ? null : now.notice(), record.specGeneration(),
                    SpecField.changed(effective(), record.spec(), SpecField.When.NEXT_START), record.phase() == Phase.STOPPED && record.again(), isForeground());
        } finally {
            seen.unlock();
        }
    }

    private String state() {
        return switch (record.phase()) {
            case CREATING -> "creating";
            case REMOVING -> "removing";
            case STARTED -> silent ? UNRESPONSIVE : status == null ? "starting" : status.state();
            case STOPPED -> Files.exists(home.state()) ? "saved" : "stopped";
        };
    }

    /// What it runs with, or is to run with when it is started.
    VmSpec effective() {
        VmRecord now = record();
        return now.phase() == Phase.STARTED || Files.exists(home.state()) ? now.applied() : now.spec();
    }

    /// Whether a command has it, with which it ends.
    boolean isForeground() {
        return false;
    }

    /// @param nextStep in place of what cannot be done to another's
    /// @throws HostProblem when it is another's than the daemon's
    void requireOwn(String nextStep) {}

    /// Whether it has a process, or is to have one.
    boolean isStarted() {
        return record().phase() == Phase.STARTED;
    }

    /// The record says something else from now on, durably.
    ///
    /// @param change of what it says when it is this one's turn
    void write(UnaryOperator<VmRecord> change) {
        VmView before;
        writing.lock();
        try {
            before = view();
            VmRecord next = change.apply(record());
            ledger.put(next);
            seen.lock();
            try {
                record = next;
                if (next.phase() != Phase.STARTED) {
                    status = null;
                    silent = false;
                }
                changed.signalAll();
            } finally {
                seen.unlock();
            }
        } finally {
            writing.unlock();
        }
        if (!view().equals(before)) {
            events.tell(view());
        }
    }

    private void status(VmStatus now) {
        seen.lock();
        try {
            status = now;
            silent = false;
            changed.signalAll();
        } finally {
            seen.unlock();
        }
        events.tell(view());
    }

    /// Waits until it is as wanted.
    ///
    /// @return false when it is not in time
    boolean await(Predicate<VmView> wanted, Duration limit) throws InterruptedException {
        long left = limit.toNanos();
        seen.lock();
        try {
            while (!wanted.test(view())) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            seen.unlock();
        }
    }

    /// Starts its process, and returns when that runs the guest.
    void start() throws IOException, InterruptedException {
        operation.lockInterruptibly();
        try {
            if (isStarted()) {
                throw conflict("runs already", "see 'holdfast list'");
            }
            String token = UUID.randomUUID().toString();
            boolean anew = !Files.exists(home.state());
            Order last = Json.read(home.order(), Order.class);
            Json.write(home.order(), (anew ? last.of(record().spec(), record().applied()) : last).with(token));
            Steps.reached();
            write(record -> record.started(token, anew));
            begin(token);
        } finally {
            operation.unlock();
        }
    }

    private void begin(String token) throws IOException, InterruptedException {
        Process process = process(token);
        Steps.reached();
        @Nullable String line;
        try (var said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            line = said.readLine();
        }
        if (!VmProcess.READY.equals(line)) {
            process.waitFor();
            write(record -> record.stopped("its process could not begin: see " + home.log()));
            throw new HostProblem(Kind.FAILED, name(), "its process could not begin", "see " + home.log());
        }
        try {
            watch(PROCESS_LIMIT);
        } catch (IOException over) {
            LOG.log(Level.DEBUG, name() + " ended before it could be watched: " + over.getMessage());
            ended();
        }
        if (!await(view -> !view.state().equals("starting"), PROCESS_LIMIT) || !isStarted() || view().state().equals("ending")) {
            await(view -> !view.state().equals("ending"), PROCESS_LIMIT);
            throw new HostProblem(Kind.FAILED, name(), "could not be started: " + record().ended(), "correct that, or see " + home.log());
        }
    }

    private Process process(String token) throws IOException, InterruptedException {
        String[] words = {"vm", home.directory().toString(), token};
        Optional<String> obstacle = ConfinedProcess.obstacle();
        if (obstacle.isPresent()) {
            LOG.log(Level.WARNING, name() + " runs unconfined: " + obstacle.get());
            return Programs.start(home.directory(), home.log(), words);
        }
        Temporary.remove(home.temporary());
        Files.createDirectories(home.temporary());
        Files.deleteIfExists(home.program());
        Files.createSymbolicLink(home.program(), Path.of(System.getProperty("java.home"), "bin", "java"));
        return Programs.start(home.directory(), home.log(), home.program(), home.temporary(), Confinement.of(home, effective()), words);
    }

    /// Finds the process that an earlier daemon has left, if there still is one. For one that says nothing a thread waits, and nobody else.
    void adopt() throws InterruptedException {
        adopt(ADOPTION_LIMIT);
    }

    private void adopt(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.plus(PROCESS_LIMIT).toNanos();
        while (!isFree() && System.nanoTime() < deadline) {
            try {
                watch(limit);
                return;
            } catch (Wire.Silence silence) {
                LOG.log(Level.WARNING, name() + ": " + silence.getMessage());
                keepsSilent();
                return;
            } catch (IOException notYet) {
                // It has its lock, and not its socket: in a moment it has both, or neither.
                await(_ -> false, Duration.ofMillis(20));
            }
        }
        ended();
    }

    private void keepsSilent() {
        seen.lock();
        try {
            silent = true;
        } finally {
            seen.unlock();
        }
        events.tell(view());
        Thread.ofVirtual().name("adoption of " + home.directory()).start(() -> {
            try {
                adopt(SILENCE_LIMIT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /// Whether no process has it.
    private boolean isFree() {
        try {
            Optional<LockFile> lock = LockFile.attemptInside(home.lock(), false);
            if (lock.isPresent()) {
                lock.get().close();
                return true;
            }
            return false;
        } catch (NoSuchFileException removed) {
            return true;
        } catch (IOException e) {
            LOG.log(Level.WARNING, home.lock() + ": " + e.getMessage());
            return true;
        }
    }

    /// From here on it is told how its process is, and when that has gone.
    ///
    /// @param limit how long its process may take to answer
    /// @throws IOException when nobody is there
    void watch(Duration limit) throws IOException {
        String token = record().token();
        link.watch(limit, this::status, () -> {
            if (record().token().equals(token)) {
                ended();
            }
        });
    }

    /// Its process has gone, or is about to.
    void ended() {
        try {
            long deadline = System.nanoTime() + PROCESS_LIMIT.toNanos();
            while (!isFree() && System.nanoTime() < deadline) {
                await(_ -> false, Duration.ofMillis(20));
            }
            awaitExit(deadline);
            String how = settled();
            write(record -> record.stopped(how));
        } catch (IOException e) {
            LOG.log(Level.WARNING, name() + ": " + e.getMessage());
            write(record -> record.stopped(Ended.KILLED));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Sees to what its process, which has gone, has left.
    ///
    /// @return how its run has ended
    String settled() throws IOException {
        // A process that was started and has not come yet finds that nobody waits for it.
        Json.write(home.order(), Json.read(home.order(), Order.class).with(""));
        Steps.reached();
        return Files.exists(home.ended()) ? Files.readString(home.ended()).strip() : Ended.KILLED;
    }

    /// What its process has said last.
    @Nullable VmStatus status() {
        seen.lock();
        try {
            return status;
        } finally {
            seen.unlock();
        }
    }

    /// Its lock is free a moment before its process is gone.
    private void awaitExit(long deadline) throws InterruptedException {
        @Nullable Long pid = view().pid();
        Optional<ProcessHandle> process = pid == null ? Optional.empty() : ProcessHandle.of(pid);
        // Of a machine in the foreground it can be this very one.
        if (process.isPresent() && !process.get().equals(ProcessHandle.current())) {
            try {
                process.get().onExit().get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (ExecutionException | TimeoutException e) {
                LOG.log(Level.WARNING, name() + ": process " + pid + " has let go of it, and is still there");
            }
        }
    }

    /// Asks its process.
    ///
    /// @throws HostProblem when it has none, or refuses
    VmStatus ask(Verb verb) throws IOException {
        return ask(verb, "");
    }

    /// @param argument as [Question] has it
    VmStatus ask(Verb verb, String argument) throws IOException {
        running();
        try {
            return link.ask(verb, argument);
        } catch (HostProblem e) {
            throw named(e);
        }
    }

    private HostProblem named(HostProblem e) {
        return new HostProblem(e.kind(), name(), e.subject().equals("the machine") ? e.problem() : e.subject() + " " + e.problem(), e.nextStep());
    }

    /// Has the guest that runs keep as much memory, if it was started with as much and takes that.
    boolean resizeMemory(long bytes) throws IOException {
        if (bytes > effective().memoryBytes()) {
            return false;
        }
        try {
            ask(Verb.RESIZE, Json.text(new Requests.Resize(bytes, 0, 0)));
            return true;
        } catch (HostProblem e) {
            LOG.log(Level.INFO, name() + " keeps its memory until it is started again: " + e.getMessage());
            return false;
        }
    }

    /// Opens its console, or a command in it.
    Wire open(Verb verb, String argument) throws IOException {
        running();
        try {
            return link.open(verb, argument);
        } catch (HostProblem e) {
            throw named(e);
        }
    }

    /// The end of what its console has shown.
    byte[] log(int bytesMax) throws IOException {
        return last(home.console(), bytesMax);
    }

    private void running() {
        if (!isStarted()) {
            throw conflict("does not run", "start it: holdfast start " + name());
        }
        if (view().state().equals(UNRESPONSIVE)) {
            throw named(VmLink.silence("its process does not answer"));
        }
    }

    /// Asks its guest to stop, and waits. One that waits to be started again does so no more.
    void shutDown(Duration limit) throws IOException, InterruptedException {
        if (isCalledOff()) {
            return;
        }
        running();
        write(record -> record.again(false));
        try {
            ask(Verb.SHUTDOWN);
        } catch (IOException | RuntimeException e) {
            write(record -> record.again(record.phase() == Phase.STARTED));
            throw e;
        }
        stopped(limit);
    }

    /// Cuts its power, and waits until its process is gone, which is killed if it does not answer. One that waits to be started again does so no more.
    void powerOff(Duration limit) throws IOException, InterruptedException {
        if (isCalledOff() || !isStarted()) {
            return;
        }
        try {
            ask(Verb.POWER_OFF);
        } catch (HostProblem e) {
            if (e.kind() != Kind.TIMEOUT) {
                throw e;
            }
            kill();
        }
        stopped(limit);
    }

    /// Kills who holds its lock: what its process says of itself would be no good reason.
    private void kill() throws IOException {
        if (isFree()) {
            return;
        }
        Optional<ProcessHandle> holder = LockFile.holder(home.lock());
        if (holder.isEmpty()) {
            throw new HostProblem(Kind.FAILED, name(), "does not answer, and which process has it is not known", "kill the process that has " + home.lock() + " open");
        }
        LOG.log(Level.WARNING, name() + ": process " + holder.get().pid() + " is killed");
        holder.get().destroyForcibly();
    }

    /// @return whether it has waited to be started again, and does so no more
    private boolean isCalledOff() {
        if (!view().restarting()) {
            return false;
        }
        write(record -> record.again(record.phase() == Phase.STARTED));
        return !isStarted();
    }

    /// @throws HostProblem when its process has not gone in time
    void stopped(Duration limit) throws InterruptedException {
        if (!await(_ -> record.phase() != Phase.STARTED, limit)) {
            throw new HostProblem(
                    Kind.TIMEOUT, name(), "has not stopped within " + limit.toSeconds() + " s", "cut its power: holdfast stop --force " + name());
        }
    }

    /// Removes it, which does not run.
    void remove() throws IOException, InterruptedException {
        operation.lockInterruptibly();
        try {
            if (isStarted()) {
                throw conflict("runs", "stop it first, or use --force");
            }
            write(VmRecord::removing);
            erase();
        } finally {
            operation.unlock();
        }
    }

    /// Its directories go, and then its record.
    void erase() throws IOException {
        Temporary.remove(home.image());
        Temporary.remove(home.directory());
        Steps.reached();
        ledger.remove(record().id());
    }

    /// Its name or its spec are others from now on.
    ///
    /// @param generation of the spec that this is a change of; null: whichever it is by now
    /// @return what the record was before
    VmRecord change(String name, VmSpec spec, @Nullable Long generation) throws InterruptedException {
        operation.lockInterruptibly();
        try {
            VmRecord before = record();
            if (before.phase() == Phase.CREATING || before.phase() == Phase.REMOVING) {
                throw conflict("is " + view().state(), "see 'holdfast list'");
            }
            if (generation != null && generation != before.specGeneration()) {
                throw conflict(
                        "has been changed meanwhile: its spec is of generation " + before.specGeneration() + ", and this is one of " + generation,
                        "see 'holdfast info -o yaml " + name() + "'; if this change still fits, say the specGeneration that it has there");
            }
            write(record -> record.asked(name, spec));
            return before;
        } finally {
            operation.unlock();
        }
    }

    /// Nothing has come of a change.
    ///
    /// @param before what the record was then
    void takeBack(VmRecord before) {
        write(record -> record.takenBack(before));
    }

    String name() {
        return record().name();
    }

    private HostProblem conflict(String problem, String nextStep) {
        return new HostProblem(Kind.CONFLICT, name(), problem, nextStep);
    }

    /// The end of a file of its, in bytes; nothing when there is none.
    private static byte[] last(Path file, int bytesMax) throws IOException {
        if (!Files.exists(file)) {
            return new byte[0];
        }
        try (var in = Files.newByteChannel(file)) {
            in.position(Math.max(0, in.size() - bytesMax));
            return Channels.newInputStream(in).readNBytes(bytesMax);
        }
    }
}
