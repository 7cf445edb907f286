package holdfast.cli;

import static org.awaitility.Awaitility.await;

import holdfast.testkit.Program;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A command on a pseudo-terminal of its own, made by util-linux's `script`: what it shows is collected, keys can be sent.
final class Pty implements AutoCloseable {
    private final Process script;
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final Thread reader;

    /// @param shellCommand run by `sh -c`
    Pty(String shellCommand) throws IOException {
        var builder = new ProcessBuilder("script", "-qfec", shellCommand, "/dev/null").redirectErrorStream(true);
        script = Program.start(builder, Duration.ofHours(1));
        reader = Thread.ofVirtual().start(this::collect);
    }

    private void collect() {
        try (InputStream in = script.getInputStream()) {
            byte[] bytes = new byte[4096];
            for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                synchronized (shown) {
                    shown.write(bytes, 0, n);
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    String shown() {
        synchronized (shown) {
            return shown.toString(StandardCharsets.UTF_8);
        }
    }

    Pty awaits(String text) {
        return awaits(text, Duration.ofSeconds(60));
    }

    Pty awaits(String text, Duration patience) {
        await(text).atMost(patience).pollInterval(Duration.ofMillis(20)).until(() -> shown().contains(text));
        return this;
    }

    Pty types(String keys) throws IOException {
        script.getOutputStream().write(keys.getBytes(StandardCharsets.ISO_8859_1));
        script.getOutputStream().flush();
        return this;
    }

    /// The process below that runs this program, e.g. `java`.
    ProcessHandle process(String program) {
        return script.descendants()
                .filter(process -> process.info().command().orElse("").endsWith("/" + program))
                .findFirst()
                .orElseThrow();
    }

    /// Waits for the end and returns everything shown.
    String ends() throws InterruptedException {
        return ends(Duration.ofSeconds(60));
    }

    String ends(Duration patience) throws InterruptedException {
        if (!script.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("has not ended; shown so far: " + shown());
        }
        reader.join(patience);
        return shown();
    }

    @Override
    public void close() {
        script.descendants().forEach(ProcessHandle::destroyForcibly);
        script.destroyForcibly();
    }
}
