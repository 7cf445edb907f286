package holdfast.cli;

import holdfast.block.BlockDevice;
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
            "Makes a new disk of what a protected disk was, and says which point that is. The protected disk stays as it is.",
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

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (to == null || as == null) {
            throw new UsageError(to == null ? "which point is missing: --to mark:NAME, time:T, seq:N or marked-before:T" : "the new disk is missing: --as NEW");
        }
        DiskFormat format = DiskFormat.ofNew(as, null);
        ProtectedDisk.Past past = ProtectedDisk.past(disk, to);
        try (BlockDevice then = past.disk()) {
            DiskCopy.copy(then, disk.toString(), as, format);
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(as + ": " + disk + " " + PointText.of(past.point()));
        out.flush();
        return ExitCode.OK;
    }
}
