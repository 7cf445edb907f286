package holdfast.cli;

import holdfast.disk.DiskTrace;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `holdfast disk trace`.
@Command(
        name = "trace",
        description = {
            "Writes down which parts of its image a provisioned disk has needed so far, such as for a boot.",
            "",
            "disk fill --trace lets just these arrive in another disk from the same image. DISK is used by nobody.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskTraceCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DISK", description = "disk made with disk provision")
    Path disk = Path.of("");

    @Parameters(index = "1", paramLabel = "TRACE", description = "the new file")
    Path trace = Path.of("");

    @Override
    public Integer call() {
        DiskTrace.write(disk, trace);
        return ExitCode.OK;
    }
}
