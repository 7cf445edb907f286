package holdfast.journal;

import holdfast.block.DiskException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The changes in a journal of which nothing says that the volume has them, oldest first.
final class NotDone {
    private final HeldChanges changes = new HeldChanges();
    private long done;
    private long bytes;

    /// Looks at the next entry of the journal.
    ///
    /// @param data of an entry that is no change
    void look(Journal.Place place, Entry entry, MemorySegment data) {
        if (entry.is(EntryKind.SETTLED)) {
            doneTo(entry.sequence());
        } else if (entry.is(EntryKind.DONE) || entry.is(EntryKind.SETTLED_TO)) {
            doneTo(Entry.number(data));
        } else if (changes.add(place, entry)) {
            bytes += entry.length();
        }
    }

    private void doneTo(long sequence) {
        done = Math.max(done, sequence);
        bytes -= changes.removeUpTo(done);
    }

    /// Up to which entry the volume has everything, durably.
    long done() {
        return done;
    }

    int count() {
        return changes.count();
    }

    /// Lengths of their ranges, together.
    long bytes() {
        return bytes;
    }

    /// Takes them over, with what they have.
    ///
    /// @param journal that was looked at
    void copyTo(NotApplied waiting, Journal journal) throws DiskException {
        try (var entries = new EntryReader(journal);
                Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(Entry.DATA_BYTES_MAX);
            changes.visit(Long.MAX_VALUE, (sequence, from, to, place) -> {
                boolean write = place != PastIndex.Leaf.ZEROS;
                MemorySegment its = write ? data.asSlice(0, to - from) : MemorySegment.NULL;
                if (write) {
                    entries.read(Journal.Place.unpacked(place, 0), from, its);
                }
                waiting.put(sequence, from, to - from, its);
            });
        }
    }
}
