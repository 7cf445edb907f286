package holdfast.journal;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The changes that are on their way to the volume. Those that overlap go there in the order of the journal, one after the other.
final class ChangesUnderway {
    /// @param sequence of its last entry in the journal
    record Change(long sequence, long offset, long end) {
        boolean overlaps(Change other) {
            return offset < other.end && other.offset < end;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneLess = lock.newCondition();
    private final Set<Change> changes = new LinkedHashSet<>();

    /// @return whether its turn has come already
    boolean add(Change change) {
        lock.lock();
        try {
            boolean first = isFirst(change);
            changes.add(change);
            return first;
        } finally {
            lock.unlock();
        }
    }

    /// Whether none that overlaps is before it.
    private boolean isFirst(Change change) {
        return changes.stream().noneMatch(other -> other.sequence < change.sequence && other.overlaps(change));
    }

    /// Waits until none is under way that has a place up to a sequence.
    void awaitUpTo(long sequence) {
        lock.lock();
        try {
            while (changes.stream().anyMatch(change -> change.sequence <= sequence)) {
                oneLess.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until those before it that overlap are done.
    void awaitTurn(Change change) {
        lock.lock();
        try {
            while (!isFirst(change)) {
                oneLess.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    void remove(Change change) {
        lock.lock();
        try {
            changes.remove(change);
            oneLess.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
