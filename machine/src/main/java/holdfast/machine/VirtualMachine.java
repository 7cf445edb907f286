package holdfast.machine;

import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A machine on Holdfast's own engine.
public final class VirtualMachine implements Machine {
    private static final System.Logger LOG = System.getLogger(VirtualMachine.class.getName());
    private static final byte[] RESET = {'r'};

    private final MachineConfig config;
    private final BootSet boot;
    private final GuestMemory memory;
    private final PowerSwitch power = new PowerSwitch();
    private final PanicWatch panic = new PanicWatch();
    private final Outputs outputs;
    private final Ports ports;
    private final HostCommand toHost;
    private final Board board;
    private final Digester digester;
    private final Scheduler scheduler;
    private final MachineState content;
    private final EventGate.Input entropy;
    private final EventGate.Input operator;

    /// Held through every change of state.
    private final ReentrantLock control = new ReentrantLock();

    private final Semaphore presses = new Semaphore(0);
    private final List<Consumer<MachineEvent>> listeners = new CopyOnWriteArrayList<>();
    private volatile State state = State.NEW;
    private volatile CompletableFuture<MachineEvent.Halt> halted = new CompletableFuture<>();

    /// Builds the machine: reads the kernel's header, takes the memory, wires the devices.
    ///
    /// @throws OperatorError when a file or the memory cannot be had; nothing is left behind
    public VirtualMachine(MachineConfig config) {
        this.config = config;
        this.boot = BootSet.open(config);
        GuestMemory guestMemory = null;
        Timing timing = null;
        try {
            guestMemory = GuestMemory.allocate(config.memoryBytes());
            memory = guestMemory;
            timing = Timing.of(config, ConfigDigest.of(config, boot));
            outputs = new Outputs(this::retired);
            ports = new Ports(config, outputs);
            toHost = new HostCommand(memory.physical(), power);
            board = new Board(
                    config,
                    memory,
                    timing.clock(),
                    timing::time,
                    timing.gate(),
                    power,
                    panic.before(ports.console()),
                    ports);
            entropy = timing.gate().register("entropy", nothing -> {});
            operator = timing.gate().register("operator", what -> power.request(new PowerRequest.OperatorReset()));
            digester = new Digester(memory.physical(), board.cores(), recorder(timing), replay(timing));
            scheduler = scheduler(timing);
            content = new MachineState(config, board, memory, timing, scheduler);
        } catch (RuntimeException e) {
            boot.close();
            if (timing != null) {
                timing.close();
            }
            if (guestMemory != null) {
                guestMemory.close();
            }
            throw e;
        }
        power.onPress(presses::release);
        Thread.ofPlatform().daemon().name("holdfast-control").start(this::attend);
    }

    private static @Nullable Recorder recorder(Timing timing) {
        return timing instanceof Timing.Deterministic deterministic ? deterministic.recorder() : null;
    }

    private static @Nullable ReplayGate replay(Timing timing) {
        return timing instanceof Timing.Deterministic deterministic ? deterministic.replay() : null;
    }

    private Scheduler scheduler(Timing timing) {
        return switch (timing) {
            case Timing.Parallel(var clock, var gate) ->
                new ParallelScheduler(board.cores(), clock, gate, power, toHost);
            case Timing.Deterministic(var clock, var gate, var recorder, var replay) -> {
                clock.harts(board.harts());
                yield new DeterministicScheduler(
                        board.cores(), clock, gate, power, toHost, recorder, digester);
            }
        };
    }

    /// Looks at the files that a machine would start from, without building it.
    ///
    /// @throws OperatorError when kernel, initrd or firmware is missing, damaged or for another processor, or there is not
    ///     enough memory
    public static void check(MachineConfig config) {
        BootSet.open(config).close();
        GuestMemory.refuseTooMuch(config.memoryBytes());
    }

    @Override
    public void start() {
        control.lock();
        try {
            require(State.NEW);
            powerOn();
            go();
        } catch (Divergence e) {
            halt(new MachineEvent.Diverged(retired(), e.what()));
        } finally {
            control.unlock();
        }
    }

    /// Memory, devices and harts as after power-on, with the kernel loaded.
    private void powerOn() {
        memory.clear();
        board.reset();
        panic.clear();
        board.generation().set(random(VmGenId.BYTES));
        board.wallClock().set();
        boot.load(memory.physical(), board.cores(), random(BootSet.SEED_BYTES)).forEach(Core::powerOn);
        toHost.watch(boot.toHost());
        power.take();
    }

    private byte[] random(int count) {
        return entropy.ask(() -> {
            byte[] fresh = new byte[count];
            ports.entropy().fill(fresh);
            return fresh;
        });
    }

    private void go() {
        board.resume();
        state = State.RUNNING;
        emit(new MachineEvent.Running(scheduler.retired()));
        scheduler.run();
    }

    private void quiesce() {
        scheduler.stand();
        board.pause();
        scheduler.quiesce();
    }

    @Override
    public void pause() {
        control.lock();
        try {
            if (state == State.PAUSED) {
                return;
            }
            require(State.RUNNING);
            quiesce();
            state = State.PAUSED;
            emit(new MachineEvent.Paused(scheduler.retired()));
        } finally {
            control.unlock();
        }
    }

    @Override
    public void resume() {
        control.lock();
        try {
            require(State.PAUSED);
            go();
        } finally {
            control.unlock();
        }
        // The guest may have pressed the switch just before the pause.
        presses.release();
    }

    @Override
    public void reset() {
        control.lock();
        try {
            switch (state) {
                case NEW, CLOSED -> throw wrong();
                case PAUSED -> {
                    go();
                    operator.offer(RESET);
                }
                case RUNNING -> operator.offer(RESET);
                case HALTED -> {
                    halted = new CompletableFuture<>();
                    powerOn();
                    go();
                }
            }
        } finally {
            control.unlock();
        }
    }

    /// The control thread: does what the guest asks of the power.
    private void attend() {
        while (state != State.CLOSED) {
            presses.acquireUninterruptibly();
            control.lock();
            try {
                if (state == State.RUNNING && power.pressed()) {
                    // Taken only when all stand: until then the switch is what keeps a deterministic machine from going on.
                    quiesce();
                    obey(Objects.requireNonNull(power.take()));
                }
            } catch (RuntimeException e) {
                halt(new MachineEvent.Failed(retired(), e));
            } finally {
                control.unlock();
            }
        }
    }

    private void obey(PowerRequest request) {
        long count = scheduler.retired();
        switch (request) {
            case PowerRequest.Off() -> halt(new MachineEvent.PoweredOff(count));
            case PowerRequest.Reset() -> {
                if (panic.panicked()) {
                    halt(new MachineEvent.GuestPanicked(count, panic.lastLines()));
                } else {
                    reboot(count);
                }
            }
            case PowerRequest.OperatorReset() -> reboot(count);
            case PowerRequest.ToHost(long value) -> halt(new MachineEvent.ToHost(count, value));
            case PowerRequest.AllStopped() -> halt(new MachineEvent.HartsStopped(count));
            case PowerRequest.ReplayEnd(boolean complete) -> halt(new MachineEvent.ReplayEnded(count, complete));
            case PowerRequest.Failure(Divergence divergence) ->
                halt(new MachineEvent.Diverged(count, divergence.what()));
            case PowerRequest.Failure(Throwable cause) -> {
                LOG.log(System.Logger.Level.ERROR, "the machine is lost", cause);
                halt(new MachineEvent.Failed(count, cause));
            }
        }
    }

    private void reboot(long count) {
        powerOn();
        emit(new MachineEvent.Rebooted(count));
        go();
    }

    private void halt(MachineEvent.Halt event) {
        state = State.HALTED;
        emit(event);
        halted.complete(event);
    }

    @Override
    public void save(Path file) {
        control.lock();
        try {
            require(State.PAUSED);
            SavedState.write(file, out -> {
                StateOutput state = new StateOutput(out);
                SaveScope whole = new SaveScope.Whole();
                content.saveShape(state, whole);
                state.section(SavedDisks.of(ports.disks()).section());
                content.saveContent(state, whole);
            });
        } finally {
            control.unlock();
        }
    }

    @Override
    public void save(OutputStream out, SaveScope scope) throws IOException {
        control.lock();
        try {
            require(State.PAUSED);
            StateOutput stream = new StateOutput(out);
            content.saveShape(stream, scope);
            content.saveContent(stream, scope);
        } finally {
            control.unlock();
        }
    }

    @Override
    public void restore(Path file) {
        control.lock();
        try {
            require(State.NEW);
            // Read once to see that it is whole, before anything is changed.
            SavedState.read(file, this::check);
            requireRecordedOrigin(file);
            board.reset();
            SavedState.read(file, in -> {
                StateInput input = new StateInput(in);
                SavedState.shape(input);
                content.restore(input, true);
                return true;
            });
            revive();
        } catch (RuntimeException e) {
            if (state == State.NEW) {
                close();
            }
            throw e;
        } finally {
            control.unlock();
        }
    }

    /// A record that began from a saved state is replayed from the same one.
    private void requireRecordedOrigin(Path file) {
        if (config.record() == null && config.replay() == null) {
            return;
        }
        byte[] origin = SavedState.digest(file);
        if (!Arrays.equals(origin, operator.ask(() -> origin))) {
            throw new OperatorError("saved state " + file, "is not the one the recording began from", "give that one");
        }
    }

    private boolean check(InputStream in) throws IOException {
        StateInput input = new StateInput(in);
        SavedState.shape(input).require(config);
        for (StateSection section = input.next(); section != null; section = input.next()) {
            if (section.name().equals(SavedDisks.SECTION)) {
                SavedDisks.read(section).require(ports.disks());
            }
        }
        return true;
    }

    @Override
    public void apply(InputStream in) throws IOException {
        control.lock();
        try {
            require(State.PAUSED);
            StateInput input = new StateInput(in);
            MachineShape shape = SavedState.shape(input);
            shape.require(config);
            content.restore(input, shape.whole());
            revive();
        } catch (IOException e) {
            close();
            throw e;
        } finally {
            control.unlock();
        }
    }

    /// A new life of a saved guest: it goes on where it was, and is told that it has been elsewhere.
    private void revive() {
        board.wallClock().set();
        board.generation().renew(random(VmGenId.BYTES));
        toHost.watch(boot.toHost());
        state = State.PAUSED;
        emit(new MachineEvent.Paused(scheduler.retired()));
    }

    @Override
    public DirtyHandle trackChanges() {
        return new DirtyHandle(memory.physical().openDirtyLog());
    }

    @Override
    public MachineEvent.Halt awaitHalt() throws InterruptedException {
        try {
            return halted.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a halt is never a failure", e);
        }
    }

    @Override
    public void listen(Consumer<MachineEvent> listener) {
        listeners.add(listener);
    }

    private void emit(MachineEvent event) {
        listeners.forEach(listener -> listener.accept(event));
    }

    @Override
    public void balloon(long bytes) {
        requireStarted();
        board.balloon().target(bytes);
    }

    @Override
    public long balloonBytes() {
        return board.balloon().actualBytes();
    }

    @Override
    public void link(boolean up) {
        requireStarted();
        VirtioNet network = board.network();
        if (network == null) {
            throw new IllegalArgumentException("the machine has no network device");
        }
        network.link(up);
    }

    @Override
    public void growDisk(int disk, long bytes) {
        requireStarted();
        ports.disk(disk).grow(bytes);
        board.disk(disk).resized();
    }

    private void requireStarted() {
        if (state == State.NEW || state == State.CLOSED) {
            throw wrong();
        }
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public long retired() {
        return scheduler.retired();
    }

    @Override
    public List<String> profile() {
        return board.profile();
    }

    /// The machine's outputs, to hold, release and tap.
    public Outputs outputs() {
        return outputs;
    }

    java.util.List<holdfast.riscv.Hart> harts() {
        return board.harts();
    }

    /// Puts another port behind the UART. Not while running.
    public void replaceConsole(ConsolePort port) {
        requireStanding();
        ports.console().replace(port);
    }

    /// Puts another port behind a virtio-serial port. Not while running.
    public void replaceVirtioPort(String name, ConsolePort port) {
        requireStanding();
        ports.virtio(name).replace(port);
    }

    /// Puts another port behind the network device. Not while running.
    public void replaceNetwork(PacketPort port) {
        requireStanding();
        PacketOutlet outlet = ports.network();
        if (outlet == null) {
            throw new IllegalArgumentException("the machine has no network device");
        }
        if (outlet.takesLargePackets() && !port.takesLargePackets()) {
            throw new IllegalArgumentException("the guest sends larger packets than this network takes");
        }
        outlet.replace(port);
    }

    /// Puts another disk behind a disk device, e.g. the copy that was made of it. Not while running.
    ///
    /// @param index 0 is `vda`
    public void replaceDisk(int index, BlockDevice disk) {
        requireStanding();
        ports.disk(index).replace(disk);
    }

    /// Takes entropy from another port. Not while running.
    public void replaceEntropy(EntropyPort port) {
        requireStanding();
        ports.replaceEntropy(port);
    }

    /// Takes the time of day from another port. Not while running.
    public void replaceClock(ClockPort port) {
        requireStanding();
        ports.replaceClock(port);
    }

    /// Tells a listener every `everyTurns`-th turn of a deterministic machine. Before [#start] or while paused.
    public void onQuantum(long everyTurns, QuantumListener listener) {
        if (state != State.NEW && state != State.PAUSED) {
            throw wrong();
        }
        digester.listen(everyTurns, listener);
    }

    private void requireStanding() {
        if (state == State.RUNNING) {
            throw wrong();
        }
    }

    private void require(State wanted) {
        if (state != wanted) {
            throw wrong();
        }
    }

    private IllegalStateException wrong() {
        return new IllegalStateException("the machine is " + state);
    }

    @Override
    public void close() {
        control.lock();
        try {
            if (state == State.CLOSED) {
                return;
            }
            if (state == State.RUNNING) {
                quiesce();
            }
            boolean over = state == State.HALTED;
            state = State.CLOSED;
            scheduler.close();
            digester.close();
            board.close();
            memory.close();
            boot.close();
            if (!over) {
                MachineEvent.Closed event = new MachineEvent.Closed(scheduler.retired());
                emit(event);
                halted.complete(event);
            }
        } finally {
            control.unlock();
        }
        presses.release();
    }
}
