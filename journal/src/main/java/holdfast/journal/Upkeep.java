package holdfast.journal;

import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

    /// The same while the disk is busy: it would take the processor from those who write.
    private static final long BYTES_PER_SECOND_BUSY = 2 << 20;

    private static final long PACE_BYTES = 1 << 20;

    private final JournalWriter writer;
    private final Segments segments;
    private final Background background = new Background();

    /// Held by whoever looks after a segment.
    private final ReentrantLock steps = new ReentrantLock(true);

    /// How many wait for all to be compressed.
    private final AtomicInteger hurried = new AtomicInteger();

    private volatile boolean paced;

    /// Looked at since the last pause.
    private long pacedBytes;

    private final ChangeRate rate;

    private boolean closed;

    /// The disk is to be closed, and what was begun is not worth waiting for.
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stopped() {
            super(null, null, false, false);
        }
    }

    Upkeep(JournalWriter writer, Segments segments) {
        this.writer = writer;
        this.segments = segments;
        rate = new ChangeRate(writer.sequence(), System.nanoTime());
    }

    /// Does so by itself from now on.
    void start() {
        paced = true;
        writer.whenSealed(background::wake);
        background.start("journal upkeep", this::work);
    }

    /// One segment is looked after even if the disk is closed at once.
    private long work() {
        try {
            boolean more = step();
            while (more && background.goesOn()) {
                more = step();
            }
        } catch (Stopped _) {
            // and left as it is
        } catch (DiskException | OperatorError e) {
            notLookedAfter(e);
        }
        return Background.WHEN_WOKEN;
    }

    private void notLookedAfter(Exception e) {
        LOG.log(System.Logger.Level.WARNING, segments.name() + ": a segment is not looked after (" + e.getMessage() + ")");
    }

    /// Looks after one segment.
    ///
    /// @return whether there was one to look after
    boolean step() throws DiskException {
        steps.lock();
        try {
            return one();
        } finally {
            steps.unlock();
        }
    }

    private boolean one() throws DiskException {
        Optional<SegmentSpan> bare = writer.sealed().stream().filter(span -> !span.indexed()).findFirst();
        if (bare.isPresent()) {
            giveIndex(bare.get());
            return true;
        }
        List<SegmentSpan> sealed = writer.sealed();
        Optional<SegmentSpan> cold = sealed.stream().limit(Math.max(0, sealed.size() - WARM)).filter(span -> !span.small()).findFirst();
        if (cold.isPresent()) {
            var _ = compress(cold.get());
        }
        return cold.isPresent();
    }

    /// Compresses at once all that is sealed.
    ///
    /// @throws OperatorError when a segment is damaged, cannot be written, or the disk is closed meanwhile
    JournalCompression.Result all() throws DiskException {
        hurried.incrementAndGet();
        steps.lock();
        try {
            long before = writer.usedBytes();
            long bytes = before;
            int compressed = 0;
            for (SegmentSpan span : writer.sealed()) {
                if (closed) {
                    throw new Stopped();
                }
                SegmentSpan now = span.small() ? span : compress(span);
                bytes += now.bytes() - span.bytes();
                compressed += now.isCompressed() && !span.small() ? 1 : 0;
            }
            return new JournalCompression.Result(compressed, before, bytes);
        } catch (Stopped e) {
            throw new OperatorError(segments.name(), "was not compressed wholly, since its disk is closed", "do it again");
        } finally {
            steps.unlock();
            hurried.decrementAndGet();
        }
    }

    /// @return what it is now; the same when it was let go meanwhile
    private SegmentSpan compress(SegmentSpan span) throws DiskException {
        try (SegmentCompression.Made made = SegmentCompression.of(segments, span, this::pace)) {
            writer.tending().lock();
            try {
                if (isSealed(span)) {
                    made.put();
                    writer.replaced(made.span());
                    return made.span();
                }
            } finally {
                writer.tending().unlock();
            }
        } catch (OperatorError e) {
            if (isSealed(span)) {
                throw e;
            } // else it was let go meanwhile
        }
        return span;
    }

    /// Waits after some bytes, unless the disk is to be closed, or somebody waits. To compress a segment may take a minute, in which others are
    /// sealed.
    private void pace(long bytes) throws DiskException {
        pacedBytes += bytes;
        if (pacedBytes >= PACE_BYTES) {
            pacedBytes = 0;
            keepWritten();
            if (paced && hurried.get() == 0) {
                background.rest(TimeUnit.SECONDS.toNanos(PACE_BYTES) / (rate.isBusy(writer.sequence(), System.nanoTime()) ? BYTES_PER_SECOND_BUSY : BYTES_PER_SECOND));
            }
            if (paced && !background.goesOn()) {
                throw new Stopped();
            }
        }
    }

    private void giveIndex(SegmentSpan span) throws DiskException {
        Optional<byte[]> index = writer.indexes().take(span.number());
        if (index.isEmpty()) {
            try {
                index = scanned(span);
            } catch (OperatorError e) {
                if (isSealed(span)) {
                    throw e;
                }
                return; // it was let go meanwhile
            }
        }
        keep(span, index);
    }

    /// The indexes that are there already: nothing is read for them.
    private void keepWritten() throws DiskException {
        for (SegmentSpan span : writer.sealed()) {
            Optional<byte[]> index = span.indexed() ? Optional.empty() : writer.indexes().take(span.number());
            if (index.isPresent()) {
                keep(span, index);
            }
        }
    }

    private void keep(SegmentSpan span, Optional<byte[]> index) throws DiskException {
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

    /// Of one that was written by another writer, or too long ago.
    private Optional<byte[]> scanned(SegmentSpan span) throws DiskException {
        var making = new SegmentIndex.Making();
        try (Journal journal = Journal.open(segments, List.of(span))) {
            Journal.End end = journal.scan(making);
            return making.finish(journal.header(0), journal.headerCrc(0), end.spans().getFirst().bytes(), false);
        }
    }

    private boolean isSealed(SegmentSpan span) {
        return writer.sealed().stream().anyMatch(one -> one.number() == span.number());
    }

    /// Waits for the end of what was begun, and leaves no segment without an index that is known: whoever reads the journal next would have to
    /// scan it.
    @Override
    public void close() {
        background.close();
        steps.lock(); // and of what somebody waits for
        try {
            closed = true;
            keepWritten();
        } catch (DiskException | OperatorError e) {
            notLookedAfter(e);
        } finally {
            steps.unlock();
        }
    }
}
