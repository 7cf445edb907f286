package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.disk.MapDevice;
import holdfast.host.ForegroundVm;
import holdfast.host.HostHome;
import holdfast.host.SpecDisk;
import holdfast.host.SpecMount;
import holdfast.host.VmSpec;
import holdfast.journal.JournaledDisk;
import holdfast.machine.ClockPort;
import holdfast.machine.DiskSpec;
import holdfast.machine.EntropyPort;
import holdfast.machine.Firmware;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestAgentException;
import holdfast.machine.GuestExec;
import holdfast.machine.Machine;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent;
import holdfast.machine.NamedConsole;
import holdfast.machine.SchedulingMode;
import holdfast.share.Mounts;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One machine on this process's streams, from its start to its end.
final class Session {
    /// Wall-clock time of a reproducible run: 2026-01-01T00:00Z.
    private static final long FIXED_EPOCH_NANOS = 1_767_225_600_000_000_000L;

    /// How long a reader of the console may take for its last bytes.
    private static final long LAST_BYTES_NANOS = 5_000_000_000L;

    /// How long the guest's agent may take for an answer.
    private static final Duration AGENT_DEADLINE = Duration.ofSeconds(30);

    private static final System.Logger LOG = System.getLogger(Session.class.getName());

    private final RunOptions options;
    private final Boot boot;
    private final Streams streams;
    private final CleanUp cleanUp;
    private final BlockingQueue<Ending> endings = new LinkedBlockingQueue<>();
    private final GuestExec exec = new GuestExec();
    private final GuestAgent agent = new GuestAgent(AGENT_DEADLINE);
    private final Outlet shown;
    private final GuestConsole console;
    private final Keepsakes keepsakes;
    private final Mounts mounts;
    private final BackgroundInitialization initialization = new BackgroundInitialization();
    private @Nullable CommandRun command;
    private @Nullable ForegroundVm foreground;
    private @Nullable FlightRecording recording;
    private @Nullable Tty tty;
    private volatile boolean signalled;

    /// @param cleanUp receives everything that must be put back
    Session(RunOptions options, Boot boot, Streams streams, CleanUp cleanUp) throws IOException {
        this.options = options;
        this.boot = boot;
        this.streams = streams;
        this.cleanUp = cleanUp;
        keepsakes = Keepsakes.of(options, boot);
        mounts = cleanUp.add(new Mounts(options.mounts));
        shown = cleanUp.add(new Outlet("console", consoleTarget(), () -> endings.add(new Ending.OutputClosed())));
        console = new GuestConsole(shown);
    }

    /// A daemon there, now or later, has this machine among its own.
    Session foundIn(HostHome host) {
        var vm = cleanUp.add(new ForegroundVm(host, spec()));
        console.joinedBy(vm.console());
        foreground = vm;
        return this;
    }

    private VmSpec spec() {
        List<SpecDisk> disks = options.disks.stream()
                .map(disk -> new SpecDisk(disk.file().toAbsolutePath().normalize().toString(), !disk.isWritten()))
                .toList();
        return new VmSpec(
                boot.title(), cpus(), boot.memoryBytes(), disks, options.append, "none", List.of(), options.mounts.stream().map(SpecMount::of).toList());
    }

    private int cpus() {
        return options.cpus == null ? 1 : options.cpus;
    }

    private ForegroundVm.Input input() {
        if (options.isDeterministic()) {
            return ForegroundVm.Input.NONE;
        }
        return options.firmware instanceof Firmware.None ? ForegroundVm.Input.CONSOLE : ForegroundVm.Input.ANY;
    }

    /// Where the guest's console is shown: standard output, or with `--exec` nowhere or standard error; and in the log.
    private OutputStream consoleTarget() throws IOException {
        OutputStream target = streams.out();
        if (options.exec != null) {
            target = options.verbose ? streams.err() : OutputStream.nullOutputStream();
        }
        @Nullable Path log = options.consoleLog;
        if (log == null) {
            return target;
        }
        OutputStream file = cleanUp.add(Files.newOutputStream(log));
        return new ConsoleLog(target, file, () -> say(log + " takes no more; the run goes on without a console log"));
    }

    /// Runs to the end.
    ///
    /// @return the exit code
    int run(Function<MachineConfig, Machine> engine) throws InterruptedException, IOException {
        if (options.profile != null) {
            recording = cleanUp.add(FlightRecording.start(options.profile));
        }
        Machine machine = cleanUp.add(engine.apply(config()));
        machine.listen(event -> {
            if (event instanceof MachineEvent.Halt halt) {
                endings.add(new Ending.Halted(halt));
            } else if (event instanceof MachineEvent.Rebooted) {
                maps().forEach(MapDevice::machineReset);
            }
        });
        var departure = new Departure(machine, keepsakes, initialization);
        cleanUp.onSignal(() -> signalled(departure));
        connect();
        start(machine);
        if (foreground != null) {
            foreground.begin(machine, exec, agent, input(), () -> endings.add(new Ending.PowerCut()));
        }
        answerForDisks(machine);
        if (options.initialize != null) {
            initialization.begin(boot.disks().stream().map(DiskSpec::device).toList(), options.initialize);
        }
        boot.disks().forEach(disk -> options.fill.begin(disk.device()));
        expectAnswer();
        int exitCode = conclude(endings.take(), departure);
        if (recording != null && !signalled) {
            recording.finish().ifPresent(this::say);
        }
        return exitCode;
    }

    /// By which a guest can bring what of its disks has not arrived; the last of the machine's disks.
    private Stream<MapDevice> maps() {
        return boot.disks().stream().map(DiskSpec::device).filter(MapDevice.class::isInstance).map(MapDevice.class::cast);
    }

    /// Others may ask for the disks that the user brought, and have them grow; but for the maps they are the last of the machine's.
    private void answerForDisks(Machine machine) {
        int before = boot.disks().size() - options.disks.size() - (int) maps().count();
        for (int i = 0; i < options.disks.size(); i++) {
            int number = before + i;
            DiskArgument disk = options.disks.get(i);
            if (disk.point() != null || disk.use() == DiskArgument.Use.SCRATCH) {
                continue; // it is not the file's
            }
            Path file = disk.file();
            var user = new DiskControl.User() {
                @Override
                public void grow(long bytes) {
                    Session.this.grow(machine, number, file, bytes);
                }

                @Override
                public long still(LongSupplier during) {
                    return frozen(file, during);
                }
            };
            DiskControl.open(file, boot.disks().get(number).device(), user).ifPresent(cleanUp::add);
        }
    }

    /// Does something while the guest's file systems are frozen, if its agent can do that. However it ends, they are not frozen afterwards.
    private long frozen(Path file, LongSupplier during) {
        try {
            try {
                agent.freeze();
                return during.getAsLong();
            } finally {
                agent.thaw();
            }
        } catch (GuestAgentException | TimeoutException e) {
            throw new OperatorError(
                    file.toString(), "is used by a guest whose file systems cannot be frozen (" + e.getMessage() + ")",
                    "run 'sync' in the guest, and leave out --freeze");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperatorError(file.toString(), "is used by a guest that has ended", "do it again");
        }
    }

    private void grow(Machine machine, int disk, Path file, long bytes) {
        if (options.isDeterministic() || options.record != null) {
            throw new OperatorError(file.toString(), "is a disk of a run that is to be the same when it is repeated", "end that first");
        }
        machine.growDisk(disk, bytes);
    }

    private MachineConfig config() {
        boolean reproducible = options.deterministic || options.replay != null;
        var config = MachineConfig.builder()
                .harts(cpus())
                .memoryBytes(boot.memoryBytes())
                .append(boot.append())
                .firmware(options.firmware)
                .console(console)
                .seed(boot.seed())
                .mac(boot.mac())
                .profile(options.profile != null)
                .label(SavedRun.of(options, boot, keepsakes.savedDisk()).label())
                .mode(options.isDeterministic() ? SchedulingMode.DETERMINISTIC : SchedulingMode.PARALLEL);
        if (reproducible || options.seed != null) {
            config.entropy(EntropyPort.seeded(boot.seed()));
        }
        if (reproducible) {
            config.clock(() -> FIXED_EPOCH_NANOS);
        } else {
            config.clock(ClockPort.HOST);
        }
        ifGiven(boot.kernel(), config::kernel);
        ifGiven(boot.initrd(), config::initrd);
        ifGiven(boot.network(), config::network);
        ifGiven(options.record, config::record);
        ifGiven(options.replay, config::replay);
        boot.disks().forEach(config::disk);
        mounts.addTo(config);
        if (!(options.firmware instanceof Firmware.None)) {
            addPorts(config);
        }
        return config.build();
    }

    private static <T> void ifGiven(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    /// The same ports in every run, so that a record made with `--exec` or on a terminal fits every later run.
    private void addPorts(MachineConfig.Builder config) {
        for (NamedConsole port : exec.ports()) {
            config.virtioPort(port.name(), port.port());
        }
        config.virtioPort(GuestAgent.PORT, agent.port());
        List<JournaledDisk> journaled =
                boot.disks().stream().map(DiskSpec::device).filter(JournaledDisk.class::isInstance).map(JournaledDisk.class::cast).toList();
        if (!journaled.isEmpty()) {
            config.virtioPort(MarkPort.NAME, cleanUp.add(new MarkPort(journaled)));
        }
    }

    private void start(Machine machine) throws IOException {
        @Nullable Path saved = options.restore;
        if (saved == null) {
            machine.start();
        } else {
            machine.restore(saved);
            exec.restored();
            machine.resume();
            if (!options.isDeterministic()) {
                Thread.ofVirtual().name("set-clock").start(this::setClock);
            }
        }
    }

    /// A guest reads its hardware clock at its start alone: after a rest its idea of the time of day is put right by its agent.
    private void setClock() {
        try {
            agent.setTime(Instant.now());
        } catch (GuestAgentException | TimeoutException e) {
            LOG.log(Level.DEBUG, "the guest's clock was not set: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Joins this process's streams to the guest.
    private void connect() throws IOException, InterruptedException {
        if (options.exec == null && !mounts.isEmpty()) {
            var _ = mounts.mountIn(exec).thenAccept(wrong -> {
                if (!wrong.isEmpty()) {
                    say(wrong);
                }
            });
        }
        if (options.exec != null) {
            command = new CommandRun(streams, exec, cleanUp, endings::add);
            command.start(mounts.isEmpty() ? options.exec : mounts.script() + " || exit " + ExitCode.EXEC_FAILED + "\n" + options.exec, CommandRun.stdin(streams, options.isDeterministic()), boot.persistent());
        } else if (streams.interactive()) {
            lendTerminal();
        } else if (options.isDeterministic()) {
            byte[] script = streams.in().readAllBytes();
            if (script.length > 0) {
                console.type(script);
            }
        } else {
            Keyboard.pipe(streams.in(), console, e -> endings.add(new Ending.Broken(e)));
        }
    }

    /// A guest that has no side of the exec channel would be waited for without end.
    private void expectAnswer() {
        int seconds = options.readySeconds();
        if (options.exec == null || seconds == 0) {
            return;
        }
        var _ = exec.answered().orTimeout(seconds, TimeUnit.SECONDS).whenComplete((_, late) -> {
            if (late instanceof TimeoutException) {
                endings.add(new Ending.CommandLost("the guest cannot run a command after " + seconds
                        + " s: -v shows its console, --ready-timeout gives it longer; a guest of your own needs docs/guest-channel.md"));
            }
        });
    }

    private void lendTerminal() throws IOException {
        int cpus = cpus();
        say((options.restore == null ? "starting " : "going on with ") + boot.title() + " (" + cpus + (cpus == 1 ? " cpu, " : " cpus, ") + new ByteSize(boot.memoryBytes())
                + "); ^] ends the VM");
        Tty lent = cleanUp.add(new Tty());
        tty = lent;
        lent.lend();
        if (!(options.firmware instanceof Firmware.None)) {
            var window = new GuestWindow(exec, lent);
            lent.onResize(window::tell);
            window.tell();
        }
        var question = new EscapeQuestion(streams.err(), shown, () -> endings.add(new Ending.Left()));
        Keyboard.terminal(streams.in(), console, question, e -> endings.add(new Ending.Broken(e)));
    }

    private int conclude(Ending ending, Departure departure) {
        if (foreground != null) {
            ending.tell(foreground);
        }
        Conclusion conclusion = conclusion(ending);
        exec.lost("the run has ended");
        if (!shown.drain(LAST_BYTES_NANOS)) {
            shown.close();
        }
        if (tty != null) {
            tty.restore();
        }
        conclusion.lines().forEach(this::say);
        departure.depart(ending.isOperators()).forEach(this::say);
        return conclusion.exitCode();
    }

    private Conclusion conclusion(Ending ending) {
        return switch (ending) {
            case Ending.Halted(MachineEvent.Halt halt) -> Conclusion.of(halt, options.exec != null);
            case Ending.Left() -> Conclusion.quiet(ExitCode.OK);
            case Ending.CommandEnded(int exitCode) -> {
                if (command != null) {
                    command.drain();
                }
                yield Conclusion.quiet(exitCode);
            }
            case Ending.CommandLost(String why) -> new Conclusion(ExitCode.EXEC_FAILED, List.of(why));
            case Ending.OutputClosed() -> Conclusion.quiet(ExitCode.OUTPUT_CLOSED);
            case Ending.PowerCut() -> new Conclusion(
                    options.exec == null ? ExitCode.FAILED : ExitCode.EXEC_FAILED, List.of("its power was cut by 'holdfast stop --force'"));
            case Ending.Broken(Throwable cause) -> new Conclusion(
                    options.exec == null ? ExitCode.FAILED : ExitCode.EXEC_FAILED,
                    List.of("internal error: " + ErrorReport.describe(cause)));
        };
    }

    private void signalled(Departure departure) {
        signalled = true;
        if (foreground != null) {
            foreground.terminate();
        }
        if (tty != null) {
            tty.restore();
        }
        // A hart that waits for a reader of its output could not be paused.
        CompletableFuture.delayedExecutor(LAST_BYTES_NANOS, TimeUnit.NANOSECONDS).execute(this::letGo);
        try {
            departure.depart(true).forEach(this::say);
        } catch (OperatorError e) {
            say(e.getMessage() == null ? "cannot be saved" : e.getMessage());
        }
    }

    private void letGo() {
        shown.close();
        if (command != null) {
            command.letGo();
        }
    }

    private void say(String message) {
        boolean raw = tty != null && tty.isLent();
        streams.err().print("holdfast run: " + message + (raw ? "\r\n" : "\n"));
        streams.err().flush();
    }
}
