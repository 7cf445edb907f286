package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Appends entries to a journal, in the order in which they are given to [#append].
///
/// ```
/// append: sequence and time → queue → a thread writes all that waits at once → written
/// flush:  wait until all that was appended is written → one flush of the segment, shared by those who wait for one
/// ```
///
/// Each batch begins at a multiple of [Journal#UNIT_BYTES], so that what was flushed is never written again. A segment that is full
/// is flushed before the next one is begun. The first append of an open begins a segment, for what a power cut has left behind the
/// end of the last one is never to be taken for entries. When writing fails nothing more is ever appended.
public final class JournalWriter implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(JournalWriter.class.getName());

    /// As soon as a batch has so much it is written.
    private static final int BATCH_BYTES = 1 << 20;

    private static final long STAGING_BYTES_MIN = 64 << 10;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    /// @param segmentBytes size of a segment, a multiple of 4096, no less than a batch may have
    /// @param bytesMax what the whole journal may take
    /// @param segmentNanosMax a segment does not take entries that are so much later than its first one
    /// @param reserveBytes for entries that are not changes of the disk, when the journal may not grow any more
    public record Limits(long segmentBytes, long bytesMax, long segmentNanosMax, long reserveBytes) {
        private static final long RESERVE_BYTES = 1 << 20;

        private static final long SEGMENT_BYTES_MAX = 128 << 20;

        /// How many segments a journal that may not grow is made of, at least.
        private static final int SEGMENTS_MIN = 8;

        /// The least that a journal from which segments are let go may take.
        public static final long ROLLING_BYTES_MIN = 64 << 20;

        Limits(long segmentBytes, long bytesMax) {
            this(segmentBytes, bytesMax, Long.MAX_VALUE);
        }

        Limits(long segmentBytes, long bytesMax, long segmentNanosMax) {
            this(segmentBytes, bytesMax, segmentNanosMax, RESERVE_BYTES);
        }

        /// Segments of 128 MiB.
        public static Limits of(long bytesMax) {
            return new Limits(SEGMENT_BYTES_MAX, bytesMax);
        }

        /// Segments so small that there are always some that can be let go.
        ///
        /// @param segmentNanosMax a segment does not take entries that are so much later than its first one
        public static Limits rolling(long bytesMax, long segmentNanosMax) {
            long segment = Math.clamp(bytesMax / SEGMENTS_MIN / 4096 * 4096, ROLLING_BYTES_MIN / SEGMENTS_MIN, SEGMENT_BYTES_MAX);
            return new Limits(segment, bytesMax, segmentNanosMax);
        }
    }

    /// Called once when an entry is written, or cannot be, on the thread that writes: it must neither block nor throw.
    @FunctionalInterface
    interface Written {
        void done(IoStatus status);
    }

    /// An entry that waits to be written.
    private record Queued(Entry entry, MemorySegment data, @Nullable Written written) {}

    private final Segments segments;
    private final InstantSource clock;
    private final IntSupplier tags;
    private volatile Limits limits;
    private final Arena arena = Arena.ofShared();
    private MemorySegment staging = MemorySegment.NULL;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Queued> queue = new ArrayDeque<>();
    private SegmentHeader header;
    private long sequence;
    private long written;
    private long durable;
    private long usedBytes;

    /// Of what waits to be written.
    private long waitingBytes;
    private boolean closed;
    private boolean ended;
    private @Nullable IoStatus failure;

    /// What was appended before this was opened.
    private final long found;

    /// Whether the next batch begins a segment, whatever room there is in the one that is written.
    private boolean turning;

    /// Whoever flushes the segment or goes on to the next one.
    private final ReentrantLock flushing = new ReentrantLock();

    private @Nullable BlockDevice segment;
    private long position;
    private final Trail trail = new Trail();
    private final WrittenIndexes indexes = new WrittenIndexes();

    /// Times in the segment that is written; of one that was found, of nothing that is written now.
    private long firstNanos;

    private long latestNanos;

    /// The segments behind which another one was begun, the oldest first: on stable storage.
    private final List<SegmentSpan> sealed = new ArrayList<>();

    private final ReentrantLock tending = new ReentrantLock();

    /// Called when a segment is sealed.
    private final List<Runnable> whenSealed = new CopyOnWriteArrayList<>();

    /// The last one that was found, until another one is begun.
    private @Nullable SegmentSpan foundLast;

    /// @param last header of its last segment
    /// @param end where it ends
    /// @param tags makes random numbers
    JournalWriter(Segments segments, SegmentHeader last, Journal.End end, Limits limits, InstantSource clock, IntSupplier tags) {
        this.segments = segments;
        this.header = last;
        this.limits = limits;
        this.clock = clock;
        this.tags = tags;
        sequence = end.sequence();
        found = sequence;
        written = sequence;
        durable = sequence;
        usedBytes = end.bytes();
        if (!end.spans().isEmpty()) {
            sealed.addAll(end.spans().subList(0, end.spans().size() - 1));
            foundLast = end.spans().getLast();
        }
        var _ = Thread.ofPlatform().daemon().name("journal").start(this::run); // which waits for storage, by itself
    }

    /// Begins a journal without entries.
    ///
    /// @param first with the number 1 and the sequence 1
    /// @throws OperatorError when there is one
    public static void begin(Segments segments, SegmentHeader first) throws DiskException {
        if (!segments.numbers().isEmpty()) {
            throw new OperatorError(segments.name(), "has a journal already", "name another place, or remove it");
        }
        segments.create(first.number(), first.encode(), SegmentHeader.BYTES).close();
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /// Sequence of the last entry that was appended.
    public long sequence() {
        return locked(() -> sequence);
    }

    /// Bytes of all segments up to their ends, of what was written.
    long usedBytes() {
        return locked(() -> usedBytes);
    }

    /// The segments that are not written to any more, the oldest first. They are on stable storage.
    List<SegmentSpan> sealed() {
        return locked(() -> List.copyOf(sealed));
    }

    /// Of the segments that this has written.
    WrittenIndexes indexes() {
        return indexes;
    }

    /// @param told whenever a segment is sealed; it must neither block nor throw
    void whenSealed(Runnable told) {
        whenSealed.add(told);
    }

    /// How much has to go before the journal is no more than half of what it may be; nothing unless it is more than three quarters.
    long excessBytes() {
        lock.lock();
        try {
            return usedBytes > limits.bytesMax / 4 * 3 ? usedBytes - limits.bytesMax / 2 : 0;
        } finally {
            lock.unlock();
        }
    }

    /// The journal is held to other limits from now on. The segment that is written ends, since it may be larger than they say: so that what is oldest
    /// can be let go.
    void limit(Limits next) {
        lock.lock();
        try {
            limits = next;
            if (failure == null && !closed && sequence > found) {
                turning = true;
                enqueue(new Entry(++sequence, now(), 0, EntryKind.FLUSH.code(), 0, 0, 0, 0, 0), MemorySegment.NULL, null);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private long now() {
        Instant now = clock.instant();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }

    private void enqueue(Entry entry, MemorySegment data, @Nullable Written done) {
        queue.add(new Queued(entry, data, done));
        waitingBytes += entry.bytes();
    }

    /// Waits until a change with so much data goes in, or that is not worth while any more.
    ///
    /// @param worthWhile looked at again whenever the limits change
    /// @throws DiskException when it never will, or nothing can be written any more
    void awaitRoom(long bytes, BooleanSupplier worthWhile) throws DiskException {
        lock.lock();
        try {
            if (bytes > limits.bytesMax / 2) {
                throw new DiskException("a journal that may not grow so much", IoStatus.NO_SPACE);
            }
            while (!hasRoom(EntryKind.WRITE, bytes) && failure == null && !closed && worthWhile.getAsBoolean()) {
                changed.awaitUninterruptibly();
            }
            if (failure != null || closed) {
                throw failed();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom(EntryKind kind, long bytes) {
        return usedBytes + waitingBytes + bytes + Entry.HEADER_BYTES + (kind.changes() ? limits.reserveBytes : 0) <= limits.bytesMax;
    }

    /// A segment is there no more.
    void removed(SegmentSpan gone) {
        lock.lock();
        try {
            sealed.removeIf(span -> {
                boolean it = span.number() == gone.number();
                usedBytes -= it ? span.bytes() : 0;
                return it;
            });
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// A sealed segment, which is there, is another one now, or is known better.
    void replaced(SegmentSpan now) {
        lock.lock();
        try {
            sealed.replaceAll(span -> {
                boolean it = span.number() == now.number();
                usedBytes += it ? now.bytes() - span.bytes() : 0;
                return it ? now : span;
            });
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Held by whoever changes files of sealed segments.
    ReentrantLock tending() {
        return tending;
    }

    /// Appends an entry. What is longer than an entry may be becomes several, one after the other.
    ///
    /// @param data of a write or a mark, which stays as it is until `written` is called; else [MemorySegment#NULL]
    /// @param done null for nobody; not called when this throws
    /// @return sequence of the last entry
    /// @throws DiskException when the journal may not grow, or cannot be written any more
    long append(EntryKind kind, long offset, long length, MemorySegment data, @Nullable Written done) throws DiskException {
        lock.lock();
        try {
            checkRoom(kind, data.byteSize());
            long nanos = now();
            long at = 0;
            do {
                int bytes = (int) Math.min(Entry.DATA_BYTES_MAX, data.byteSize() - at);
                boolean last = at + bytes == data.byteSize();
                long part = data.byteSize() == 0 || kind != EntryKind.WRITE ? length : bytes;
                var entry = new Entry(++sequence, nanos, 0, kind.code(), bytes, offset + at, part, 0, 0);
                enqueue(entry, data.asSlice(at, bytes), last ? done : null);
                at += bytes;
            } while (at < data.byteSize());
            changed.signalAll();
            return sequence;
        } finally {
            lock.unlock();
        }
    }

    private void checkRoom(EntryKind kind, long bytes) throws DiskException {
        if (failure != null || closed) {
            throw new DiskException("a journal that cannot be written", failure == null ? IoStatus.IO_ERROR : failure);
        }
        // These always go in: without them a full journal could not even be closed, and nothing of it be let go.
        boolean always = kind == EntryKind.SETTLED || kind == EntryKind.SETTLED_TO || kind == EntryKind.ROLLED || kind == EntryKind.DONE;
        if (!always && !hasRoom(kind, bytes)) {
            throw new DiskException("a journal that may not grow", IoStatus.NO_SPACE);
        }
    }

    /// Returns when everything that was appended before is on stable storage.
    void flush() throws DiskException {
        long wanted = awaitWritten();
        flushing.lock();
        try {
            long covered = lastWritten();
            if (covered < wanted) {
                throw failed();
            }
            if (durable() < wanted) {
                flushSegment();
                durable(covered);
            }
        } finally {
            flushing.unlock();
        }
    }

    private long awaitWritten() throws DiskException {
        lock.lock();
        try {
            long wanted = sequence;
            while (written < wanted && failure == null) {
                changed.awaitUninterruptibly();
            }
            if (failure != null) {
                throw failed();
            }
            return wanted;
        } finally {
            lock.unlock();
        }
    }

    private void flushSegment() throws DiskException {
        try {
            if (segment != null) {
                new Blocking(segment).flush();
            }
        } catch (DiskException e) {
            fail(List.of(), e.status());
            throw e;
        }
    }

    private DiskException failed() {
        return new DiskException("a journal that cannot be written", failure == null ? IoStatus.IO_ERROR : failure);
    }

    private long lastWritten() {
        return locked(() -> written);
    }

    private long durable() {
        return locked(() -> durable);
    }

    private void durable(long covered) {
        var _ = locked(() -> durable = Math.max(durable, covered));
    }

    private void run() {
        for (List<Queued> batch = take(); !batch.isEmpty(); batch = take()) {
            try {
                write(batch);
            } catch (DiskException e) {
                fail(batch, e.status());
            } catch (OperatorError e) {
                LOG.log(System.Logger.Level.ERROR, e.getMessage());
                fail(batch, IoStatus.IO_ERROR);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, segments.name() + ": not written through a fault of ours", e);
                fail(batch, IoStatus.IO_ERROR);
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

    /// What waits, as far as it fits into a batch; nothing when this is closed.
    private List<Queued> take() {
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            var batch = new ArrayList<Queued>();
            int bytes = 0;
            while (!queue.isEmpty() && bytes < BATCH_BYTES) {
                Queued next = queue.remove();
                bytes += next.entry.bytes();
                batch.add(next);
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<Queued> batch) throws DiskException {
        int bytes = batch.stream().mapToInt(queued -> queued.entry.bytes()).sum();
        int units = Math.ceilDiv(bytes, Journal.UNIT_BYTES) * Journal.UNIT_BYTES;
        long nanos = batch.getFirst().entry.timeNanos();
        boolean old = nanos - firstNanos > limits.segmentNanosMax;
        if (segment == null || old || turns() || position + units > segment.geometry().sizeBytes()) {
            beginSegment(batch.getFirst().entry.sequence());
            firstNanos = nanos;
            latestNanos = nanos;
        }
        latestNanos = Math.max(latestNanos, batch.stream().mapToLong(queued -> queued.entry.timeNanos()).max().orElse(nanos));
        MemorySegment staged = staged(units);
        encode(batch, staged);
        Objects.requireNonNull(segment).writeHere(position, staged);
        position += units;
        trail.leave(segment, position);
        lock.lock();
        try {
            usedBytes += units;
            waitingBytes -= bytes;
            written = batch.getLast().entry.sequence();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        tell(batch, IoStatus.OK);
    }

    private boolean turns() {
        lock.lock();
        try {
            boolean now = turning;
            turning = false;
            return now;
        } finally {
            lock.unlock();
        }
    }

    /// Room for a batch: no more than one has needed so far, since many a journal is opened for a few entries.
    private MemorySegment staged(int bytes) {
        if (staging.byteSize() < bytes) {
            staging = arena.allocate(Math.max(STAGING_BYTES_MIN, 2L * Integer.highestOneBit(bytes - 1)));
        }
        return staging.asSlice(0, bytes);
    }

    private void encode(List<Queued> batch, MemorySegment staged) {
        long durableNow = durable();
        long at = 0;
        for (Queued queued : batch) {
            Entry entry = queued.entry;
            MemorySegment there = staged.asSlice(at, entry.bytes());
            MemorySegment data = there.asSlice(Entry.HEADER_BYTES);
            data.fill((byte) 0);
            data.copyFrom(queued.data);
            var placed = new Entry(
                    entry.sequence(), entry.timeNanos(), durableNow, entry.kind(), entry.dataBytes(), entry.offset(), entry.length(),
                    header.tag(), Entry.crc(data.asSlice(0, entry.dataBytes())));
            placed.encode(there);
            indexes.entry(position + at, placed, queued.data);
            at += entry.bytes();
        }
        staged.asSlice(at).fill((byte) 0);
    }

    /// Everything before is on stable storage first.
    private void beginSegment(long firstSequence) throws DiskException {
        flushing.lock();
        try {
            SegmentSpan finished =
                    segment == null ? foundLast : new SegmentSpan(header.number(), header.firstSequence(), firstSequence - 1, latestNanos, position, position, false, false);
            finishSegment();
            durable(firstSequence - 1);
            SegmentHeader next = header.next(tags.getAsInt(), firstSequence);
            segment = segments.create(next.number(), next.encode(), limits.segmentBytes);
            header = next;
            indexes.begin(next);
            position = SegmentHeader.BYTES;
            lock.lock();
            try {
                usedBytes += SegmentHeader.BYTES;
                if (finished != null) {
                    sealed.add(finished);
                }
            } finally {
                lock.unlock();
            }
            whenSealed.forEach(Runnable::run);
        } finally {
            flushing.unlock();
        }
    }

    /// What was found of the last segment may be in the host's cache only. It may be open for reading, which does not keep it from being
    /// flushed.
    private void finishSegment() throws DiskException {
        BlockDevice before = segment == null ? segments.open(header.number(), Access.READ_ONLY) : segment;
        try (before) {
            new Blocking(before).flush();
            trail.end(before);
        }
        segment = null;
    }

    private void fail(List<Queued> batch, IoStatus status) {
        var lost = new ArrayList<>(batch);
        lock.lock();
        try {
            failure = status;
            lost.addAll(queue);
            queue.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        tell(lost, status);
    }

    private static void tell(List<Queued> batch, IoStatus status) {
        for (Queued queued : batch) {
            if (queued.written != null) {
                queued.written.done(status);
            }
        }
    }

    /// Waits until what was appended is written. What was flushed is on stable storage; closing promises no more.
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            changed.signalAll();
            while (!ended) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        if (segment != null) {
            segment.close();
        }
        arena.close();
    }
}
