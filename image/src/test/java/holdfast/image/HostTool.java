package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Peer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;

/// A run of a peer on the host.
///
/// @param output standard output and standard error
record HostTool(int exitCode, String output) {

    static HostTool run(String program, Object... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Peer.path(program).toString());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new HostTool(process.waitFor(), output);
    }

    /// What it prints; it must succeed.
    static String output(String program, Object... arguments) throws IOException, InterruptedException {
        HostTool done = run(program, arguments);
        assertThat(done.exitCode()).as("%s: %s", program, done.output()).isZero();
        return done.output();
    }
}
