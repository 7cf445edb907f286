package holdfast.journal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The newest content of each byte among some changes, kept in memory.
final class NewestBytes {
    /// @param end behind its last byte
    /// @param memory that has it; null for zeros
    /// @param position of the first byte there
    private record Held(long end, @Nullable MemorySegment memory, long position) {}

    /// A run of bytes.
    ///
    /// @param memory that has it; null for zeros
    /// @param position of the first byte there
    record Part(long offset, long end, @Nullable MemorySegment memory, long position) {
        long length() {
            return end - offset;
        }

        /// A copy of some of it goes somewhere.
        ///
        /// @param intoOffset where `into` begins
        void copy(MemorySegment into, long intoOffset) {
            MemorySegment there = into.asSlice(offset - intoOffset, length());
            if (memory == null) {
                there.fill((byte) 0);
            } else {
                there.copyFrom(memory.asSlice(position, length()));
            }
        }

        /// Whether another one goes on where this one ends, on the disk and in memory.
        private boolean goesOnIn(Part next) {
            boolean kept = memory == null ? next.memory == null : memory.equals(next.memory) && position + length() == next.position;
            return kept && end == next.offset;
        }

        private Part and(Part next) {
            return new Part(offset, next.end, memory, position);
        }
    }

    private final TreeMap<Long, Held> parts = new TreeMap<>();

    /// Takes in a change that is newer than all before it.
    ///
    /// @param memory that has it; null for zeros
    /// @param position of the first byte there
    void put(long from, long to, @Nullable MemorySegment memory, long position) {
        cut(from);
        cut(to);
        parts.subMap(from, to).clear();
        parts.put(from, new Held(to, memory, position));
    }

    /// Makes what reaches over a position two parts.
    private void cut(long at) {
        Map.Entry<Long, Held> before = parts.lowerEntry(at);
        if (before != null && before.getValue().end > at) {
            long from = before.getKey();
            Held held = before.getValue();
            parts.put(from, new Held(at, held.memory, held.position));
            parts.put(at, new Held(held.end, held.memory, held.position + at - from));
        }
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /// What there is of a range, in order.
    List<Part> in(long from, long to) {
        var found = new ArrayList<Part>();
        Map.Entry<Long, Held> floor = parts.floorEntry(from);
        long first = floor != null && floor.getValue().end > from ? floor.getKey() : from;
        parts.subMap(first, to).forEach((begin, held) -> {
            long offset = Math.max(begin, from);
            found.add(new Part(offset, Math.min(held.end, to), held.memory, held.position + offset - begin));
        });
        return found;
    }

    /// All there is, in order, neighbours together where they are so in memory too.
    ///
    /// @param most bytes that are put together
    List<Part> joined(long most) {
        var joined = new ArrayList<Part>();
        parts.forEach((begin, held) -> {
            var next = new Part(begin, held.end, held.memory, held.position);
            Part last = joined.isEmpty() ? null : joined.getLast();
            if (last != null && last.goesOnIn(next) && last.length() + next.length() <= most) {
                joined.set(joined.size() - 1, last.and(next));
            } else {
                joined.add(next);
            }
        });
        return joined;
    }
}
