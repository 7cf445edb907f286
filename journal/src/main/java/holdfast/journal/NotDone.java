package holdfast.journal;

import holdfast.block.DiskException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/// The changes in a journal of which nothing says that the volume has them, oldest first.
final class NotDone {
    private record Change(long sequence, long offset, long length, boolean write, Journal.Place place) {}

    private final Deque<Change> changes = new ArrayDeque<>();
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
        } else if (EntryKind.of(entry.kind()).filter(EntryKind::changes).isPresent()) {
            changes.add(new Change(entry.sequence(), entry.offset(), entry.length(), entry.is(EntryKind.WRITE), place));
            bytes += entry.length();
        }
    }

    private void doneTo(long sequence) {
        done = Math.max(done, sequence);
        while (!changes.isEmpty() && changes.getFirst().sequence <= done) {
            bytes -= changes.remove().length;
        }
    }

    /// Up to which entry the volume has everything, durably.
    long done() {
        return done;
    }

    int count() {
        return changes.size();
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
            for (Change change : changes) {
                MemorySegment its = change.write ? data.asSlice(0, change.length) : MemorySegment.NULL;
                if (change.write) {
                    entries.read(change.place, change.offset, its);
                }
                waiting.put(change.sequence, change.offset, change.length, its);
            }
        }
    }
}
