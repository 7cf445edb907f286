package holdfast.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which entry of a journal has the newest content of each byte of the disk, among those not after a point. What no entry has
/// is the base's.
///
/// Runs lie in leaves, up to a few hundred in each; a leaf has those that begin between its key and the next leaf's, and none of them ends behind
/// that. So what is put goes into one leaf, and a run takes 32 to 64 bytes; in a tree of its own it would take an entry and four objects more.
final class PastIndex {
    /// A run of bytes that come from one place.
    ///
    /// @param packed place of the entry that has it ([Journal.Place#packed]); [Leaf#ZEROS] when one has made it zeros; [#BASE]
    /// @param skip where its first byte is in what that entry has
    record Run(long offset, long end, long packed, long skip) {
        /// Whether it is the base's, since no entry has it.
        boolean isBase() {
            return packed == BASE;
        }

        boolean isZeros() {
            return packed == Leaf.ZEROS;
        }

        /// Whether an entry has its data.
        boolean isWritten() {
            return packed >= 0;
        }

        /// Where an entry has the first byte.
        Journal.Place place() {
            return Journal.Place.unpacked(packed, skip);
        }

        long length() {
            return end - offset;
        }
    }

    /// For a place: that of bytes that no entry has changed.
    static final long BASE = -2;

    /// Is shown runs.
    @FunctionalInterface
    interface Visitor<E extends Exception> {
        void run(Run run) throws E;
    }

    private final TreeMap<Long, Leaf> leaves = new TreeMap<>(Map.of(0L, new Leaf()));

    /// Takes in the next entry.
    void add(Journal.Place place, Entry entry) {
        if (entry.is(EntryKind.WRITE)) {
            put(entry.offset(), entry.offset() + entry.length(), place.packed());
        } else if (entry.is(EntryKind.DISCARD) || entry.is(EntryKind.ZEROES)) {
            put(entry.offset(), entry.offset() + entry.length(), Leaf.ZEROS);
        }
    }

    /// @param place of the entry that has it ([Journal.Place#packed]), or [Leaf#ZEROS]
    void put(long from, long to, long place) {
        if (from == to) {
            return;
        }
        for (Map.Entry<Long, Leaf> next = leaves.higherEntry(from); next != null && next.getKey() < to; next = leaves.higherEntry(from)) {
            Leaf rest = next.getValue();
            leaves.remove(next.getKey());
            rest.removeBefore(to);
            if (!rest.isEmpty()) {
                leaves.put(to, rest);
            }
        }
        Leaf leaf = leaves.floorEntry(from).getValue();
        leaf.put(from, to, place);
        if (leaf.isFull()) {
            Leaf half = leaf.split();
            leaves.put(half.first(), half);
        }
    }

    /// Shows the runs of a range, in order and without gaps.
    <E extends Exception> void visit(long from, long to, Visitor<E> visitor) throws E {
        long at = from;
        for (Map.Entry<Long, Leaf> next = leaves.floorEntry(from); next != null && next.getKey() < to; next = leaves.higherEntry(next.getKey())) {
            Leaf leaf = next.getValue();
            for (int run = leaf.firstBehind(at); run < leaf.count() && leaf.from(run) < to; run++) {
                if (leaf.from(run) > at) {
                    visitor.run(new Run(at, leaf.from(run), BASE, 0));
                    at = leaf.from(run);
                }
                Run found = leaf.run(run, at, to);
                visitor.run(found);
                at = found.end;
            }
        }
        if (at < to) {
            visitor.run(new Run(at, to, BASE, 0));
        }
    }

    /// The runs of a range, in order and without gaps.
    List<Run> runs(long from, long to) {
        var found = new ArrayList<Run>();
        visit(from, to, found::add);
        return found;
    }

    /// Runs that are apart from each other, in order.
    static final class Leaf {
        /// For a place: that of bytes that no entry has, since they are zeros.
        static final long ZEROS = -1;

        private static final int RUNS_MAX = 256;

        /// Of a run: where it begins and ends on the disk, the place of its entry, and where its first byte is in what that has.
        private static final int FIELDS = 4;

        /// A change makes three runs of one at most.
        private final long[] fields = new long[(RUNS_MAX + 2) * FIELDS];

        private int count;

        int count() {
            return count;
        }

        boolean isEmpty() {
            return count == 0;
        }

        boolean isFull() {
            return count >= RUNS_MAX;
        }

        long first() {
            return fields[0];
        }

        long from(int run) {
            return fields[run * FIELDS];
        }

        long to(int run) {
            return fields[run * FIELDS + 1];
        }

        /// A part of a run.
        ///
        /// @param at where it begins, in the run
        /// @param to where it ends, unless the run ends before
        Run run(int run, long at, long to) {
            return new Run(at, Math.min(to, to(run)), fields[run * FIELDS + 2], fields[run * FIELDS + 3] + at - from(run));
        }

        /// The first run that does not end before a byte; the number of runs if there is none.
        int firstBehind(long at) {
            int low = 0;
            for (int high = count; low < high; ) {
                int middle = low + high >>> 1;
                if (to(middle) > at) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            return low;
        }

        /// A run takes the place of all that is there.
        void put(long from, long to, long place) {
            int begin = firstBehind(from);
            int end = begin;
            while (end < count && from(end) < to) {
                end++;
            }
            boolean before = begin < end && from(begin) < from;
            boolean after = begin < end && to(end - 1) > to;
            long afterTo = after ? to(end - 1) : 0;
            long afterPlace = after ? fields[(end - 1) * FIELDS + 2] : 0;
            long afterSkip = after ? fields[(end - 1) * FIELDS + 3] + to - from(end - 1) : 0;
            int at = before ? begin + 1 : begin;
            replace(at, end, after ? 2 : 1);
            if (before) {
                fields[begin * FIELDS + 1] = from;
            }
            set(at, from, to, place, 0);
            if (after) {
                set(at + 1, to, afterTo, afterPlace, afterSkip);
            }
        }

        /// Makes room.
        ///
        /// @param begin the first run that goes
        /// @param end behind the last one
        /// @param with how many come
        private void replace(int begin, int end, int with) {
            if (end - begin != with) {
                System.arraycopy(fields, end * FIELDS, fields, (begin + with) * FIELDS, (count - end) * FIELDS);
                count += begin + with - end;
            }
        }

        private void set(int run, long from, long to, long place, long skip) {
            int at = run * FIELDS;
            fields[at] = from;
            fields[at + 1] = to;
            fields[at + 2] = place;
            fields[at + 3] = skip;
        }

        void removeBefore(long from) {
            replace(0, firstBehind(from), 0);
            if (count > 0 && from(0) < from) {
                set(0, from, to(0), fields[2], fields[3] + from - from(0));
            }
        }

        /// @return a new one with the later half
        Leaf split() {
            var half = new Leaf();
            int stay = count / 2;
            half.count = count - stay;
            System.arraycopy(fields, stay * FIELDS, half.fields, 0, half.count * FIELDS);
            count = stay;
            return half;
        }
    }
}
