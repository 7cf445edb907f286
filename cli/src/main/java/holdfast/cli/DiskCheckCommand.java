package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.disk.DiskFormat;
import holdfast.disk.DiskStack;
import holdfast.disk.Provisioning;
import holdfast.vhdx.Repair;
import holdfast.vhdx.VhdxDisk;
import holdfast.vhdx.VhdxInfo;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
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
            "Looks for damage in a disk and its parents, and changes nothing without --repair.",
            "",
            "Headers, metadata, log and block table are examined, and whether each parent is the one that it was; not the content.",
            "With --repair, what can be put right without guessing is, in DISK alone; its content stays what it is. Other damage is refused.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:no damage was found, or all of it was put right", "1:the disk is damaged, or cannot be opened"})
final class DiskCheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "file or block device")
    Path disk = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is, if not where it says")
    @Nullable Path parentPath;

    @Option(names = "--repair", description = "replay the log, write anew what is damaged and there twice, give back space in which no block lies; and say so")
    boolean repair;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        DiskFormat format = DiskFormat.of(disk);
        if (repair) {
            repaired(format).forEach(what -> out.println(disk + ": " + what));
            out.flush();
        }
        switch (format) {
            case RAW -> raw(out);
            case VHDX -> {
                try (VhdxDisk open = VhdxDisk.open(disk, parentPath)) {
                    for (VhdxInfo layer : open.layers()) {
                        out.println(layer.file() + ": no damage found"
                                + butIn(layer.damagedCopies())
                                + (layer.dirty() ? "; its log is replayed when it is opened, since its last writer did not close it" : ""));
                    }
                }
            }
        }
        out.flush();
        return ExitCode.OK;
    }

    private List<String> repaired(DiskFormat format) {
        return switch (format) {
            case RAW -> DiskStack.isOne(disk) ? DiskStack.repair(disk) : List.of();
            case VHDX -> Repair.run(disk);
        };
    }

    /// @param damagedCopies what is there twice and damaged once
    private static String butIn(List<String> damagedCopies) {
        return damagedCopies.isEmpty() ? ""
                : " but in its " + String.join(" and its ", damagedCopies) + ", of which the other copy is whole: --repair writes it anew";
    }

    private static void arriving(Provisioning.Description arriving, PrintWriter out) {
        out.println(arriving.descriptor() + ": no damage found" + butIn(arriving.damagedCopy() ? List.of("header") : List.of())
                + "; of " + arriving.size().rounded() + ", " + new ByteSize(arriving.presence().absentBytes()).rounded() + " have not arrived yet"
                + (arriving.inOrder() ? "" : "; its last writer did not close it, which did no harm"));
    }

    private void raw(PrintWriter out) {
        if (!DiskStack.isOne(disk)) {
            out.println(disk + ": raw, so there is nothing that could be damaged");
            return;
        }
        try (BlockDevice _ = DiskStack.open(disk, Access.READ_ONLY)) {
            if (Provisioning.isArriving(disk)) {
                arriving(Provisioning.describe(disk), out);
                return;
            }
            DiskStack.Description lazy = DiskStack.describe(disk);
            out.println(lazy.descriptor() + ": no damage found" + butIn(lazy.damagedCopy() ? List.of("header") : List.of())
                    + "; of " + lazy.size().rounded() + ", "
                    + new ByteSize(lazy.pendingBytes()).rounded() + " are still to be initialised"
                    + (lazy.inOrder() ? "" : "; its last writer did not close it, which did no harm"));
        }
    }
}
