package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.disk.DiskFormat;
import holdfast.disk.DiskStack;
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
            "With --map it is a disk on a file or block device, of its size, whose content is not seen and overwritten bit by bit.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DiskCreateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "the new file")
    Path disk = Path.of("");

    @Option(names = "--size", paramLabel = "SIZE", description = "such as 20G")
    @Nullable ByteSize size;

    @Option(names = "--format", paramLabel = "vhdx|raw", description = "default: what the name says, *.vhdx, *.raw or *.img")
    @Nullable DiskFormat format;

    @Option(names = "--parent", paramLabel = "P", description = "VHDX disk to lie over")
    @Nullable Path parent;

    @Option(names = "--map", paramLabel = "DEVICE", description = "file or block device to lie on; DISK is called *.holdfast")
    @Nullable Path map;

    @Option(names = "--fixed", description = "VHDX: the same as --preallocate full")
    boolean fixed;

    @Option(
            names = "--preallocate",
            paramLabel = "lazy|full",
            description = "take all of its space at once, and zero each block when it is first written, or all of them now")
    @Nullable Preallocation preallocation;

    @Option(
            names = "--watermark",
            description = "lazy raw disks, --map: zero only what lies before a write in its block, for those who write from beginning to end")
    boolean watermark;

    @Option(names = "--block-size", paramLabel = "SIZE", description = "1M to 256M; default: 32M")
    @Nullable ByteSize blockSize;

    @Option(names = "--sector", paramLabel = "512|4096", description = "what a guest addresses; default: 512")
    @Nullable Integer sector;

    /// When space that is taken at once is zeroed.
    enum Preallocation {
        lazy,
        full
    }

    @Override
    public Integer call() {
        if (fixed && preallocation != null) {
            throw new UsageError("--fixed and --preallocate exclude each other");
        }
        if (map != null) {
            mapping(map);
            return ExitCode.OK;
        }
        DiskFormat chosen = DiskFormat.ofNew(disk, format);
        if (parent != null) {
            child(parent, chosen);
        } else if (chosen == DiskFormat.RAW) {
            raw();
        } else {
            vhdx();
        }
        return ExitCode.OK;
    }

    private void mapping(Path device) {
        if (size != null || format != null || parent != null || fixed || preallocation != null || blockSize != null || sector != null) {
            throw new UsageError("--map excludes all but --watermark: the disk is as large as what it lies on");
        }
        DiskStack.createMapping(disk, device, watermark);
    }

    private void child(Path below, DiskFormat chosen) {
        if (chosen == DiskFormat.RAW) {
            throw new UsageError("--parent is for VHDX disks; " + disk + " is to be a raw one");
        }
        if (size != null || fixed || preallocation != null || blockSize != null || sector != null || watermark) {
            throw new UsageError("--size, --fixed, --preallocate, --watermark, --block-size and --sector exclude --parent, which says how large the disk is");
        }
        NewVhdx.createOver(disk, below);
    }

    private void raw() {
        if (fixed || blockSize != null || sector != null) {
            throw new UsageError("--fixed, --block-size and --sector are for VHDX disks; " + disk + " is to be a raw one");
        }
        if (watermark && preallocation != Preallocation.lazy) {
            throw new UsageError("--watermark goes with --preallocate lazy");
        }
        NewRaw.create(disk, needed().bytes(), space());
    }

    private NewRaw.Space space() {
        return switch (preallocation) {
            case null -> NewRaw.Space.AS_NEEDED;
            case full -> NewRaw.Space.FULL;
            case lazy -> watermark ? NewRaw.Space.LAZY_WATERMARK : NewRaw.Space.LAZY;
        };
    }

    private void vhdx() {
        if (watermark) {
            throw new UsageError("--watermark is for raw disks; " + disk + " is to be a VHDX one");
        }
        long block = blockSize == null ? NewVhdx.BLOCK_BYTES : blockSize.bytes();
        if (block > Integer.MAX_VALUE) {
            throw new UsageError("--block-size: " + blockSize + " is more than 256MiB");
        }
        var shape = new NewVhdx.Shape(
                needed().bytes(), (int) block, Objects.requireNonNullElse(sector, 512), fixed || preallocation != null);
        if (preallocation == Preallocation.lazy) {
            NewVhdx.createLazily(disk, shape);
        } else {
            NewVhdx.create(disk, shape);
        }
    }

    private ByteSize needed() {
        if (size == null) {
            throw new UsageError("how large the disk is to be is missing: --size SIZE");
        }
        return size;
    }
}
