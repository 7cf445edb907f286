package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.Geometry;
import holdfast.block.OperatorError;
import holdfast.disk.DiskFormat;
import holdfast.disk.Disks;
import holdfast.disk.ProtectedDisk;
import holdfast.vhdx.Growth;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk resize`.
@Command(
        name = "resize",
        description = {
            "Makes a disk larger; what is new reads as zeros.",
            "",
            "It may be open in a running Holdfast: a guest that has it sees its new size at once, NBD clients when they connect again.",
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

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (size == null) {
            throw new UsageError("how large the disk is to be is missing: --size SIZE");
        }
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        var told = new AtomicBoolean();
        Consumer<String> goesOn = process -> {
            if (!told.getAndSet(true)) {
                line.getErr().println("holdfast disk resize: process " + process + ", which has it open, is making it larger; this takes a while");
                line.getErr().flush();
            }
        };
        if (HeldDisk.ask(disk, "resize", Long.toString(size.bytes()), line.getOut(), goesOn, DiskControl.PATIENCE)) {
            return ExitCode.OK;
        }
        switch (DiskFormat.of(disk)) {
            case RAW -> raw(size.bytes());
            case VHDX -> {
                ProtectedDisk.refuse(disk, "grow");
                Growth.grow(disk, size.bytes());
            }
        }
        return ExitCode.OK;
    }

    private void raw(long bytes) {
        try (BlockDevice file = Disks.open(disk, Access.READ_WRITE, null)) {
            grow(disk.toString(), file.geometry(), bytes, file::grow);
        }
    }

    /// @param name of the disk, for messages
    /// @throws OperatorError when a disk of this shape cannot have this size, and what the grower throws
    static void grow(String name, Geometry disk, long bytes, LongConsumer grower) {
        long now = disk.sizeBytes();
        int sector = disk.logicalBlockBytes();
        if (bytes < now || bytes % sector != 0) {
            throw new OperatorError(
                    name,
                    bytes < now
                            ? "cannot be made smaller than it is, " + new ByteSize(now)
                            : "has whole sectors of " + sector + " bytes, not " + bytes + " bytes",
                    "choose another size");
        }
        if (bytes > now) {
            grower.accept(bytes);
        }
    }
}
