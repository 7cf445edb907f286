package holdfast.journal;

import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What a journal has, in the order of its stream. Order is that of sequence; times are what the clock said, and the clock may
/// have stood or gone back.
public final class Timeline {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    /// A point that was named.
    public record Mark(long sequence, Instant time, String name) {}

    /// A point, and what was chosen.
    ///
    /// @param sequence of the last entry that counts
    /// @param time of that entry
    /// @param reason why it is this one, a sentence without a subject
    public record Point(long sequence, Instant time, String reason) {}

    private final List<Mark> marks = new ArrayList<>();
    private final PassedTimes passed = new PassedTimes();
    private final Journal.End end;
    private long changes;
    private long changedBytes;
    private final NotDone notDone = new NotDone();

    private interface Way {
        Journal.End go(Journal journal, Journal.Visitor visitor) throws DiskException;
    }

    private Timeline(Journal journal, Way way, Journal.Visitor also) throws DiskException {
        end = way.go(journal, (place, entry, data) -> {
            also.entry(place, entry, data);
            notDone.look(place, entry, data);
            passed.look(entry.timeNanos(), entry.sequence());
            if (entry.is(EntryKind.MARK)) {
                var name = new String(data.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
                marks.add(new Mark(entry.sequence(), instant(entry.timeNanos()), name));
            } else if (entry.isChange()) {
                changes++;
                changedBytes += entry.length();
            }
        });
        marks.removeIf(mark -> mark.sequence < end.oldest());
    }

    /// @throws OperatorError when the journal is damaged
    public static Timeline of(Journal journal) throws DiskException {
        return of(journal, (_, _, _) -> {});
    }

    /// Reads and checks all data, too.
    ///
    /// @throws OperatorError when the journal is damaged
    public static Timeline checked(Journal journal) throws DiskException {
        return new Timeline(journal, Journal::scan, (_, _, _) -> {});
    }

    /// @param also called with each entry; it is to do without the data of writes
    static Timeline of(Journal journal, Journal.Visitor also) throws DiskException {
        return new Timeline(journal, Journal::look, also);
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS_PER_SECOND), Math.floorMod(nanos, NANOS_PER_SECOND));
    }

    public List<Mark> marks() {
        return List.copyOf(marks);
    }

    public Journal.End end() {
        return end;
    }

    /// The oldest point that there is: 0 when that is the beginning.
    public long oldest() {
        return end.oldest();
    }

    /// Time of the oldest point; empty when there is no entry.
    public Optional<Instant> first() {
        if (end.oldest() > 0) {
            return Optional.of(instant(end.oldestNanos()));
        }
        return passed.isEmpty() ? Optional.empty() : Optional.of(instant(passed.first()));
    }

    /// Time of the last entry, which the clock may have made an earlier one; empty when there is none.
    public Optional<Instant> last() {
        return passed.isEmpty() ? Optional.empty() : Optional.of(instant(end.timeNanos()));
    }

    /// Writes, discards and zeros.
    public long changes() {
        return changes;
    }

    public long changedBytes() {
        return changedBytes;
    }

    /// Changes of which the journal does not say that the disk has them for good.
    public long waitingChanges() {
        return notDone.count();
    }

    /// Lengths of their ranges, together.
    public long waitingBytes() {
        return notDone.bytes();
    }

    /// Which point an operator means.
    ///
    /// @param name of the journal, for messages
    /// @throws OperatorError when there is no such point
    public Point find(Target target, String name) {
        Point point = among(target, name);
        end.checkKept(point.sequence, name);
        return point;
    }

    private Point among(Target target, String name) {
        return switch (target) {
            case Target.Sequence(long sequence) -> atSequence(sequence, name);
            case Target.Mark(String wanted) ->
                newest(marks.stream().filter(mark -> mark.name.equals(wanted)).toList())
                        .map(mark -> at(mark, count(wanted)))
                        .orElseThrow(() -> new OperatorError(name, "has no mark " + wanted + since(), "see the marks with: holdfast disk timeline"));
            case Target.Time(Instant instant) -> at(instant, name);
            case Target.MarkedBefore(Instant instant) -> {
                long last = lastNotAfter(instant);
                yield newest(marks.stream().filter(mark -> mark.sequence <= last).toList())
                        .map(mark -> new Point(mark.sequence, mark.time, "is mark " + mark.name + ", the last not after " + instant))
                        .orElseThrow(() -> new OperatorError(
                                name, "has no mark that is not after " + instant + since(), "see the marks with: holdfast disk timeline"));
            }
        };
    }

    /// Marks before the oldest point are not known any more.
    private String since() {
        return end.oldest() == 0 ? "" : " since entry " + end.oldest() + ", of " + instant(end.oldestNanos()) + ", the oldest point that there is";
    }

    private String count(String wanted) {
        long count = marks.stream().filter(mark -> mark.name.equals(wanted)).count();
        return count == 1 ? "" : ", the newest of " + count + " of that name";
    }

    private Point at(Mark mark, String addition) {
        return new Point(sequenceOf(mark), mark.time, "is mark " + mark.name + addition);
    }

    /// Its place in the stream, whatever its time.
    private long sequenceOf(Mark mark) {
        return mark.sequence;
    }

    private static Optional<Mark> newest(List<Mark> among) {
        return among.stream().max(Comparator.comparingLong(Mark::sequence));
    }

    private Point atSequence(long sequence, String name) {
        end.checkKept(Math.max(0, sequence), name);
        if (sequence < 0 || sequence > end.sequence()) {
            throw new OperatorError(name, "has entries 1 to " + end.sequence() + ", and no " + sequence, "choose one of those, or 0 for the beginning");
        }
        return new Point(sequence, instant(nanosAt(sequence)), sequence == end.oldest() ? "is the base" : "is behind entry " + sequence);
    }

    /// That of a sequence is known only roughly: when the clock last passed the times before it.
    private long nanosAt(long sequence) {
        return passed.lastAt(sequence).orElse(end.oldest() > 0 ? end.oldestNanos() : passed.first());
    }

    private Point at(Instant instant, String name) {
        if (end.oldest() > 0 && instant.isBefore(instant(end.oldestNanos()))) {
            end.checkKept(0, name);
        }
        long last = lastNotAfter(instant);
        if (last == 0) {
            String begins = first().map(first -> "begins at " + first).orElse("is empty");
            throw new OperatorError(name, begins + ", after " + instant, "choose a later time, or seq:0 for the beginning");
        }
        return new Point(last, instant(nanosAt(last)), "is the last entry before the clock first passed " + instant);
    }

    long lastNotAfter(Instant instant) {
        OptionalLong later = passed.firstAfter(instant);
        return later.isPresent() ? later.getAsLong() - 1 : end.sequence();
    }
}
