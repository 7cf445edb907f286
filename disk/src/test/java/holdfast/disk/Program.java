package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A run of a program outside the project.
///
/// @param output standard output and standard error
record Program(int exitCode, String output) {

    static Program run(Object... command) throws IOException, InterruptedException {
        Process process = start(command);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Program(process.waitFor(), output);
    }

    static Process start(Object... command) throws IOException {
        var words = new String[command.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = command[i].toString();
        }
        return new ProcessBuilder(words).redirectErrorStream(true).start();
    }

    /// What it prints; it must succeed.
    static String output(Object... command) throws IOException, InterruptedException {
        Program done = run(command);
        assertThat(done.exitCode()).as(done.output()).isZero();
        return done.output();
    }

    /// What a file takes on the host's disk.
    static long allocatedBytes(Path file) throws IOException, InterruptedException {
        return 512 * Long.parseLong(output("stat", "-c", "%b", file).strip());
    }
}
