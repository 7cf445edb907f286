package holdfast.cli;

import holdfast.disk.ProtectedDisk;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk export-log`.
@Command(
        name = "export-log",
        description = {
            "Writes the journal of a protected disk as a log of Linux's dm-log-writes: its changes, flushes and marks, in their order.",
            "",
            "What replays such logs makes of the disk's base what the disk was at a mark. The disk may be in use.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskExportLogCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DISK", description = "protected disk")
    Path disk = Path.of("");

    @Parameters(index = "1", paramLabel = "LOG", description = "file that is made")
    Path log = Path.of("");

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        long entries = ProtectedDisk.exportLog(disk, log);
        out.println(log + ": " + entries + " entries of the journal of " + disk);
        out.flush();
        return ExitCode.OK;
    }
}
