package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast disk`: files that hold disks.
@Command(
        name = "disk",
        description = "Makes, copies and examines disks: raw images and VHDX files.",
        subcommands = {
            DiskCreateCommand.class,
            DiskInfoCommand.class,
            DiskCheckCommand.class,
            DiskMapCommand.class,
            DiskConvertCommand.class,
            DiskResizeCommand.class,
            DiskCompactCommand.class,
            DiskInitializeCommand.class,
            DiskProvisionCommand.class,
            DiskFillCommand.class,
            DiskDeltaCommand.class,
            DiskTraceCommand.class,
            DiskMergeCommand.class,
            DiskRebaseCommand.class,
            DiskProtectCommand.class,
            DiskUnprotectCommand.class,
            DiskTimelineCommand.class,
            DiskCompressJournalCommand.class,
            DiskMarkCommand.class,
            DiskExportLogCommand.class,
            DiskImportLogCommand.class,
            DiskRecoverCommand.class,
        },
        footer = {
            "",
            "A file is a VHDX disk when it begins as one and its name ends in .vhdx or .avhdx, and a mapping (create --map) when it is called "
                    + "*.holdfast; else it is a raw disk. What disk.raw is besides a raw disk is in disk.raw.holdfast, if it was made lazily.",
        })
final class DiskCommand extends CommandGroup {}
