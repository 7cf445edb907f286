package holdfast.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// A command that is only the first word of others.
@Command(mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND")
abstract class CommandGroup implements Runnable {
    @Spec
    @Nullable CommandSpec spec;

    @Override
    public final void run() {
        throw new UsageError(
                "a command is missing: " + String.join(", ", Objects.requireNonNull(spec).subcommands().keySet()));
    }
}
