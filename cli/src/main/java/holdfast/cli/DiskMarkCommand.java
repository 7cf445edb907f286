package holdfast.cli;

import holdfast.disk.ProtectedDisk;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk mark`.
@Command(
        name = "mark",
        description = {
            "Names what a protected disk is now, so that it can be recovered by that name, also while a running Holdfast has it open.",
            "",
            "What the disk has been told to write is before the mark; what a guest still holds in its memory is not, but with --freeze.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskMarkCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DISK", description = "protected disk")
    Path disk = Path.of("");

    @Parameters(index = "1", paramLabel = "NAME", description = "of the mark; there may be several of one name, of which the newest is meant")
    String name = "";

    @Option(names = "--freeze", description = "a guest that has the disk writes down what its file systems hold, and keeps them still for the moment of the mark; it needs a guest agent")
    boolean freeze;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (!ProtectedDisk.isMarkName(name)) {
            throw new UsageError("a mark has a name of 1 to " + ProtectedDisk.MARK_NAME_LENGTH_MAX + " characters that can be printed");
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (!HeldDisk.ask(disk, freeze ? "freeze" : "mark", name, out)) {
            write(name, ProtectedDisk.mark(disk, name), out);
        }
        out.flush();
        return ExitCode.OK;
    }

    static void write(String name, long sequence, PrintWriter out) {
        out.println("mark " + name + " is entry " + sequence);
    }
}
