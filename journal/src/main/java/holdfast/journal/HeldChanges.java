package holdfast.journal;

import java.util.Arrays;

/// The changes of a journal and where their data is, for a point that is chosen when all of them are known: so that one look at the
/// journal is enough. It takes 32 bytes for each.
final class HeldChanges {
    private static final int FIELDS = 4;
    private static final int SEGMENT_SHIFT = 40;
    private static final long ZEROS = -1;

    private long[] fields = new long[1024 * FIELDS];
    private int used;

    /// Takes in the next entry.
    void add(Journal.Place place, Entry entry) {
        if (EntryKind.of(entry.kind()).filter(EntryKind::changes).isEmpty()) {
            return;
        }
        if (used == fields.length) {
            fields = Arrays.copyOf(fields, Math.multiplyExact(used, 2));
        }
        fields[used] = entry.sequence();
        fields[used + 1] = entry.offset();
        fields[used + 2] = entry.offset() + entry.length();
        fields[used + 3] = entry.is(EntryKind.WRITE) ? (long) place.segment() << SEGMENT_SHIFT | place.position() : ZEROS;
        used += FIELDS;
    }

    /// What they come to at a point.
    PastIndex indexAt(long sequence) {
        var index = new PastIndex();
        for (int i = 0; i < used && fields[i] <= sequence; i += FIELDS) {
            long packed = fields[i + 3];
            index.put(
                    fields[i + 1], fields[i + 2],
                    packed == ZEROS ? null : new Journal.Place((int) (packed >> SEGMENT_SHIFT), packed & (1L << SEGMENT_SHIFT) - 1, 0));
        }
        return index;
    }
}
