package holdfast.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Ranges of a disk, as few as they can be.
final class Ranges {
    /// Where each range ends, by where it begins; no two of them touch.
    private final TreeMap<Long, Long> ranges = new TreeMap<>();

    void add(long from, long to) {
        long start = from;
        long end = to;
        Map.Entry<Long, Long> near = ranges.floorEntry(end);
        while (near != null && near.getValue() >= start) {
            start = Math.min(start, near.getKey());
            end = Math.max(end, near.getValue());
            ranges.remove(near.getKey());
            near = ranges.floorEntry(end);
        }
        ranges.put(start, end);
    }

    /// What an entry changes, if it does.
    void addChange(Entry entry) {
        if (entry.isChange() && entry.length() > 0) {
            add(entry.offset(), entry.offset() + entry.length());
        }
    }

    List<Intents.Range> list() {
        var list = new ArrayList<Intents.Range>();
        ranges.forEach((from, to) -> list.add(new Intents.Range(from, to - from)));
        return list;
    }
}
