package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.JournalLayer;
import holdfast.disk.ProtectedDisk;
import holdfast.disk.Protection;
import holdfast.disk.ProtectionChange;
import holdfast.journal.JournaledDisk;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
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
            "",
            "Of a disk that is protected already this changes what is said, also while a running Holdfast has it open; with --journal, where its journal is, when nobody has it open and its files were moved there.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {"", "The journal is of use when the disk is lost only if it is on other storage."})
final class DiskProtectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "VHDX file that nobody has open; when it is protected already, others may")
    Path disk = Path.of("");

    @Option(names = "--journal", paramLabel = "DIR", description = "where the journal is to be: a new or an empty directory; of a disk that is protected already, where its files are now")
    @Nullable Path journal;

    @Option(names = "--max-size", paramLabel = "SIZE", description = "what the journal may take, such as 20G; default: what its storage has room for")
    @Nullable ByteSize maxSize;

    @Option(names = "--window", paramLabel = "TIME", converter = WindowArgument.class, description = "how much of the past is kept, such as 24h or 7d: what is older goes into the base, by and by, while the disk is used; none: all; default: none, or what it was")
    @Nullable Duration window;

    @Option(names = "--when-full", paramLabel = "WHAT", description = "what is done about a full journal: stop (changes of the disk fail as if it were full), throttle (they wait until the base has taken on what is oldest; needs --max-size) or unprotect (the journal ends, and the disk goes on without it); default: stop")
    @Nullable WhenFull whenFull;

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

    @Option(names = "--mode", paramLabel = "MODE", description = "write-through (each change goes to the disk and to the journal at once) or journal-first (it goes to the journal, and into the disk in the background); default: write-through")
    @Nullable Mode mode;

    /// As an operator writes it.
    enum Mode {
        write_through(JournalLayer.Mode.WRITE_THROUGH),
        journal_first(JournalLayer.Mode.JOURNAL_FIRST);

        private final JournalLayer.Mode meaning;

        Mode(JournalLayer.Mode meaning) {
            this.meaning = meaning;
        }

        static Mode of(JournalLayer.Mode meaning) {
            return switch (meaning) {
                case WRITE_THROUGH -> write_through;
                case JOURNAL_FIRST -> journal_first;
            };
        }

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (Files.exists(disk) && ProtectedDisk.isOne(disk)) {
            change(out);
        } else {
            out.println(disk + ": " + begin());
        }
        out.flush();
        return ExitCode.OK;
    }

    private void change(PrintWriter out) {
        if (mode != null) {
            throw new UsageError("--mode is said when the protection of a disk begins");
        }
        var wanted = new ProtectionChange.Wanted(
                Optional.ofNullable(maxSize).map(ByteSize::bytes), Optional.ofNullable(window), Optional.ofNullable(whenFull).map(what -> what.meaning),
                Optional.ofNullable(journal));
        if (maxSize == null && window == null && whenFull == null && journal == null) {
            throw new UsageError(disk + " is protected already; say what is to be otherwise: --window, --max-size, --when-full or --journal DIR");
        }
        ProtectionChange.check(disk, wanted);
        if (!HeldDisk.ask(disk, "keep", text(wanted), out)) {
            write(disk.toString(), ProtectionChange.run(disk, wanted), out);
        }
    }

    /// As the verb of [DiskControl] takes it: bytes, seconds, what is done about a full journal, and a directory, `-` for each that is not wanted.
    private static String text(ProtectionChange.Wanted wanted) {
        return wanted.bytesMax().map(String::valueOf).orElse("-") + " " + wanted.window().map(window -> String.valueOf(window.toSeconds())).orElse("-") + " "
                + wanted.whenFull().map(Enum::name).orElse("-") + " " + wanted.directory().map(Path::toString).orElse("-");
    }

    private static Optional<String> said(String word) {
        return Optional.of(word).filter(text -> !text.equals("-"));
    }

    /// Changes that of a disk which this process has open for others.
    ///
    /// @param argument as it was asked for
    static JournalLayer change(String name, JournaledDisk device, String argument) {
        String[] words = argument.split(" ", 4);
        if (words.length < 4) {
            throw new IllegalArgumentException(argument);
        }
        var wanted = new ProtectionChange.Wanted(
                said(words[0]).map(Long::valueOf), said(words[1]).map(Long::valueOf).map(Duration::ofSeconds),
                said(words[2]).map(JournalLayer.WhenFull::valueOf), said(words[3]).map(Path::of));
        return ProtectionChange.ofOpen(name, device, wanted);
    }

    static void write(String name, JournalLayer now, PrintWriter out) {
        String size = now.bytesMax() == Long.MAX_VALUE ? "what its storage has room for" : new ByteSize(now.bytesMax()).rounded();
        String past = now.window().isZero() ? "all of the past" : "the last " + WindowArgument.text(now.window());
        out.println(name + ": its journal is in " + now.directory() + ", keeps " + past + " and may take " + size + "; when it is full: "
                + now.whenFull().name().toLowerCase(Locale.ROOT));
    }

    private String begin() {
        if (journal == null) {
            throw new UsageError("where the journal is to be is missing: --journal DIR");
        }
        if (whenFull == WhenFull.throttle && maxSize == null) {
            throw new UsageError("--when-full throttle needs --max-size: what the journal may take");
        }
        var terms = new Protection.Terms(
                maxSize == null ? Long.MAX_VALUE : maxSize.bytes(), window == null ? Duration.ZERO : window,
                whenFull == null ? JournalLayer.WhenFull.STOP : whenFull.meaning, mode == null ? JournalLayer.Mode.WRITE_THROUGH : mode.meaning);
        Path base = Protection.begin(disk, journal, terms);
        return "protected by the journal in " + journal + "; what it was until now is " + base.getFileName() + ", which it needs";
    }
}
