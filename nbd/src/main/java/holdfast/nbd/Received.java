package holdfast.nbd;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which bytes of a read have come. They come in any order, each of them once: a server that sends some twice has left others
/// out, whatever the sum of its chunks.
final class Received {
    /// Runs with gaps between them; who sends more means us no good.
    private static final int RUNS_MAX = 1 << 16;

    /// What has come from the beginning on.
    private long prefixBytes;

    /// Start to end of what has come behind a gap; null as long as there is none.
    private @Nullable NavigableMap<Long, Long> behind;

    /// @return false when some of them had come before, or they lie in too many places
    boolean add(long from, long length) {
        long to = from + length;
        if (from < prefixBytes) {
            return length == 0;
        }
        if (from == prefixBytes && behind == null) {
            prefixBytes = to;
            return true;
        }
        NavigableMap<Long, Long> runs = behind == null ? new TreeMap<>() : behind;
        behind = runs;
        return length == 0 || put(runs, from, to);
    }

    private boolean put(NavigableMap<Long, Long> runs, long from, long to) {
        Map.Entry<Long, Long> before = runs.floorEntry(from);
        Map.Entry<Long, Long> after = runs.higherEntry(from);
        if (before != null && before.getValue() > from || after != null && after.getKey() < to) {
            return false;
        }
        boolean joinsBefore = before != null && before.getValue() == from;
        boolean joinsAfter = after != null && after.getKey() == to;
        long end = joinsAfter ? after.getValue() : to;
        if (joinsAfter) {
            runs.remove(to);
        }
        runs.put(joinsBefore ? before.getKey() : from, end);
        Map.Entry<Long, Long> first = runs.firstEntry();
        if (first.getKey() == prefixBytes) {
            prefixBytes = first.getValue();
            runs.pollFirstEntry();
        }
        return runs.size() <= RUNS_MAX;
    }

    /// Whether a read of this length has got all of its bytes.
    boolean isAll(long length) {
        return prefixBytes == length;
    }

    void clear() {
        prefixBytes = 0;
        behind = null;
    }
}
