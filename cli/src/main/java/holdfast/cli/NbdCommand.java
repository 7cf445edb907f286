package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast nbd`: disks for other programs, by the NBD protocol.
@Command(
        name = "nbd",
        description = "Serves disks to whatever speaks NBD (QEMU, nbdcopy, the Linux kernel), and looks at what others serve.",
        subcommands = {NbdServeCommand.class, NbdInfoCommand.class})
final class NbdCommand extends CommandGroup {}
