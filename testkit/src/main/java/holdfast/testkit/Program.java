package holdfast.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/// A run of a program outside the tests' own process.
///
/// It has so much time and no more: what has not ended by then is ended, with all that it started. So whoever reads from it
/// comes to an end too, and a hang is the failure of the test that met it, which says what was seen. Every process that a
/// test starts is started or waited for here.
///
/// @param output standard output; standard error too, unless that was led elsewhere
public record Program(int exitCode, String output) {
    /// What a program of seconds may take on a host that does much else.
    public static final Duration LIMIT = Duration.ofMinutes(2);

    /// What a program has printed may be on its way still when it has ended; a pipe that some descendant keeps open never ends.
    private static final Duration DRAIN = Duration.ofSeconds(5);

    /// A run that was ended because it took too long.
    public static final class Overdue extends AssertionError {
        private static final long serialVersionUID = 1;

        Overdue(Process process, Duration limit, String output) {
            super(describe(process) + " has not ended within " + limit.toMillis() / 1000.0 + " s; what it has printed: " + output);
        }
    }

    private static String describe(Process process) {
        return process.info().commandLine().orElse("process " + process.pid());
    }

    /// Runs a program to its end.
    ///
    /// @param command the program, by its path or by a name along PATH or in [Peer], and its arguments
    public static Program run(Object... command) throws IOException, InterruptedException {
        return run(builder(command), LIMIT);
    }

    /// Runs a program to its end, with nothing at its standard input.
    public static Program run(ProcessBuilder builder, Duration limit) throws IOException, InterruptedException {
        Process process = builder.start();
        process.getOutputStream().close();
        return end(process, limit);
    }

    /// What a program prints; it must succeed.
    public static String output(Object... command) throws IOException, InterruptedException {
        return output(builder(command), LIMIT);
    }

    /// What a program prints; it must succeed.
    public static String output(ProcessBuilder builder, Duration limit) throws IOException, InterruptedException {
        Program done = run(builder, limit);
        if (done.exitCode != 0) {
            throw new AssertionError(String.join(" ", builder.command()) + " ended with " + done.exitCode + ": " + done.output);
        }
        return done.output;
    }

    /// What a file takes on the host's disk.
    public static long allocatedBytes(Path file) throws IOException, InterruptedException {
        return 512 * Long.parseLong(output("stat", "-c", "%b", file).strip());
    }

    /// Starts a program that lives for [#LIMIT] at most.
    public static Process start(Object... command) throws IOException {
        return start(builder(command), LIMIT);
    }

    /// Starts a program that lives so long at most: then it is killed, and what it still runs below it.
    public static Process start(ProcessBuilder builder, Duration life) throws IOException {
        Process process = builder.start();
        Thread.ofVirtual().start(() -> watch(process, life));
        return process;
    }

    private static void watch(Process process, Duration life) {
        try {
            exitCode(process, life);
        } catch (InterruptedException | Overdue ended) {
            kill(process);
        }
    }

    /// Waits for the end of a process whose standard output nobody else reads.
    ///
    /// @throws Overdue when that takes longer; then the process has been ended
    public static Program end(Process process, Duration limit) throws InterruptedException {
        var output = new ByteArrayOutputStream();
        // On a thread of its own, so that neither a full pipe nor one that a descendant keeps open holds anything up.
        Thread reader = Thread.ofPlatform().daemon().start(() -> collect(process.getInputStream(), output));
        int exitCode = exitCode(process, limit, output);
        reader.join(DRAIN);
        return new Program(exitCode, text(output));
    }

    /// Waits for the end of a process whose output others read.
    ///
    /// @throws Overdue when that takes longer; then the process has been ended
    public static int exitCode(Process process, Duration limit) throws InterruptedException {
        return exitCode(process, limit, new ByteArrayOutputStream());
    }

    private static int exitCode(Process process, Duration limit, ByteArrayOutputStream output) throws InterruptedException {
        boolean ended = false;
        try {
            ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                throw new Overdue(process, limit, text(output));
            }
            return process.exitValue();
        } finally {
            if (!ended) {
                kill(process);
            }
        }
    }

    private static void collect(InputStream in, ByteArrayOutputStream output) {
        var bytes = new byte[4096];
        try (in) {
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                output.write(bytes, 0, count);
            }
        } catch (IOException closed) {
            output.writeBytes(("[" + closed.getMessage() + "]").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static String text(ByteArrayOutputStream output) {
        return output.toString(StandardCharsets.UTF_8);
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private static ProcessBuilder builder(Object... command) {
        var words = new ArrayList<>(Arrays.stream(command).map(Object::toString).toList());
        String program = words.getFirst();
        Peer.all().stream()
                .filter(peer -> peer.name().equals(program))
                .findFirst()
                .flatMap(Peer::find)
                .ifPresent(path -> words.set(0, path.toString()));
        return new ProcessBuilder(words).redirectErrorStream(true);
    }
}
