package holdfast.cli;

import holdfast.disk.ProtectedDisk;
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
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskRebaseCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "differencing disk")
    Path disk = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is from now on")
    @Nullable Path parentPath;

    @Option(names = "--accept-parent", description = "take the parent for the right one as it is now")
    boolean acceptParent;

    @Override
    public Integer call() {
        if (parentPath == null && !acceptParent) {
            throw new UsageError("there is nothing to change: name --parent-path, --accept-parent or both");
        }
        ProtectedDisk.refuse(disk, "get another parent");
        ParentLink.change(disk, parentPath, acceptParent);
        return ExitCode.OK;
    }
}
