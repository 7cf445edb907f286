package holdfast.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast disk`: files that hold disks.
@Command(
        name = "disk",
        description = "Makes, copies and examines disks: raw images and VHDX files.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DiskCreateCommand.class,
            DiskInfoCommand.class,
            DiskCheckCommand.class,
            DiskMapCommand.class,
            DiskConvertCommand.class,
            DiskResizeCommand.class,
            DiskCompactCommand.class,
            DiskMergeCommand.class,
            DiskRebaseCommand.class,
        },
        footer = {
            "",
            "A file is a VHDX disk when it begins as one and its name ends in .vhdx or .avhdx; else it is a raw disk.",
        })
final class DiskCommand implements Runnable {
    @Spec
    @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new UsageError(
                "a command is missing: " + String.join(", ", Objects.requireNonNull(spec).subcommands().keySet()));
    }
}
