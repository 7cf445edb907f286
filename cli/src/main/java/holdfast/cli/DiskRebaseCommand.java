package holdfast.cli;

import holdfast.disk.ProtectedDisk;
import holdfast.disk.Provisioning;
import holdfast.vhdx.ParentLink;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk rebase`.
@Command(
        name = "rebase",
        description = {
            "Changes what a differencing disk says of its parent; the content of neither is touched.",
            "",
            "A parent that has changed since, or is another disk, makes this one a mixture of old and new, unless you know better.",
            "",
            "With --from it changes where a disk made with disk provision comes from; that has to be the same image.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskRebaseCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "differencing disk, or one that is still arriving")
    Path disk = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is from now on")
    @Nullable Path parentPath;

    @Option(names = "--accept-parent", description = "take the parent for the right one as it is now")
    boolean acceptParent;

    @Option(names = "--from", paramLabel = "IMAGE", description = "where the rest of it comes from, from now on, as disk provision takes it")
    @Nullable String from;

    @Override
    public Integer call() {
        if (from != null) {
            if (parentPath != null || acceptParent) {
                throw new UsageError("--from goes with neither --parent-path nor --accept-parent");
            }
            Provisioning.move(disk, from);
            return ExitCode.OK;
        }
        if (parentPath == null && !acceptParent) {
            throw new UsageError("there is nothing to change: name --parent-path, --accept-parent or both, or --from");
        }
        ProtectedDisk.refuse(disk, "get another parent");
        ParentLink.change(disk, parentPath, acceptParent);
        return ExitCode.OK;
    }
}
