package holdfast.cli;

import holdfast.image.Images;
import holdfast.testkit.Program;
import holdfast.testkit.Tree;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The program `holdfast` as a process of its own, as a user starts it: for tests of whole guests. Images are built once, in
/// the tree's `target`.
final class Holdfast {
    private static final Duration DEADLINE = Duration.ofMinutes(4);

    /// How long a run may last that a test starts and does other things meanwhile.
    private static final Duration LIFE = Duration.ofMinutes(10);

    /// Where `./holdfast check` has built what it starts, which is there sooner; else it is Java and the classes under test.
    private static final @Nullable String LAUNCHER = System.getProperty("holdfast.command");

    private Holdfast() {}

    /// What a run printed, and its exit code.
    record Ended(int exitCode, byte[] outBytes, String err) {
        String out() {
            return new String(outBytes, StandardCharsets.UTF_8);
        }
    }

    static ProcessBuilder builder(String... args) {
        var builder = new ProcessBuilder(command(args));
        builder.environment().put("HOLDFAST_HOME", home().toString());
        return builder;
    }

    /// The same.
    ///
    /// @param options of its JVM
    static ProcessBuilder builder(List<String> options, String... args) {
        ProcessBuilder builder = builder(args);
        if (LAUNCHER == null) {
            builder.command().addAll(1, options);
        } else {
            builder.environment().put("HOLDFAST_JAVA_OPTS", String.join(" ", options));
        }
        return builder;
    }

    /// Starts the program, for as long as a test takes at most.
    static Process start(String... args) throws IOException {
        return start(builder(args));
    }

    static Process start(ProcessBuilder builder) throws IOException {
        return Program.start(builder, LIFE);
    }

    /// The words that start the program.
    static List<String> command(String... args) {
        var command = new ArrayList<String>();
        if (LAUNCHER == null) {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.add("@" + Tree.root().resolve("tools/jvm.options"));
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), "holdfast.cli.Main"));
        } else {
            command.add(LAUNCHER);
        }
        command.addAll(List.of(args));
        return command;
    }

    static Path home() {
        return Tree.root().resolve("target/test-home");
    }

    static Ended run(String... args) throws IOException, InterruptedException {
        return run(new byte[0], args);
    }

    static Ended run(byte[] stdin, String... args) throws IOException, InterruptedException {
        Process process = start(args);
        Thread.ofVirtual().start(() -> feed(process, stdin));
        return ended(process);
    }

    private static void feed(Process process, byte[] stdin) {
        try (var in = process.getOutputStream()) {
            in.write(stdin);
        } catch (IOException e) {
            // A program that has ended reads no more; its exit code says whether that was right.
            process.isAlive();
        }
    }

    /// Waits for the end of a process whose output nobody else reads.
    static Ended ended(Process process) throws IOException, InterruptedException {
        return ended(process, DEADLINE);
    }

    static Ended ended(Process process, Duration deadline) throws IOException, InterruptedException {
        CompletableFuture<byte[]> err = reading(process.getErrorStream(), deadline);
        CompletableFuture<byte[]> out = reading(process.getInputStream(), deadline);
        try {
            int exitCode = Program.exitCode(process, deadline);
            return new Ended(exitCode, out.join(), new String(err.join(), StandardCharsets.UTF_8));
        } catch (Program.Overdue overdue) {
            throw new AssertionError(overdue.getMessage() + "; standard error: " + new String(err.join(), StandardCharsets.UTF_8)
                    + "; standard output: " + new String(out.join(), StandardCharsets.UTF_8), overdue);
        }
    }

    /// On a thread of its own: the common pool may have a single one, and each of the two streams must be read meanwhile.
    private static CompletableFuture<byte[]> reading(InputStream in, Duration deadline) {
        return CompletableFuture.supplyAsync(() -> all(in), task -> Thread.ofVirtual().start(task))
                .orTimeout(deadline.plusSeconds(30).toSeconds(), TimeUnit.SECONDS);
    }

    private static byte[] all(InputStream in) {
        try (in) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Waits until a file that somebody else writes contains this text.
    static void awaitText(Path file, String text) {
        awaitText(file, text, DEADLINE);
    }

    static void awaitText(Path file, String text, Duration deadline) {
        org.awaitility.Awaitility.await(text)
                .atMost(deadline)
                .until(() -> Files.exists(file) && Files.readString(file, StandardCharsets.ISO_8859_1).contains(text));
    }
}
