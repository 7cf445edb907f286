package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.JournalLayer;
import holdfast.disk.Protection;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk protect`.
@Command(
        name = "protect",
        description = {
            "Keeps a journal of every change of a VHDX disk from now on, whoever uses it, so that it can be seen as it was at any time since.",
            "",
            "What the disk is now stays as its base, beside it; the disk becomes a child of that. This takes no longer for a large disk.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {"", "The journal is of use when the disk is lost only if it is on other storage."})
final class DiskProtectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "VHDX file that nobody has open")
    Path disk = Path.of("");

    @Option(names = "--journal", paramLabel = "DIR", description = "where the journal is to be: a new or an empty directory")
    @Nullable Path journal;

    @Option(names = "--max-size", paramLabel = "SIZE", description = "what the journal may take, such as 20G; default: what its storage has room for")
    @Nullable ByteSize maxSize;

    @Option(names = "--window", paramLabel = "TIME", converter = WindowArgument.class, description = "how much of the past is kept, such as 24h or 7d: what is older goes into the base, by and by, while the disk is used; default: all")
    @Nullable Duration window;

    @Option(names = "--when-full", paramLabel = "WHAT", description = "what is done about a full journal: stop (changes of the disk fail as if it were full), throttle (they wait until the base has taken on what is oldest; needs --max-size) or unprotect (the journal ends, and the disk goes on without it); default: stop")
    WhenFull whenFull = WhenFull.stop;

    /// As an operator writes it.
    enum WhenFull {
        stop(JournalLayer.WhenFull.STOP),
        throttle(JournalLayer.WhenFull.THROTTLE),
        unprotect(JournalLayer.WhenFull.UNPROTECT);

        private final JournalLayer.WhenFull meaning;

        WhenFull(JournalLayer.WhenFull meaning) {
            this.meaning = meaning;
        }
    }

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (journal == null) {
            throw new UsageError("where the journal is to be is missing: --journal DIR");
        }
        if (whenFull == WhenFull.throttle && maxSize == null) {
            throw new UsageError("--when-full throttle needs --max-size: what the journal may take");
        }
        var terms = new Protection.Terms(
                maxSize == null ? Long.MAX_VALUE : maxSize.bytes(), window == null ? Duration.ZERO : window, whenFull.meaning);
        Path base = Protection.begin(disk, journal, terms);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(disk + ": protected by the journal in " + journal + "; what it was until now is " + base.getFileName() + ", which it needs");
        out.flush();
        return ExitCode.OK;
    }
}
