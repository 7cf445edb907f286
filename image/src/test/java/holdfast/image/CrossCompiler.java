package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.testkit.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Debian's cross compiler for riscv64 and its binutils.
final class CrossCompiler {
    static final String NAME = "riscv64-linux-gnu-gcc";

    private CrossCompiler() {}

    static Path compile(Path output, String source, String... options) throws IOException, InterruptedException {
        Path file = Files.writeString(output.resolveSibling(output.getFileName() + ".c"), source);
        var command = new ArrayList<>(List.of(Peer.path(NAME).toString(), "-O2", "-o", output.toString(), file.toString()));
        command.addAll(List.of(options));
        run(command);
        return output;
    }

    /// What a tool of the binutils, such as `objdump`, says.
    static String tool(String name, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(Peer.path(NAME).toString().replaceFirst("gcc$", name)));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(command + ": " + said);
        }
        return said;
    }
}
