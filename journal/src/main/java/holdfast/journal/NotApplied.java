package holdfast.journal;

import holdfast.block.DiskException;
import holdfast.block.Extent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What the journal has and the volume may not have yet, in memory: so that reads have the newest data at once, and nothing of the
/// journal is read again to be applied.
///
/// ```
/// put → the batch that grows ── take ──→ the batch that is applied ── done ──→ gone
/// ```
///
/// Of a batch the newest content of each byte is kept, and one batch is done before the next one is taken: no older change goes over a
/// newer one.
final class NotApplied implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    /// What a change counts for at least, since something is kept of one without data too.
    private static final int CHANGE_BYTES_MIN = 512;

    /// When what waits is applied.
    ///
    /// @param bytesMax what may wait; changes are held up behind that
    /// @param bytesAtOnce as soon as so much waits it is applied
    /// @param delayNanos and after that time
    /// @param byItself whether that goes on while the disk is open; else what waits is applied when there is no room, or it is asked for
    record Pace(long bytesMax, long bytesAtOnce, long delayNanos, boolean byItself) {
        static final Pace USUAL = new Pace(64 << 20, 16 << 20, TimeUnit.SECONDS.toNanos(1), true);
    }

    /// Changes that go to the volume together: all that there were between two entries.
    static final class Batch {
        private final NewestBytes newest = new NewestBytes();
        private final List<MemorySegment> chunks = new ArrayList<>();
        private final long sinceNanos = System.nanoTime();
        private long used = CHUNK_BYTES;
        private long bytes;
        private long last;

        NewestBytes newest() {
            return newest;
        }

        /// Sequence of its last entry.
        long last() {
            return last;
        }
    }

    private final Pace pace;
    private final Arena arena = Arena.ofShared();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<MemorySegment> free = new ArrayDeque<>();
    private Batch growing = new Batch();
    private @Nullable Batch applied;
    private boolean closing;

    NotApplied(Pace pace) {
        this.pace = pace;
    }

    /// Gives a change its place in the journal.
    @FunctionalInterface
    interface Appending {
        /// @return sequence of its last entry
        long run() throws DiskException;
    }

    /// Takes in the next change when it has its place, and copies what it has. Nobody reads meanwhile: a change may be completed before this returns.
    ///
    /// @param data that it has; none makes zeros
    void put(Appending appending, long offset, long length, MemorySegment data) throws DiskException {
        lock.lock();
        try {
            put(appending.run(), offset, length, data);
        } finally {
            lock.unlock();
        }
    }

    /// The same of one that has its place.
    ///
    /// @param sequence of its last entry
    void put(long sequence, long offset, long length, MemorySegment data) {
        lock.lock();
        try {
            boolean first = growing.newest.isEmpty();
            if (first) {
                growing = new Batch();
            }
            if (data.byteSize() == 0) {
                growing.newest.put(offset, offset + length, null, 0);
            } else {
                keep(offset, data);
            }
            growing.last = sequence;
            long before = growing.bytes;
            growing.bytes += Math.max(CHANGE_BYTES_MIN, data.byteSize());
            if (first || before < pace.bytesAtOnce && growing.bytes >= pace.bytesAtOnce) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void keep(long offset, MemorySegment data) {
        for (long at = 0; at < data.byteSize(); ) {
            if (growing.used == CHUNK_BYTES) {
                growing.chunks.add(free.isEmpty() ? arena.allocate(CHUNK_BYTES) : free.pop());
                growing.used = 0;
            }
            MemorySegment chunk = growing.chunks.getLast();
            long bytes = Math.min(data.byteSize() - at, CHUNK_BYTES - growing.used);
            MemorySegment.copy(data, at, chunk, growing.used, bytes);
            growing.newest.put(offset + at, offset + at + bytes, chunk, growing.used);
            growing.used += bytes;
            at += bytes;
        }
    }

    /// What waits, as changes had it; superseded ones count.
    long bytes() {
        lock.lock();
        try {
            return growing.bytes + (applied == null ? 0 : applied.bytes);
        } finally {
            lock.unlock();
        }
    }

    /// Whether a change with so much data need not wait.
    boolean hasRoom(long bytes) {
        long waiting = bytes();
        return waiting == 0 || waiting + bytes <= pace.bytesMax;
    }

    /// Fills in what waits of a range.
    ///
    /// @return the rest of it, which the volume has
    List<Intents.Range> read(long offset, MemorySegment into) {
        lock.lock();
        try {
            List<Intents.Range> rest = List.of(new Intents.Range(offset, into.byteSize()));
            rest = fill(growing, rest, into, offset);
            return applied == null ? rest : fill(applied, rest, into, offset);
        } finally {
            lock.unlock();
        }
    }

    private static List<Intents.Range> fill(Batch batch, List<Intents.Range> ranges, MemorySegment into, long intoOffset) {
        if (batch.newest.isEmpty()) {
            return ranges;
        }
        var rest = new ArrayList<Intents.Range>();
        for (Intents.Range range : ranges) {
            List<NewestBytes.Part> parts = batch.newest.in(range.offset(), range.offset() + range.length());
            parts.forEach(part -> part.copy(into, intoOffset));
            rest.addAll(between(parts, range));
        }
        return rest;
    }

    private static List<Intents.Range> between(List<NewestBytes.Part> parts, Intents.Range range) {
        var between = new ArrayList<Intents.Range>();
        long at = range.offset();
        for (NewestBytes.Part part : parts) {
            if (part.offset() > at) {
                between.add(new Intents.Range(at, part.offset() - at));
            }
            at = part.end();
        }
        long end = range.offset() + range.length();
        if (end > at) {
            between.add(new Intents.Range(at, end - at));
        }
        return between;
    }

    /// What is known of what waits of a range, in order; what is missing is the volume's.
    List<Extent> extents(long offset, long length) {
        lock.lock();
        try {
            var found = new ArrayList<Extent>();
            var range = new Intents.Range(offset, length);
            List<NewestBytes.Part> parts = growing.newest.in(offset, offset + length);
            parts.forEach(part -> found.add(extent(part)));
            if (applied != null) {
                for (Intents.Range rest : between(parts, range)) {
                    applied.newest.in(rest.offset(), rest.offset() + rest.length()).forEach(part -> found.add(extent(part)));
                }
            }
            found.sort(Comparator.comparingLong(Extent::offset));
            return found;
        } finally {
            lock.unlock();
        }
    }

    private static Extent extent(NewestBytes.Part part) {
        return new Extent(part.offset(), part.length(), true, part.memory() == null);
    }

    /// What is to be applied next: what was taken before, if it is not done, else all that waits. Nothing changes in it from here on.
    ///
    /// @return null when nothing waits
    @Nullable Batch take() {
        lock.lock();
        try {
            if (applied == null && !growing.newest.isEmpty()) {
                applied = growing;
                growing = new Batch();
            }
            return applied;
        } finally {
            lock.unlock();
        }
    }

    /// What was taken is in the volume, durably.
    void done() {
        lock.lock();
        try {
            if (applied != null) {
                free.addAll(applied.chunks);
                applied = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until something is due.
    ///
    /// @param failed whether the last time went wrong
    /// @return false when this is being closed
    boolean awaitDue(boolean failed) {
        lock.lock();
        try {
            long since = failed ? System.nanoTime() : 0;
            while (!closing) {
                boolean pressing = !failed && (applied != null || growing.bytes >= pace.bytesAtOnce);
                if (pressing) {
                    return true;
                }
                if (growing.newest.isEmpty() && applied == null) {
                    changed.await();
                } else if (changed.awaitNanos((failed ? since : growing.sinceNanos) + pace.delayNanos - System.nanoTime()) <= 0) {
                    return true;
                }
            }
            return false;
        } catch (InterruptedException e) {
            return false; // nobody interrupts us but to end us
        } finally {
            lock.unlock();
        }
    }

    /// Nobody is to wait any more.
    void end() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
