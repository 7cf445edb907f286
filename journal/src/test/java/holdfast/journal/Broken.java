package holdfast.journal;

import holdfast.block.Blocking;
import java.lang.foreign.MemorySegment;

/// Stand-ins for calls of this module, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// A mark is found by its time: whatever has that time is before it.
    static long sequenceOf(Timeline timeline, Timeline.Mark mark) {
        return timeline.lastNotAfter(mark.time());
    }

    /// Whatever came later counts too.
    static boolean counts(Entry entry, long sequence) {
        return true;
    }

    /// Data is taken to be what was written.
    static boolean isWhole(Entry entry, MemorySegment data) {
        return true;
    }

    /// What was to be flushed is not.
    static void flush(Blocking disk) {}

    /// Segments are taken to follow each other.
    static boolean follows(SegmentHeader before, SegmentHeader header) {
        return true;
    }

    /// Nothing proves damage.
    static boolean provesDurable(Journal journal, int segment, Window window, long position, long missing) {
        return false;
    }
}
