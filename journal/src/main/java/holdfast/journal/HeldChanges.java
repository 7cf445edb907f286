package holdfast.journal;

import holdfast.block.DiskException;

/// Changes of a journal and where their data is, oldest first: so that one look at the journal is enough for who knows only then which of them
/// count. It takes 32 bytes for each.
final class HeldChanges {
    /// Of a change: its sequence, where its range begins and ends, and its place, or [PastIndex.Leaf#ZEROS].
    private static final int FIELDS = 4;

    private long[] fields = new long[1024 * FIELDS];
    private int begin;
    private int end;

    /// Is shown a change.
    @FunctionalInterface
    interface Visitor {
        /// @param place of the entry ([Journal.Place#packed]), or [PastIndex.Leaf#ZEROS]
        void change(long sequence, long from, long to, long place) throws DiskException;
    }

    /// Takes in the next entry.
    ///
    /// @return whether it is a change
    boolean add(Journal.Place place, Entry entry) {
        if (!entry.isChange()) {
            return false;
        }
        if (end == fields.length) {
            makeRoom();
        }
        fields[end] = entry.sequence();
        fields[end + 1] = entry.offset();
        fields[end + 2] = entry.offset() + entry.length();
        fields[end + 3] = entry.is(EntryKind.WRITE) ? place.packed() : PastIndex.Leaf.ZEROS;
        end += FIELDS;
        return true;
    }

    private void makeRoom() {
        int used = end - begin;
        long[] room = used > fields.length / 2 ? new long[Math.multiplyExact(fields.length, 2)] : fields;
        System.arraycopy(fields, begin, room, 0, used);
        fields = room;
        begin = 0;
        end = used;
    }

    /// Forgets the oldest ones.
    ///
    /// @param sequence of the last that goes
    /// @return lengths of their ranges, together
    long removeUpTo(long sequence) {
        long bytes = 0;
        for (; begin < end && fields[begin] <= sequence; begin += FIELDS) {
            bytes += fields[begin + 2] - fields[begin + 1];
        }
        return bytes;
    }

    int count() {
        return (end - begin) / FIELDS;
    }

    /// @param sequence of the last that is shown
    void visit(long sequence, Visitor visitor) throws DiskException {
        for (int i = begin; i < end && fields[i] <= sequence; i += FIELDS) {
            visitor.change(fields[i], fields[i + 1], fields[i + 2], fields[i + 3]);
        }
    }

    /// What they come to at a point.
    PastIndex indexAt(long sequence) throws DiskException {
        var index = new PastIndex();
        visit(sequence, (_, from, to, place) -> index.put(from, to, place));
        return index;
    }
}
