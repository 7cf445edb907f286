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

/// `holdfast disk import-log`.
@Command(
        name = "import-log",
        description = {
            "Does to a protected disk what a log of Linux's dm-log-writes, or of QEMU's blklogwrites, says was done to another one.",
            "",
            "The disk is to be what that one was when its log began. Everything is journaled, so that each mark of the log, and all between them, can be "
                    + "recovered.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskImportLogCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DISK", description = "protected disk that nobody has open")
    Path disk = Path.of("");

    @Parameters(index = "1", paramLabel = "LOG", description = "file or block device with the log")
    Path log = Path.of("");

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Preflight.readable("LOG", log);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        long entries = ProtectedDisk.importLog(disk, log);
        out.println(disk + ": " + entries + " entries of " + log);
        out.flush();
        return ExitCode.OK;
    }
}
