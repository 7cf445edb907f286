package holdfast.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast nbd`: disks for other programs, by the NBD protocol.
@Command(
        name = "nbd",
        description = "Serves disks to whatever speaks NBD (QEMU, nbdcopy, the Linux kernel), and looks at what others serve.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {NbdServeCommand.class, NbdInfoCommand.class})
final class NbdCommand implements Runnable {
    @Spec
    @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new UsageError(
                "a command is missing: " + String.join(", ", Objects.requireNonNull(spec).subcommands().keySet()));
    }
}
