package holdfast.journal;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The indexes of the newest segments, made as these are written, until somebody keeps them beside the segments, which need not be read again for
/// that. Of a segment there may be none: where there would be too much of it, or nobody came for it in time.
final class WrittenIndexes {
    /// Of all that wait, and of the one in the making.
    private static final int BYTES_MAX = 16 << 20;

    private final TreeMap<Integer, byte[]> waiting = new TreeMap<>();
    private @Nullable SegmentHeader segment;
    private SegmentIndex.@Nullable Making making;
    private long end;

    /// The segment before is at its end.
    synchronized void begin(SegmentHeader next) {
        SegmentHeader before = segment;
        if (before != null && making != null) {
            making.finish(before, SegmentHeader.crcIn(before.encode()), end, false).ifPresent(index -> waiting.put(before.number(), index));
        }
        while (waiting.values().stream().mapToLong(index -> index.length).sum() > BYTES_MAX) {
            waiting.pollFirstEntry();
        }
        segment = next;
        making = new SegmentIndex.Making();
        end = SegmentHeader.BYTES;
    }

    /// The next entry of the segment that is written.
    synchronized void entry(long position, Entry entry, MemorySegment data) {
        if (making != null) {
            making.entry(new Journal.Place(0, position, 0), entry, data);
            end = position + entry.bytes();
            if (making.bytes() > BYTES_MAX) {
                making = null;
            }
        }
    }

    /// That of a segment behind which another one was begun; once.
    synchronized Optional<byte[]> take(int number) {
        return Optional.ofNullable(waiting.remove(number));
    }
}
