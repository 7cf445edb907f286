package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;

/// Makes a protected disk what it was, in place: what was changed since is changed back, by changes that are journaled as any others are.
/// So nothing of the journal is lost, the rollback can be undone by another one, and an interrupted one is done again: what the disk
/// was at the point does not depend on what has come after it.
public final class Rollback {
    private final Ranges changed = new Ranges();

    private Rollback() {}

    /// @param markBefore sequence of the mark that was put first: a rollback to there undoes this one
    /// @param differentBytes what was changed back
    public record Result(long markBefore, long differentBytes) {}

    /// @param disk as it was opened, without a change since
    /// @param base opens what lies under the journal
    /// @param segments of the disk's journal
    /// @param sequence of the last entry that is to count
    /// @param mark name of the mark that is put first
    public static Result run(JournaledDisk disk, PastDevice.Base base, Segments segments, long sequence, String mark) throws DiskException {
        var rollback = new Rollback();
        try (Journal journal = Journal.open(segments)) {
            journal.look((_, entry, _) -> rollback.look(entry, sequence));
        }
        try (BlockDevice past = PastDevice.open(base, segments, sequence)) {
            long before = disk.mark(mark);
            long different = Reconciliation.makeAlike(disk, past, rollback.changed.list());
            new Blocking(disk).flush();
            return new Result(before, different);
        }
    }

    private void look(Entry entry, long sequence) {
        if (entry.sequence() > sequence && entry.isChange()) {
            changed.add(entry.offset(), entry.offset() + entry.length());
        }
    }
}
