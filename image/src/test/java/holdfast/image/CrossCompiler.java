package holdfast.image;

import holdfast.testkit.Peer;
import holdfast.testkit.Program;
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
        Program.output(command.toArray());
        return output;
    }

    /// What a tool of the binutils, such as `objdump`, says.
    static String tool(String name, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(Peer.path(NAME).toString().replaceFirst("gcc$", name)));
        command.addAll(List.of(arguments));
        return Program.output(command.toArray());
    }
}
