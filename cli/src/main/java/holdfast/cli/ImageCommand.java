package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast image`: what guests boot from.
@Command(
        name = "image",
        description = "Builds, lists, imports and removes the images that guests boot from.",
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
final class ImageCommand extends CommandGroup {}
