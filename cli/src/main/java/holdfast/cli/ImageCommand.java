package holdfast.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast image`: what guests boot from.
@Command(
        name = "image",
        description = "Builds, lists, imports and removes the images that guests boot from.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ImageBuildCommand.class,
            ImageListCommand.class,
            ImageRemoveCommand.class,
            ImageImportCommand.class,
        },
        footer = {
            "",
            "Files:",
            "  $HOLDFAST_HOME/images (~/.local/share/holdfast/images)    the images",
            "  $HOLDFAST_CACHE (~/.cache/holdfast)    packages they were built from; may be removed at any time",
        })
final class ImageCommand implements Runnable {
    @Spec
    @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new UsageError(
                "a command is missing: " + String.join(", ", Objects.requireNonNull(spec).subcommands().keySet()));
    }
}
