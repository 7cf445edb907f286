package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast token`: who may use the daemon from elsewhere.
@Command(
        name = "token",
        description = "Makes, lists and removes the tokens by which others use a daemon that listens ('host start --listen').",
        subcommands = {TokenAddCommand.class, TokenListCommand.class, TokenRemoveCommand.class})
final class TokenCommand extends CommandGroup {}
