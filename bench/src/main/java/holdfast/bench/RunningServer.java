package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/// A server of one disk, in a process that does not outlive this one.
final class RunningServer implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long LOOK_NANOS = 10_000_000;

    /// What is idle takes no more CPU time in this time than that. Who compresses a journal rests for half a second while its disk is busy.
    private static final long IDLE_NANOS = 2_000_000_000;

    private static final double IDLE_CPU_SECONDS = 0.01;

    private final String title;
    private final Process process;
    private final Path socket;
    private final Path errors;

    private RunningServer(String title, Process process, Path socket, Path errors) {
        this.title = title;
        this.process = process;
        this.socket = socket;
        this.errors = errors;
    }

    /// @param directory for its socket and its last words
    /// @throws OperatorError when it cannot be started
    static RunningServer start(DiskServer server, Path disk, Path directory, Cores cores) {
        return start(server.title(), socket -> server.command(disk, socket), directory, cores);
    }

    /// @param serving the command that serves a disk at a socket until it is ended
    /// @param directory for its socket and its last words
    /// @throws OperatorError when it cannot be started
    static RunningServer start(String title, Function<Path, List<String>> serving, Path directory, Cores cores) {
        Path socket = directory.resolve(title + ".sock");
        Path errors = directory.resolve(title + ".errors");
        List<String> command = new ArrayList<>(RunningGuest.DIES_WITH_US);
        command.addAll(cores.command());
        command.addAll(serving.apply(socket));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(errors.toFile())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new RunningServer(title, process, socket, errors);
        } catch (IOException e) {
            throw new OperatorError(command.getFirst(), "cannot be started: " + e.getMessage(), "install Debian's util-linux");
        }
    }

    String uri() {
        return uri("");
    }

    /// @param export its name
    String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + socket;
    }

    /// Waits until it takes connections.
    void awaitReady() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!takesConnections()) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new OperatorError(title, "does not serve", "its last words: " + lastWords());
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private boolean takesConnections() {
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    private String lastWords() {
        try {
            return Files.readString(errors, StandardCharsets.ISO_8859_1).strip().lines().reduce("none", (_, line) -> line);
        } catch (IOException e) {
            return "none";
        }
    }

    /// The CPU time that all threads of the process have taken, to 10 ms.
    double cpuSeconds() {
        try {
            return RunningGuest.cpuSeconds(Files.readString(Path.of("/proc", String.valueOf(process.pid()), "stat")));
        } catch (IOException e) {
            throw new OperatorError(title, "has ended", "its last words: " + lastWords());
        }
    }

    /// Waits until it takes next to no CPU time: what it does when its clients are served is done.
    void awaitIdle() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        double before = cpuSeconds();
        while (true) {
            LockSupport.parkNanos(IDLE_NANOS);
            double now = cpuSeconds();
            if (now - before <= IDLE_CPU_SECONDS) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new OperatorError(title, "does not come to rest", "its last words: " + lastWords());
            }
            before = now;
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
