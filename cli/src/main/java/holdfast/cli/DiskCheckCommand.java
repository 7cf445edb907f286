package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.disk.DiskFormat;
import holdfast.disk.DiskStack;
import holdfast.vhdx.VhdxDisk;
import holdfast.vhdx.VhdxInfo;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk check`.
@Command(
        name = "check",
        description = {
            "Looks for damage in a disk and its parents, and changes nothing.",
            "",
            "Headers, metadata, log and block table are examined, and whether each parent is the one that it was; not the content.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:no damage was found", "1:the disk is damaged, or cannot be opened"})
final class DiskCheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "file or block device")
    Path disk = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is, if not where it says")
    @Nullable Path parentPath;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        switch (DiskFormat.of(disk)) {
            case RAW -> raw(out);
            case VHDX -> {
                try (VhdxDisk open = VhdxDisk.open(disk, parentPath)) {
                    for (VhdxInfo layer : open.layers()) {
                        out.println(layer.file() + ": no damage found"
                                + (layer.dirty() ? "; its log is replayed when it is opened, since its last writer did not close it" : ""));
                    }
                }
            }
        }
        out.flush();
        return ExitCode.OK;
    }

    private void raw(PrintWriter out) {
        if (!DiskStack.isOne(disk)) {
            out.println(disk + ": raw, so there is nothing that could be damaged");
            return;
        }
        try (BlockDevice _ = DiskStack.open(disk, Access.READ_ONLY)) {
            DiskStack.Description lazy = DiskStack.describe(disk);
            out.println(lazy.descriptor() + ": no damage found; of " + lazy.size().rounded() + ", "
                    + new ByteSize(lazy.pendingBytes()).rounded() + " are still to be initialised"
                    + (lazy.inOrder() ? "" : "; its last writer did not close it, which did no harm"));
        }
    }
}
