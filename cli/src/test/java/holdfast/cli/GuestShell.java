package holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A guest that `holdfast run --exec sh` has booted, and commands in it, one after the other.
final class GuestShell implements AutoCloseable {
    /// A line that no command prints, then the exit code.
    private static final String END = "@@end@@";

    private final Process process;
    private final OutputStream in;
    private final InputStream out;

    /// @param log of the program's standard error
    GuestShell(Path log, String... options) throws IOException {
        var words = new ArrayList<>(List.of("run", "--exec", "sh 2>&1"));
        words.addAll(List.of(options));
        process = Program.builder(words.toArray(String[]::new)).redirectError(log.toFile()).start();
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
        in.write(("{ " + command + "\n} </dev/null; code=$?; echo; echo " + END + " $code\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        var text = new StringBuilder();
        for (String line = line(); ; line = line()) {
            if (line.startsWith(END)) {
                return new Answer(Integer.parseInt(line.substring(END.length()).strip()), text.toString());
            }
            text.append(line).append('\n');
        }
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (int c = out.read(); c != '\n'; c = out.read()) {
            if (c < 0) {
                throw new AssertionError("the guest has gone: " + line);
            }
            line.append((char) c);
        }
        return line.toString();
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
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
