package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast host`: the daemon.
@Command(
        name = "host",
        description = "Starts, stops and looks at the daemon that keeps virtual machines by name. The first command that needs one starts it.",
        subcommands = {HostStartCommand.class, HostStopCommand.class, HostStatusCommand.class, HostSchemaCommand.class})
final class HostCommand extends CommandGroup {}
