package holdfast.disk;

import java.util.Optional;

/// Notices who reads on from where he has read before, and says what he will want next: the more the longer he does. Who jumps about gets
/// nothing that he has not asked for.
final class ReadAhead {
    private static final int STREAMS = 8;
    private static final int HITS_MIN = 2;
    private static final long WINDOW_BYTES_MAX = 4 << 20;

    /// How far a reader may be from where he is expected: requests that are under way together overtake each other.
    private static final long SLACK_BYTES = 256 << 10;

    private final int blockBytes;
    private final Stream[] streams = new Stream[STREAMS];
    private long time;

    /// Blocks from `first` to before `end`.
    record Range(long first, long end) {}

    private static final class Stream {
        long next;
        long ahead;
        long window;
        int hits;
        long used;
    }

    ReadAhead(int blockBytes) {
        this.blockBytes = blockBytes;
        for (int i = 0; i < STREAMS; i++) {
            streams[i] = new Stream();
        }
    }

    /// Somebody reads blocks from `first` to before `end`.
    ///
    /// @return what to bring before it is asked for; it may reach past the disk's end
    synchronized Optional<Range> reads(long first, long end) {
        time++;
        Stream oldest = streams[0];
        for (Stream stream : streams) {
            if (follows(stream, first)) {
                return goesOn(stream, first, end);
            }
            oldest = stream.used < oldest.used ? stream : oldest;
        }
        oldest.next = end;
        oldest.ahead = end;
        oldest.window = 0;
        oldest.hits = 0;
        oldest.used = time;
        return Optional.empty();
    }

    private boolean follows(Stream stream, long first) {
        long slack = stream.window == 0 ? 0 : SLACK_BYTES / blockBytes;
        return stream.used > 0 && Math.abs(first - stream.next) <= slack;
    }

    private Optional<Range> goesOn(Stream stream, long first, long end) {
        stream.used = time;
        stream.hits++;
        stream.next = Math.max(stream.next, end);
        stream.ahead = Math.max(stream.ahead, stream.next);
        if (stream.hits < HITS_MIN) {
            return Optional.empty();
        }
        stream.window = Math.min(WINDOW_BYTES_MAX / blockBytes, Math.max(2 * stream.window, 2 * (end - first)));
        long until = stream.next + stream.window;
        if (until - stream.ahead < stream.window / 2) {
            return Optional.empty();
        }
        var wanted = new Range(stream.ahead, until);
        stream.ahead = until;
        return Optional.of(wanted);
    }
}
