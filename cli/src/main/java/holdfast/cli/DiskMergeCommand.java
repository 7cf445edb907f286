package holdfast.cli;

import holdfast.disk.ProtectedDisk;
import holdfast.vhdx.Merge;
import holdfast.vhdx.VhdxDisk;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk merge`.
@Command(
        name = "merge",
        description = {
            "Writes what a differencing disk holds into its parent, which then reads as the disk does. A parent that is smaller grows first.",
            "",
            "The disk stays as it is, and may be removed afterwards; other disks that lie over the parent do not fit it any more.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskMergeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CHILD", description = "differencing disk")
    Path child = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is, if not where it says")
    @Nullable Path parentPath;

    @Override
    public Integer call() {
        ProtectedDisk.refuse(child, "be merged");
        ProtectedDisk.refuse(parent(), "be merged into");
        Merge.intoParent(child, parentPath);
        return ExitCode.OK;
    }

    private Path parent() {
        try (VhdxDisk open = VhdxDisk.open(child, parentPath)) {
            return open.layers().size() < 2 ? child : Path.of(open.layers().get(1).file());
        }
    }
}
