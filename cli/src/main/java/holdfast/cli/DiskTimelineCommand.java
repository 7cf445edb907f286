package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.JournalLayer;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.Timeline;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk timeline`.
@Command(
        name = "timeline",
        description = "Shows what the journal of a protected disk has, and its marks.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskTimelineCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "protected disk, also one that is in use")
    Path disk = Path.of("");

    @Option(names = "--check", description = "read all of the journal, and check every entry; exits 1 if it is damaged")
    boolean check;

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        ProtectedDisk.Description description = ProtectedDisk.describe(disk);
        Timeline timeline = check ? ProtectedDisk.checkedTimeline(disk) : ProtectedDisk.timeline(disk);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        switch (format) {
            case text -> text(description, timeline, out);
            case json, yaml -> out.println(format.of(facts(description, timeline)));
        }
        out.flush();
        return ExitCode.OK;
    }

    private static void text(ProtectedDisk.Description description, Timeline timeline, PrintWriter out) {
        out.println("journal   " + description.journal());
        out.println("base      " + description.base());
        if (description.layer().ended()) {
            out.println("ended     the journal was full, and the disk goes on without it");
        }
        long oldest = timeline.oldest();
        if (!description.layer().window().isZero()) {
            out.println("window    " + WindowArgument.text(description.layer().window()));
        }
        out.println("entries   " + (oldest == 0 ? "" : oldest + 1 + " to ") + timeline.end().sequence() + " in " + new ByteSize(timeline.end().bytes()).rounded());
        if (timeline.end().compressedSegments() > 0) {
            out.println("before    " + new ByteSize(timeline.end().plainBytes()).rounded() + ", of " + timeline.end().spans().size() + " segments "
                    + timeline.end().compressedSegments() + " are compressed");
        }
        out.println("changes   " + timeline.changes() + " of " + new ByteSize(timeline.changedBytes()).rounded());
        if (isWrittenFirst(description)) {
            out.println("waiting   " + timeline.waitingChanges() + " of " + new ByteSize(timeline.waitingBytes()).rounded() + ", not in the disk itself yet");
        }
        timeline.first().ifPresent(first -> out.println("from      " + first));
        timeline.last().ifPresent(last -> out.println("to        " + last));
        for (Timeline.Mark mark : timeline.marks()) {
            out.printf("mark %12d  %s  %s%n", mark.sequence(), mark.time(), mark.name());
        }
    }

    private static boolean isWrittenFirst(ProtectedDisk.Description description) {
        return description.layer().mode() == JournalLayer.Mode.JOURNAL_FIRST && !description.layer().ended();
    }

    private static Map<String, Object> facts(ProtectedDisk.Description description, Timeline timeline) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("journal", description.journal().toString());
        facts.put("base", description.base().toString());
        facts.put("windowSeconds", description.layer().window().toSeconds());
        facts.put("ended", description.layer().ended());
        facts.put("mode", DiskProtectCommand.Mode.of(description.layer().mode()).toString());
        if (isWrittenFirst(description)) {
            facts.put("waitingChanges", timeline.waitingChanges());
            facts.put("waitingBytes", timeline.waitingBytes());
        }
        facts.put("oldest", timeline.oldest());
        facts.put("entries", timeline.end().sequence());
        facts.put("bytes", timeline.end().bytes());
        facts.put("bytesBeforeCompression", timeline.end().plainBytes());
        facts.put("changes", timeline.changes());
        facts.put("changedBytes", timeline.changedBytes());
        timeline.first().map(Instant::toString).ifPresent(first -> facts.put("from", first));
        timeline.last().map(Instant::toString).ifPresent(last -> facts.put("to", last));
        facts.put("marks", timeline.marks().stream().map(DiskTimelineCommand::mark).toList());
        return facts;
    }

    private static Map<String, Object> mark(Timeline.Mark mark) {
        return Map.of("sequence", mark.sequence(), "time", mark.time().toString(), "name", mark.name());
    }
}
