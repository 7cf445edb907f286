package holdfast.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which entry of a journal has the newest content of each byte of the disk, among those not after a point. What no entry has
/// is the base's.
final class PastIndex {
    /// @param end behind its last byte
    /// @param place of the first byte; null for zeros
    private record Held(long end, Journal.@Nullable Place place) {}

    /// A run of bytes that come from one place.
    ///
    /// @param held whether an entry has it; else it is the base's
    /// @param place of the first byte; null for zeros, and for the base
    record Run(long offset, long end, boolean held, Journal.@Nullable Place place) {}

    private final TreeMap<Long, Held> runs = new TreeMap<>();

    /// Takes in the next entry.
    void add(Journal.Place place, Entry entry) {
        if (entry.is(EntryKind.WRITE)) {
            put(entry.offset(), entry.offset() + entry.length(), place);
        } else if (entry.is(EntryKind.DISCARD) || entry.is(EntryKind.ZEROES)) {
            put(entry.offset(), entry.offset() + entry.length(), null);
        }
    }

    /// @param place null for zeros
    void put(long from, long to, Journal.@Nullable Place place) {
        if (from == to) {
            return;
        }
        Map.Entry<Long, Held> last = runs.lowerEntry(to);
        boolean touches = last != null && last.getValue().end > from;
        if (touches && !(last.getKey() == from && last.getValue().end == to)) {
            cut(from);
            cut(to);
            runs.subMap(from, to).clear();
        } // else nothing is in the way, or only what it takes the place of: so it is nearly always
        runs.put(from, new Held(to, place));
    }

    /// Makes what reaches over a position two runs.
    private void cut(long position) {
        Map.Entry<Long, Held> before = runs.lowerEntry(position);
        if (before != null && before.getValue().end > position) {
            long from = before.getKey();
            Held held = before.getValue();
            runs.put(from, new Held(position, held.place));
            runs.put(position, new Held(held.end, moved(held.place, position - from)));
        }
    }

    private static Journal.@Nullable Place moved(Journal.@Nullable Place place, long bytes) {
        return place == null ? null : new Journal.Place(place.segment(), place.position(), place.skip() + bytes);
    }

    /// The runs of a range, in order and without gaps.
    ///
    /// @param most how many at most, at least one
    List<Run> runs(long from, long to, int most) {
        var found = new ArrayList<Run>();
        long at = from;
        while (at < to && found.size() < most) {
            Run run = run(at, to);
            found.add(run);
            at = run.end;
        }
        return found;
    }

    private Run run(long at, long to) {
        Map.Entry<Long, Held> floor = runs.floorEntry(at);
        if (floor != null && floor.getValue().end > at) {
            Held held = floor.getValue();
            return new Run(at, Math.min(to, held.end), true, moved(held.place, at - floor.getKey()));
        }
        Long next = runs.higherKey(at);
        return new Run(at, next == null ? to : Math.min(to, next), false, null);
    }
}
