package holdfast.cli;

import holdfast.disk.DiskDelta;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `holdfast disk delta`.
@Command(
        name = "delta",
        description = {
            "Writes the modified blocks of a provisioned disk to a new VHDX disk over its image.",
            "",
            "DISK was provisioned from a VHDX file and is used by nobody. Disks can be provisioned from OUT in turn. Once all of a disk has arrived, "
                    + "what has been modified is not noted any more.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskDeltaCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DISK", description = "disk made with disk provision")
    Path disk = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "the new disk, *.vhdx")
    Path out = Path.of("");

    @Override
    public Integer call() {
        DiskDelta.write(disk, out);
        return ExitCode.OK;
    }
}
