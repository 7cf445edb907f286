package holdfast.cli;

import holdfast.testkit.Program;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A guest that `holdfast run --exec sh` has booted, and commands in it, one after the other.
final class GuestShell implements AutoCloseable {
    /// A line that no command prints, then the exit code.
    private static final String END = "@@end@@";

    /// For a command; the first waits for the boot as well.
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private final Path log;
    private final Path console;
    private final Duration patience;
    private final Process process;
    private final OutputStream in;
    private final InputStream out;

    /// @param log of the program's standard error; the guest's console goes into a file beside it
    GuestShell(Path log, String... options) throws IOException {
        this(log, PATIENCE, options);
    }

    /// @param patience the longest that a command may take; then the guest is ended
    GuestShell(Path log, Duration patience, String... options) throws IOException {
        this.log = log;
        this.patience = patience;
        console = log.resolveSibling(log.getFileName() + ".console");
        var words = new ArrayList<>(List.of("run", "--exec", "sh 2>&1", "--console-log", console.toString()));
        words.addAll(List.of(options));
        var builder = Holdfast.builder(words.toArray(String[]::new)).redirectError(log.toFile());
        process = Program.start(builder, patience.multipliedBy(10));
        in = process.getOutputStream();
        out = process.getInputStream();
    }

    /// What a command prints; it must succeed.
    String run(String command) throws IOException {
        Answer answer = attempt(command);
        if (answer.exitCode != 0) {
            throw new AssertionError(command + " ended with " + answer.exitCode + ": " + answer.text);
        }
        return answer.text.strip();
    }

    /// What a command printed, and how it ended.
    record Answer(int exitCode, String text) {}

    Answer attempt(String command) throws IOException {
        var text = new StringBuilder();
        // Nothing but the guest's end would interrupt a thread that reads from it.
        var watchdog = CompletableFuture.runAsync(
                process::destroyForcibly, CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS));
        try {
            in.write(("{ " + command + "\n} </dev/null; code=$?; echo; echo " + END + " $code\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
            for (String line = line(text); ; line = line(text)) {
                if (line.startsWith(END)) {
                    return new Answer(Integer.parseInt(line.substring(END.length()).strip()), text.toString());
                }
                text.append(line).append('\n');
            }
        } catch (IOException gone) {
            String why = watchdog.isDone()
                    ? "was ended, since this took longer than " + patience.toMillis() / 1000.0 + " s: "
                    : "has gone during: ";
            throw new AssertionError("the guest " + why + command + "\nwhich had printed: " + text + seen(), gone);
        } finally {
            watchdog.cancel(false);
        }
    }

    private String line(StringBuilder text) throws IOException {
        var line = new StringBuilder();
        for (int c = out.read(); c != '\n'; c = out.read()) {
            if (c < 0) {
                text.append(line);
                throw new IOException("the end of its output");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    /// What the program and the guest's console have said so far.
    String seen() throws IOException {
        return "\nstandard error of the run: " + Files.readString(log) + "\nthe guest's console: "
                + (Files.exists(console) ? Files.readString(console, StandardCharsets.ISO_8859_1) : "nothing");
    }

    Process process() {
        return process;
    }

    /// Waits for the address that a DHCP server gives.
    void awaitAddress() throws IOException {
        run("i=0; until ip route | grep -q default; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done");
    }

    /// Lets the shell end, and with it the run.
    @Override
    public void close() throws IOException {
        in.close();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
