package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.image.LockFile;
import holdfast.image.Temporary;
import holdfast.machine.ConsolePort;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestExec;
import holdfast.machine.Machine;
import holdfast.machine.MachineEvent;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// A machine that a command runs by itself (`holdfast run`), as the daemon finds it, now or when there is one: a directory with a lock that is held as long
/// as the machine runs, and a control socket at which it answers as a process of the daemon's does. When it ends nothing is left; what a killed one leaves
/// goes when a daemon or another such command looks.
///
/// Nothing here keeps the command waiting, and what goes wrong is no matter of its machine's: that is then not found.
public final class ForegroundVm implements AutoCloseable {
    /// What may come to a machine from others than its command.
    public enum Input {
        ANY,
        /// Nothing may: it is to be the same when it is repeated.
        NONE,
        /// It has no kernel that takes commands, or could be asked to stop.
        CONSOLE
    }

    private static final System.Logger LOG = System.getLogger(ForegroundVm.class.getName());

    private final HostHome host;
    private final VmSpec spec;
    private final ConsoleHub console = new ConsoleHub(null);
    private final RunningVm vm = new RunningVm();
    private @Nullable Thread registration;

    /// Where it is known, when it is.
    private @Nullable Known known;

    private record Known(VmHome home, LockFile lock, VmControl control) {}

    /// @param spec what it is made of, as far as that can be said so
    public ForegroundVm(HostHome host, VmSpec spec) {
        this.host = host;
        this.spec = spec;
    }

    /// Receives what the guest's console shows, and gives it what others type.
    public ConsolePort console() {
        return console;
    }

    /// From here on others can reach it. The machine has been started.
    ///
    /// @param powerOff is run, once at most, when one of them wants its power cut
    public void begin(Machine machine, GuestExec exec, GuestAgent agent, Input input, Runnable powerOff) {
        vm.begin(new Foreground(machine, console, exec, agent, input, spec));
        Thread.ofVirtual().name("end of a run").start(() -> {
            try {
                if (vm.awaitEnd().equals(Ended.POWER_OFF)) {
                    powerOff.run();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        // Of the platform's: it waits for a lock of another process's.
        registration = Thread.ofPlatform().daemon().name("registration").start(this::register);
    }

    private void register() {
        try {
            if (!HostHome.fits(home("00000000").control())) {
                LOG.log(Level.INFO, home("00000000").control() + " is too long for a socket's name: no daemon finds this machine");
                return;
            }
            host.ownRuns();
            try (LockFile _ = LockFile.exclusive(Runs.lock(host), () -> {})) {
                Runs.sweep(host);
                known = make();
            }
        } catch (IOException e) {
            LOG.log(Level.INFO, "no daemon finds this machine: " + e.getMessage());
        } catch (InterruptedException over) {
            LOG.log(Level.DEBUG, "the run has ended before it was known");
        }
    }

    private VmHome home(String id) {
        return new VmHome(host.runs().resolve(id));
    }

    private Known make() throws IOException {
        VmHome home = directory();
        LockFile lock = null;
        try {
            lock = LockFile.attemptInside(home.lock(), false).orElseThrow(() -> new IOException(home.lock() + " is held"));
            return new Known(home, lock, new VmControl(home.control(), vm));
        } catch (IOException e) {
            Temporary.remove(home.directory());
            if (lock != null) {
                lock.close();
            }
            throw e;
        }
    }

    private VmHome directory() throws IOException {
        while (true) {
            VmHome home = home(String.format("%08x", ThreadLocalRandom.current().nextInt()));
            try {
                Files.createDirectory(home.directory());
                return home;
            } catch (FileAlreadyExistsException taken) {
                LOG.log(Level.DEBUG, home.directory() + " is another's");
            }
        }
    }

    /// It is ending, or has ended; the first reason counts.
    public void end(String how) {
        vm.end(how);
    }

    /// The machine has halted by itself.
    public void end(MachineEvent.Halt halt) {
        vm.end(Ended.of(halt));
    }

    /// A signal ends its process.
    public void terminate() {
        vm.end(Ended.TERMINATED);
    }

    /// It is known no more, and whoever looked at its console is told.
    @Override
    public void close() throws IOException {
        vm.end("its run has ended");
        console.end(vm.how());
        @Nullable Known was = settled();
        if (was == null) {
            return;
        }
        was.control.close();
        try (LockFile _ = was.lock) {
            Temporary.remove(was.home.directory());
        } catch (IOException e) {
            // Somebody looks at this moment whether it was left, and removes it.
            LOG.log(Level.DEBUG, was.home.directory() + ": " + e.getMessage());
        }
    }

    private @Nullable Known settled() {
        @Nullable Thread registering = registration;
        if (registering != null) {
            registering.interrupt();
            try {
                registering.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return known;
    }

    private record Foreground(Machine machine, ConsoleHub console, GuestExec channel, GuestAgent agent, Input input, VmSpec spec) implements LiveGuest {
        @Override
        public GuestExec exec() {
            requireKernel();
            return channel;
        }

        /// Its command does.
        @Override
        public void start() {}

        @Override
        public CompletableFuture<String> mount() {
            return channel.answered().thenApply(_ -> "");
        }

        @Override
        public void shutDown(GuestAgent.Shutdown mode) throws InterruptedException {
            requireKernel();
            LiveGuest.shutDown(agent, mode);
        }

        @Override
        public void resize(Requests.Resize size) {
            throw new OperatorError("the machine", "belongs to a 'holdfast run', and stays as large as it was made", "end that, and run it anew");
        }

        @Override
        public void save() {
            throw new OperatorError("the machine", "belongs to a 'holdfast run', which alone saves it", "give that --save-on-exit, and end it");
        }

        @Override
        public void requireInput() {
            if (input == Input.NONE) {
                throw new OperatorError(
                        "the machine", "belongs to a 'holdfast run' that is to be the same when it is repeated, so nothing is given to it from elsewhere",
                        "look at it, pause it, or cut its power with --force");
            }
        }

        private void requireKernel() {
            if (input == Input.CONSOLE) {
                throw new OperatorError("the machine", "runs a bare program, which takes no commands", "use its console, or cut its power with --force");
            }
        }
    }
}
