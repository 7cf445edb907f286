package holdfast.journal;

import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Looks after the sealed segments of a journal while the disk is used: gives each a [SegmentIndex], and compresses those that are
/// cold ([SegmentCompression]), which are all but the newest few, slowly. Nothing depends on it, so a step that fails is only done again when there
/// is more to do.
final class Upkeep implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Upkeep.class.getName());

    /// Sealed segments that are left as they are written: what is asked for most often.
    static final int WARM = 2;

    /// How fast segments are compressed, so that nobody feels it.
    private static final long BYTES_PER_SECOND = 32 << 20;

    private static final long PACE_BYTES = 4 << 20;

    private final JournalWriter writer;
    private final Segments segments;
    private final boolean ownThread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean wanted = true;
    private boolean closing;
    private boolean ended;

    /// Looked at since the last pause.
    private long pacedBytes;

    /// The disk is to be closed, and what was begun is not worth waiting for.
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stopped() {
            super(null, null, false, false);
        }
    }

    /// @param byItself whether that goes on while the disk is open
    Upkeep(JournalWriter writer, Segments segments, boolean byItself) {
        this.writer = writer;
        this.segments = segments;
        ownThread = byItself;
        if (byItself) {
            writer.whenSealed(this::wake);
            var _ = Thread.ofVirtual().name("journal upkeep").start(this::run);
        } else {
            ended = true;
        }
    }

    /// There may be something to do.
    void wake() {
        lock.lock();
        try {
            wanted = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (awaitWork()) {
            try {
                boolean more = step();
                while (more && goesOn()) {
                    more = step();
                }
            } catch (Stopped _) {
                // and left as it is
            } catch (DiskException | OperatorError e) {
                LOG.log(System.Logger.Level.WARNING, segments.name() + ": a segment is not looked after (" + e.getMessage() + ")");
            }
        }
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @return whether there may be some; one segment is looked after even if the disk is closed at once
    private boolean awaitWork() {
        lock.lock();
        try {
            while (!wanted && !closing) {
                changed.awaitUninterruptibly();
            }
            boolean due = wanted;
            wanted = false;
            return due;
        } finally {
            lock.unlock();
        }
    }

    private boolean goesOn() {
        lock.lock();
        try {
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    /// Looks after one segment.
    ///
    /// @return whether there was one to look after
    boolean step() throws DiskException {
        Optional<SegmentSpan> bare = writer.sealed().stream().filter(span -> !span.indexed()).findFirst();
        if (bare.isPresent()) {
            giveIndex(bare.get());
            return true;
        }
        List<SegmentSpan> sealed = writer.sealed();
        Optional<SegmentSpan> cold = sealed.stream().limit(Math.max(0, sealed.size() - WARM)).filter(span -> !span.small()).findFirst();
        if (cold.isPresent()) {
            compress(cold.get());
        }
        return cold.isPresent();
    }

    private void compress(SegmentSpan span) throws DiskException {
        try (SegmentCompression.Made made = SegmentCompression.of(segments, span, this::pace)) {
            writer.tending().lock();
            try {
                if (isSealed(span)) {
                    made.put();
                    writer.replaced(made.span());
                }
            } finally {
                writer.tending().unlock();
            }
        } catch (OperatorError e) {
            if (isSealed(span)) {
                throw e;
            } // else it was let go meanwhile
        }
    }

    /// Waits after some bytes, unless the disk is to be closed.
    private void pace(long bytes) {
        if (ownThread) {
            pacedBytes += bytes;
            if (pacedBytes >= PACE_BYTES) {
                pacedBytes = 0;
                rest();
            }
        }
    }

    private void rest() {
        lock.lock();
        try {
            for (long left = TimeUnit.SECONDS.toNanos(PACE_BYTES) / BYTES_PER_SECOND; left > 0 && !closing; ) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            closing = true; // nobody interrupts us but to end us
        } finally {
            lock.unlock();
        }
        if (!goesOn()) {
            throw new Stopped();
        }
    }

    private void giveIndex(SegmentSpan span) throws DiskException {
        var making = new SegmentIndex.Making();
        Optional<byte[]> index;
        try (Journal journal = Journal.open(segments, List.of(span))) {
            Journal.End end = journal.scan(making);
            index = making.finish(journal.header(0), journal.headerCrc(0), end.spans().getFirst().bytes(), false);
        } catch (OperatorError e) {
            if (isSealed(span)) {
                throw e;
            }
            return; // it was let go meanwhile
        }
        writer.tending().lock();
        try {
            if (isSealed(span)) {
                if (index.isPresent()) {
                    segments.putIndex(span.number(), index.get());
                }
                writer.replaced(span.withIndex());
            }
        } finally {
            writer.tending().unlock();
        }
    }

    private boolean isSealed(SegmentSpan span) {
        return writer.sealed().stream().anyMatch(one -> one.number() == span.number());
    }

    /// Waits for the end of what was begun.
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
            while (!ended) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
