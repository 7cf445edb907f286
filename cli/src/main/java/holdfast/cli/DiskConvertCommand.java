package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.disk.DiskCopy;
import holdfast.disk.DiskFormat;
import holdfast.disk.Disks;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk convert`.
@Command(
        name = "convert",
        description = {
            "Copies a disk, with what its parents have, into a new file of any format.",
            "",
            "What is zero takes no room in the new file.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DiskConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "SRC", description = "file or block device")
    Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "DST", description = "the new file")
    Path target = Path.of("");

    @Option(names = "--format", paramLabel = "vhdx|raw", description = "default: what the name says, *.vhdx, *.raw or *.img")
    @Nullable DiskFormat format;

    @Option(names = "--parent-path", paramLabel = "P", description = "where SRC's parent is, if not where it says")
    @Nullable Path parentPath;

    @Override
    public Integer call() {
        DiskFormat chosen = DiskFormat.ofNew(target, format);
        try (BlockDevice device = Disks.open(source, Access.READ_ONLY, parentPath)) {
            DiskCopy.copy(device, source.toString(), target, chosen);
        }
        return ExitCode.OK;
    }
}
