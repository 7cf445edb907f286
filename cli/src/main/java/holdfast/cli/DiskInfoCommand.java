package holdfast.cli;

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

/// `holdfast disk info`.
@Command(
        name = "info",
        description = "Says what a disk is, also one that a running Holdfast has open; its parents need not be there.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskInfoCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "file or block device")
    Path disk = Path.of("");

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (!HeldDisk.ask(disk, "info", format.name(), out)) {
            DiskFacts.of(disk).write(format, out);
        }
        out.flush();
        return ExitCode.OK;
    }
}
