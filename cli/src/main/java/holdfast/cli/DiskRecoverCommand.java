package holdfast.cli;

import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.disk.DiskCopy;
import holdfast.disk.DiskFormat;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.Target;
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

/// `holdfast disk recover`.
@Command(
        name = "recover",
        description = {
            "Makes a new disk of what a protected disk was, or makes it that again, and says which point that is.",
            "",
            "A point is mark:NAME, time:T, seq:N (behind the entry N; 0 is the base) or marked-before:T (the newest mark not after T).",
            "A time is the last entry before the clock first passed it: 2026-11-22T14:30:00, or with Z or +01:00 behind it.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskRecoverCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "protected disk that nobody has open for writing")
    Path disk = Path.of("");

    @Option(names = "--to", paramLabel = "POINT", converter = TargetArgument.class, description = "which point; a bare word is a mark")
    @Nullable Target to;

    @Option(names = "--as", paramLabel = "NEW", description = "the new disk, *.vhdx or *.raw, which needs neither journal nor base")
    @Nullable Path as;

    @Option(names = "--in-place", description = "change DISK back to what it was; nobody may have it open. That is journaled in turn, and so can be undone, and done again when it was interrupted")
    boolean inPlace;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (to == null) {
            throw new UsageError("which point is missing: --to mark:NAME, time:T, seq:N or marked-before:T");
        }
        if ((as == null) != inPlace) {
            throw new UsageError("where it is to be is missing, or said twice: --as NEW, or --in-place");
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(as == null ? inPlace(to) : copy(to, as));
        out.flush();
        return ExitCode.OK;
    }

    private String copy(Target target, Path copy) {
        DiskFormat format = DiskFormat.ofNew(copy, null);
        ProtectedDisk.Past past = ProtectedDisk.past(disk, target);
        try (BlockDevice then = past.disk()) {
            then.willRead(0, then.geometry().sizeBytes());
            DiskCopy.copy(then, disk.toString(), copy, format);
        }
        return copy + ": " + disk + " " + PointText.of(past.point());
    }

    private String inPlace(Target target) {
        ProtectedDisk.Recovered recovered = ProtectedDisk.recoverInPlace(disk, target);
        long before = recovered.rollback().markBefore();
        return disk + ": " + PointText.of(recovered.point()) + System.lineSeparator()
                + "changed back " + new ByteSize(recovered.rollback().differentBytes()).rounded()
                + "; what it was before is mark " + ProtectedDisk.MARK_BEFORE_RECOVERY + ", entry " + before;
    }
}
