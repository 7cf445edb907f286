package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// A virtual machine of one contender: a process with the guest's console on its standard input and output. It does not outlive
/// the thread that started it, even when this process is killed: a stopped guest would stay for ever.
final class RunningGuest implements AutoCloseable {
    /// Lines nobody has looked at; when it is full the guest waits.
    private static final int LINES_MAX = 10_000;

    static final List<String> DIES_WITH_US = List.of("setpriv", "--pdeathsig", "KILL");

    private static final double TICK_SECONDS = 0.01; // USER_HZ, 100 on every architecture (proc_pid_stat(5))

    private final Contender contender;
    private final Process process;
    private final Path errors;

    /// The console's lines; an empty one is its end.
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>(LINES_MAX);

    private String lastLine = "";

    private RunningGuest(Contender contender, Process process, Path errors) {
        this.contender = contender;
        this.process = process;
        this.errors = errors;
        Thread.ofPlatform().daemon().name("console of " + contender.title()).start(this::read);
    }

    /// @param command of the contender
    /// @param errors receives what the process writes to standard error
    static RunningGuest start(Contender contender, List<String> command, Cores cores, Path errors) {
        List<String> pinned = new ArrayList<>(DIES_WITH_US);
        pinned.addAll(cores.command());
        pinned.addAll(command);
        try {
            File file = errors.toFile();
            return new RunningGuest(contender, new ProcessBuilder(pinned).redirectError(file).start(), errors);
        } catch (IOException e) {
            throw new OperatorError(pinned.getFirst(), "cannot be started: " + e.getMessage(), "install Debian's util-linux");
        }
    }

    private void read() {
        try (var console = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            for (String line = console.readLine(); line != null; line = console.readLine()) {
                lines.put(Optional.of(line.strip()));
            }
        } catch (IOException e) {
            // The process was killed: the same as its end.
            lastLine = "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            boolean _ = lines.offer(Optional.empty());
        }
    }

    /// Waits for the first line that is something.
    ///
    /// @param what it is waited for, in a few words
    /// @throws OperatorError when the guest ends or takes too long
    <T> T await(Function<String, Optional<T>> wanted, Duration patience, String what) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Optional<String> line = lines.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (line == null) {
                throw failure(what + " took more than " + patience.toSeconds() + " s");
            }
            if (line.isEmpty()) {
                throw failure(what + ": the virtual machine ended with exit code " + process.waitFor());
            }
            lastLine = line.get().isEmpty() ? lastLine : line.get();
            Optional<T> found = wanted.apply(line.get());
            if (found.isPresent()) {
                return found.get();
            }
        }
    }

    OperatorError failure(String problem) {
        return new OperatorError(
                contender.title(),
                problem,
                "its last words: " + lastWords());
    }

    private String lastWords() {
        try {
            String said = Files.readString(errors, StandardCharsets.ISO_8859_1).strip();
            return said.isEmpty() ? lastLine : said.lines().toList().getLast();
        } catch (IOException e) {
            return lastLine;
        }
    }

    /// Types a line on the guest's console.
    void type(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw failure("takes no more orders");
        }
    }

    /// Stops the process where it is: it takes no CPU time until [#proceed].
    void pause() throws InterruptedException {
        signal("STOP");
    }

    void proceed() throws InterruptedException {
        signal("CONT");
    }

    /// By the shell: every system has one, and Java has no way to send these.
    private void signal(String name) throws InterruptedException {
        try {
            new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The CPU time that all threads of the process have taken, to 10 ms.
    double cpuSeconds() {
        try {
            return cpuSeconds(Files.readString(Path.of("/proc", String.valueOf(process.pid()), "stat")));
        } catch (IOException e) {
            throw failure("the virtual machine ended");
        }
    }

    /// @param stat a line of `/proc/PID/stat`
    static double cpuSeconds(String stat) {
        // The second field is the program's name in brackets, which may hold anything.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_SECONDS;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
