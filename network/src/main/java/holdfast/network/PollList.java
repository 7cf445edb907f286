package holdfast.network;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What poll(2) is to wait for: `struct pollfd` is a descriptor in 4 bytes, and what is wanted and what has come in 2 each.
final class PollList {
    static final int IN = 1;
    static final int URGENT = 2;
    static final int OUT = 4;
    static final int ERROR = 8;
    static final int HANG_UP = 16;

    /// More than that are not waited for.
    static final int LENGTH_MAX = 16_384;

    private static final int ENTRY_BYTES = 8;

    private final MemorySegment entries;
    private int length;

    PollList(Arena arena) {
        entries = arena.allocate((long) LENGTH_MAX * ENTRY_BYTES, 8);
    }

    void clear() {
        length = 0;
    }

    /// @return where it is in the list; -1 when that is full
    int add(int descriptor, int events) {
        if (length == LENGTH_MAX) {
            return -1;
        }
        long at = (long) length * ENTRY_BYTES;
        entries.set(ValueLayout.JAVA_INT, at, descriptor);
        entries.set(ValueLayout.JAVA_SHORT, at + 4, (short) events);
        entries.set(ValueLayout.JAVA_SHORT, at + 6, (short) 0);
        return length++;
    }

    /// Who is there in the list; -1 when nobody is.
    int descriptor(int index) {
        return index < 0 || index >= length ? -1 : entries.get(ValueLayout.JAVA_INT, (long) index * ENTRY_BYTES);
    }

    /// What has come.
    int events(int index) {
        return index < 0 || index >= length ? 0 : entries.get(ValueLayout.JAVA_SHORT, (long) index * ENTRY_BYTES + 6) & 0xFFFF;
    }

    MemorySegment entries() {
        return entries;
    }

    int length() {
        return length;
    }
}
