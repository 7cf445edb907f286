package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.disk.DiskFiles;
import holdfast.image.LockFile;
import holdfast.image.Temporary;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// The process of one machine: runs it to its end, whatever becomes of the daemon.
public final class VmProcess {
    /// What it says when it can be asked.
    static final String READY = "ready";

    private static final System.Logger LOG = System.getLogger(VmProcess.class.getName());

    private final VmHome home;
    private final RunningVm vm = new RunningVm();

    private VmProcess(VmHome home) {
        this.home = home;
    }

    /// @param directory the machine's
    /// @param token that of the order which the process was started for
    /// @param out told, in a line, when the control socket is there
    /// @return the exit code: 0 when there was such a machine to run, however it ended
    public static int run(Path directory, String token, PrintStream out) throws IOException, InterruptedException {
        var process = new VmProcess(new VmHome(directory));
        Optional<LockFile> lock;
        try {
            lock = LockFile.attemptInside(process.home.lock(), false);
        } catch (NoSuchFileException removed) {
            LOG.log(Level.WARNING, directory + " has been removed");
            return 1;
        }
        if (lock.isEmpty()) {
            LOG.log(Level.WARNING, directory + " has a process already");
            return 1;
        }
        try (LockFile _ = lock.get()) {
            Order order = Json.read(process.home.order(), Order.class);
            if (!order.token().equals(token)) {
                LOG.log(Level.WARNING, directory + " is to be run by another process");
                return 1;
            }
            Files.deleteIfExists(process.home.ended());
            process.run(order, out);
            return 0;
        }
    }

    private void run(Order order, PrintStream out) throws IOException, InterruptedException {
        var done = new CountDownLatch(1);
        Thread hook = new Thread(() -> signalled(done), "power-cut");
        Runtime.getRuntime().addShutdownHook(hook);
        try (var _ = new VmControl(home.control(), vm)) {
            out.println(READY);
            out.close();
            note(live(order));
        } finally {
            done.countDown();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException signalled) {
            LOG.log(Level.DEBUG, "a signal came at the end");
        }
    }

    /// @return how it ended
    private String live(Order order) throws InterruptedException {
        try {
            Sockets sockets = Sockets.of(order);
            try (var guest = new Guest(home, order)) {
                sockets.noOthers();
                vm.begin(guest);
                String how = vm.awaitEnd();
                guest.end(how);
                return how;
            }
        } catch (OperatorError e) {
            vm.end(e.subject() + ": " + e.problem());
            return e.subject() + ": " + e.problem() + "; " + e.nextStep();
        }
    }

    /// The sockets that it may go on to make when all are there that its guest needs: those by which a disk comes from elsewhere. Its files it was confined
    /// to before it began ([Confinement]).
    private record Sockets(boolean network, boolean local) {
        static Sockets of(Order order) {
            boolean network = false;
            boolean local = false;
            for (SpecDisk disk : order.disks()) {
                DiskFiles files = DiskFiles.of(Path.of(disk.file()));
                network |= files.remote();
                local |= files.local();
            }
            return new Sockets(network, local);
        }

        void noOthers() {
            try {
                SocketBan.begin(network, local);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "it could go on to make sockets: " + e.getMessage());
            }
        }
    }

    /// The disks are closed before the process is gone.
    private void signalled(CountDownLatch done) {
        vm.end(Ended.TERMINATED);
        try {
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void note(String how) throws IOException {
        Path unfinished = Temporary.beside(home.ended());
        Files.writeString(unfinished, how + "\n");
        Temporary.publish(unfinished, home.ended());
    }
}
