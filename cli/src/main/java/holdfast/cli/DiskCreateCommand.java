package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.disk.DiskFormat;
import holdfast.disk.NewRaw;
import holdfast.vhdx.NewVhdx;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk create`.
@Command(
        name = "create",
        description = {
            "Makes a disk that reads as zeros, or as its parent.",
            "",
            "With --parent it holds what becomes different from that disk, which must not change any more; size and sectors are the parent's.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DiskCreateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "the new file")
    Path disk = Path.of("");

    @Option(names = "--size", paramLabel = "SIZE", description = "such as 20G")
    @Nullable ByteSize size;

    @Option(names = "--format", paramLabel = "vhdx|raw", description = "default: raw for *.raw and *.img, else vhdx")
    @Nullable DiskFormat format;

    @Option(names = "--parent", paramLabel = "P", description = "VHDX disk to lie over")
    @Nullable Path parent;

    @Option(names = "--fixed", description = "take all of its space at once")
    boolean fixed;

    @Option(names = "--block-size", paramLabel = "SIZE", description = "1M to 256M; default: 32M")
    @Nullable ByteSize blockSize;

    @Option(names = "--sector", paramLabel = "512|4096", description = "what a guest addresses; default: 512")
    @Nullable Integer sector;

    @Override
    public Integer call() {
        DiskFormat chosen = format == null ? DiskFormat.ofName(disk) : format;
        if (chosen == DiskFormat.RAW) {
            raw();
        } else if (parent == null) {
            vhdx();
        } else {
            if (size != null || fixed || blockSize != null || sector != null) {
                throw new UsageError("--size, --fixed, --block-size and --sector exclude --parent, which says how large the disk is");
            }
            NewVhdx.createOver(disk, parent);
        }
        return ExitCode.OK;
    }

    private void raw() {
        if (parent != null || fixed || blockSize != null || sector != null) {
            throw new UsageError("--parent, --fixed, --block-size and --sector are for VHDX disks; " + disk + " is to be a raw one");
        }
        NewRaw.create(disk, needed().bytes());
    }

    private void vhdx() {
        long block = blockSize == null ? NewVhdx.BLOCK_BYTES : blockSize.bytes();
        if (block > Integer.MAX_VALUE) {
            throw new UsageError("--block-size: " + blockSize + " is more than 256MiB");
        }
        NewVhdx.create(disk, new NewVhdx.Shape(
                needed().bytes(), (int) block, Objects.requireNonNullElse(sector, 512), fixed));
    }

    private ByteSize needed() {
        if (size == null) {
            throw new UsageError("how large the disk is to be is missing: --size SIZE");
        }
        return size;
    }
}
