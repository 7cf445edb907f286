package holdfast.image;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Runs a program of this machine and waits for its end.
final class Command {
    /// How much of what a program says on stderr is kept: enough for its last message.
    private static final int ERROR_LINES_MAX = 50;

    private Command() {}

    /// @param errors the last lines on stderr
    record Outcome(int exitCode, List<String> errors) {}

    /// The program is not on this machine.
    static final class Missing extends IOException {
        Missing(String program) {
            super(program + " is not on this machine");
        }
    }

    /// Runs a program without input, in the C locale.
    ///
    /// @param out hears every line on stdout as it comes
    /// @throws InterruptedException when the calling thread was interrupted; the program has been ended then
    static Outcome run(List<String> command, Map<String, String> environment, Consumer<String> out)
            throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().putAll(environment);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = start(builder);
        Deque<String> errors = new ArrayDeque<>();
        try {
            Thread reader = Thread.ofVirtual().start(() -> lines(process.getErrorStream(), line -> {
                errors.add(line);
                if (errors.size() > ERROR_LINES_MAX) {
                    errors.remove();
                }
            }));
            // On a thread of its own, since a blocking read does not hear of an interrupt.
            Thread listener = Thread.ofVirtual().start(() -> lines(process.getInputStream(), out));
            int exitCode = process.waitFor();
            listener.join();
            reader.join();
            return new Outcome(exitCode, List.copyOf(errors));
        } finally {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
        }
    }

    private static Process start(ProcessBuilder builder) throws IOException {
        try {
            return builder.start();
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            if (message.contains("error=2") || message.contains("No such file")) {
                throw new Missing(builder.command().getFirst());
            }
            throw e;
        }
    }

    private static void lines(InputStream stream, Consumer<String> consumer) {
        try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            reader.lines().forEach(consumer);
        } catch (IOException | UncheckedIOException _) {
            // The program was ended: nothing more to hear.
        }
    }
}
