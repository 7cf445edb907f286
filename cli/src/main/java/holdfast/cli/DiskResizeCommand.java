package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.disk.DiskFormat;
import holdfast.disk.Disks;
import holdfast.vhdx.Growth;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk resize`.
@Command(
        name = "resize",
        description = {
            "Makes a disk larger that nobody uses; what is new reads as zeros.",
            "",
            "Disks that lie over it do not fit it any more.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskResizeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "raw image or VHDX file")
    Path disk = Path.of("");

    @Option(names = "--size", paramLabel = "SIZE", description = "the new size, such as 20G")
    @Nullable ByteSize size;

    @Override
    public Integer call() {
        if (size == null) {
            throw new UsageError("how large the disk is to be is missing: --size SIZE");
        }
        switch (DiskFormat.of(disk)) {
            case RAW -> raw(size.bytes());
            case VHDX -> Growth.grow(disk, size.bytes());
        }
        return ExitCode.OK;
    }

    private void raw(long bytes) {
        try (BlockDevice file = Disks.open(disk, Access.READ_WRITE, null)) {
            long now = file.geometry().sizeBytes();
            int sector = file.geometry().logicalBlockBytes();
            if (bytes < now || bytes % sector != 0) {
                throw new OperatorError(
                        disk.toString(),
                        bytes < now
                                ? "cannot be made smaller than it is, " + new ByteSize(now)
                                : "has whole sectors of " + sector + " bytes, not " + bytes + " bytes",
                        "choose another size");
            }
            if (bytes > now) {
                file.grow(bytes);
            }
        }
    }
}
