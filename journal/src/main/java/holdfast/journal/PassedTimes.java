package holdfast.journal;

import java.time.Instant;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.function.IntPredicate;

/// The times that are later than all before them in a stream, each with the sequence of its entry: enough to find where a time was first
/// passed. It takes 16 bytes for each.
final class PassedTimes {
    private long[] nanos = new long[1024];
    private long[] sequences = new long[1024];
    private int count;

    /// Looks at the next entry of the stream.
    void look(long itsNanos, long sequence) {
        if (count > 0 && itsNanos <= nanos[count - 1]) {
            return;
        }
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, Math.multiplyExact(count, 2));
            sequences = Arrays.copyOf(sequences, nanos.length);
        }
        nanos[count] = itsNanos;
        sequences[count++] = sequence;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// That of the first entry, nanoseconds; 0 when there is none.
    long first() {
        return nanos[0];
    }

    /// The last that an entry had which is not behind this one, nanoseconds; empty when there is none.
    OptionalLong lastAt(long sequence) {
        int behind = first(i -> sequences[i] > sequence);
        return behind == 0 ? OptionalLong.empty() : OptionalLong.of(nanos[behind - 1]);
    }

    /// Sequence of the first entry that had a later one; empty when there is none.
    OptionalLong firstAfter(Instant instant) {
        int first = first(i -> Timeline.instant(nanos[i]).isAfter(instant));
        return first == count ? OptionalLong.empty() : OptionalLong.of(sequences[first]);
    }

    /// Both rise.
    private int first(IntPredicate is) {
        int low = 0;
        for (int high = count; low < high; ) {
            int middle = low + high >>> 1;
            if (is.test(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
