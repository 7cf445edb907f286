package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.block.StorageLayer;
import java.lang.foreign.MemorySegment;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A disk as it was at a point of its journal, read-only: what the newest entries not after that point have, and the base where
/// there are none. Nothing is copied.
public final class PastDevice implements BlockDevice {
    private static final int QUEUE_DEPTH = 64;

    /// A segment is read as a whole if at least one byte in so many is needed.
    private static final long WORTH_A_WHOLE = 16;

    /// So much is read ahead at most: more may be gone again when it is needed.
    private static final long AHEAD_BYTES_MAX = 2L << 30;

    /// Of how much extents are told in one answer, so that it does not take long, or much memory.
    private static final long EXTENTS_BYTES = 256 << 20;

    private final BlockDevice base;
    private final Journal journal;
    private final PastIndex index;
    private final long sequence;
    private final Runnable whenClosed;
    private final Geometry geometry;
    private final LayeredRequests requests;
    private final EntryReader entries;

    private PastDevice(BlockDevice base, Journal journal, PastIndex index, long sequence, Runnable whenClosed) {
        this.base = base;
        this.journal = journal;
        entries = new EntryReader(journal);
        this.index = index;
        this.sequence = sequence;
        this.whenClosed = whenClosed;
        Geometry below = base.geometry();
        geometry = new Geometry(
                journal.header().diskBytes(), journal.header().logicalBlockBytes(), below.physicalBlockBytes(), true, below.durable(), false,
                false, QUEUE_DEPTH);
        requests = new LayeredRequests("past", journal.name(), QUEUE_DEPTH);
    }

    /// Opens what lies under a journal, for reading.
    @FunctionalInterface
    public interface Base {
        BlockDevice open() throws DiskException;
    }

    /// Others may write to the journal meanwhile.
    ///
    /// @param sequence of the last entry that counts
    /// @throws OperatorError when the journal is damaged, or of another base
    public static PastDevice open(Base base, Segments segments, long sequence) throws DiskException {
        return open(base, segments, sequence, () -> {});
    }

    /// What was chosen, and the disk as it was there.
    public record Chosen(PastDevice disk, Timeline.Point point) {}

    /// Others may write to the journal meanwhile. It is looked at once.
    ///
    /// @param choice the point, when it is known what there is
    /// @throws OperatorError when the journal is damaged, or of another base
    public static Chosen open(Base base, Segments segments, Function<Timeline, Timeline.Point> choice) throws DiskException {
        BlockDevice below = base.open(); // which takes on nothing meanwhile, so that no segment goes
        try {
            Journal journal = Journal.peek(segments);
            try {
                var changes = new HeldChanges();
                Timeline timeline = Timeline.of(journal, (place, entry, _) -> changes.add(place, entry));
                Timeline.Point point = choice.apply(timeline);
                checkBase(below, journal, timeline.end());
                return new Chosen(new PastDevice(below, journal, changes.indexAt(point.sequence()), point.sequence(), () -> {}), point);
            } catch (DiskException | RuntimeException e) {
                journal.close();
                throw e;
            }
        } catch (DiskException | RuntimeException e) {
            below.close();
            throw e;
        }
    }

    /// @param whenClosed called last
    public static PastDevice open(Base base, Segments segments, long sequence, Runnable whenClosed) throws DiskException {
        BlockDevice below = base.open(); // which takes on nothing meanwhile, so that no segment goes
        try {
            Journal journal = Journal.peek(segments);
            try {
                return new PastDevice(below, journal, index(journal, below, sequence), sequence, whenClosed);
            } catch (DiskException | RuntimeException e) {
                journal.close();
                throw e;
            }
        } catch (DiskException | RuntimeException e) {
            below.close();
            throw e;
        }
    }

    private static PastIndex index(Journal journal, BlockDevice base, long sequence) throws DiskException {
        var index = new PastIndex();
        Journal.End end = journal.look((place, entry, _) -> {
            if (counts(entry, sequence)) {
                index.add(place, entry);
            }
        });
        checkBase(base, journal, end);
        end.checkKept(sequence, journal.name());
        return index;
    }

    private static boolean counts(Entry entry, long sequence) {
        return entry.sequence() <= sequence;
    }

    private static void checkBase(BlockDevice base, Journal journal, Journal.End end) {
        String expected = end.rolled().isEmpty() ? journal.header().baseIdentity() : end.rolled().getLast().to();
        String found = base.identity().map(StorageLayer::shortened).orElse("");
        boolean fits = base.geometry().sizeBytes() == journal.header().diskBytes()
                && base.geometry().logicalBlockBytes() <= journal.header().logicalBlockBytes();
        if (!fits || !end.isBase(found, journal.header().baseIdentity())) {
            throw new OperatorError(
                    journal.name(), "is a journal over another disk than the one below it: that was " + expected + ", this is " + found,
                    "bring back the base as it was");
        }
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// The past stays what it was.
    @Override
    public Optional<String> identity() {
        return Optional.of("journal " + journal.header().journal() + " at " + sequence);
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> requests.apart(read, turn -> {
                turn.take();
                read(read.offset(), read.into());
            });
            case Request.Extents extents -> requests.apart(extents, turn -> {
                turn.take();
                extents(extents);
            });
            case Request.Flush _, Request.Write _, Request.Discard _, Request.WriteZeroes _ ->
                requests.finish(request, IoStatus.OK); // a flush; what changes the disk is not admitted
        }
    }

    /// Segments of which much is needed are read as wholes: in the order of the disk, what was written at random would be read at random.
    @Override
    public void willRead(long offset, long length) {
        var needed = new long[journal.segments()];
        index.visit(offset, offset + length, run -> {
            if (run.isWritten()) {
                needed[run.place().segment()] += run.length();
            }
        });
        long ahead = 0;
        for (int segment = 0; segment < needed.length && ahead < AHEAD_BYTES_MAX; segment++) {
            BlockDevice device = journal.device(segment);
            long bytes = device.geometry().sizeBytes();
            if (needed[segment] * WORTH_A_WHOLE >= bytes) {
                device.willRead(0, bytes);
                ahead += bytes;
            }
        }
    }

    private void read(long offset, MemorySegment into) throws DiskException {
        List<PastIndex.Run> runs = index.runs(offset, offset + into.byteSize());
        readBase(runs, offset, into);
        try (EntryReader.Reading reading = entries.begin()) {
            for (PastIndex.Run run : runs) {
                MemorySegment its = into.asSlice(run.offset() - offset, run.length());
                if (run.isWritten()) {
                    reading.read(run.place(), run.offset(), its);
                } else if (run.isZeros()) {
                    its.fill((byte) 0);
                }
            }
        }
    }

    /// All that the base has of the runs, in one go: what lies between is read too, for less than a second request would cost, and is overwritten.
    ///
    /// @param offset of the first byte of `into`
    private void readBase(List<PastIndex.Run> runs, long offset, MemorySegment into) throws DiskException {
        int first = 0;
        int end = runs.size();
        while (first < end && !runs.get(first).isBase()) {
            first++;
        }
        while (first < end && !runs.get(end - 1).isBase()) {
            end--;
        }
        if (first < end) {
            long from = runs.get(first).offset();
            new Blocking(base).read(from, into.asSlice(from - offset, runs.get(end - 1).end() - from));
        }
    }

    /// Of as much of the range as is looked at for one answer.
    private void extents(Request.Extents request) throws DiskException {
        long end = Math.min(request.offset() + request.length(), request.offset() + EXTENTS_BYTES);
        var answer = new Answer(request, new Blocking(base).extents(request.offset(), end - request.offset()).iterator());
        index.visit(request.offset(), end, answer::take);
        answer.tell();
    }

    /// Runs whose state is the same are told as one: of a disk that was written at random there are as many as blocks.
    private static final class Answer {
        private final Request.Extents request;
        private final Iterator<Extent> base;
        private @Nullable Extent below;

        /// What was taken and not told yet.
        private long from;
        private long to;
        private boolean allocated;
        private boolean zeros;

        Answer(Request.Extents request, Iterator<Extent> base) {
            this.request = request;
            this.base = base;
            from = request.offset();
            to = from;
        }

        void take(PastIndex.Run run) {
            if (!run.isBase()) {
                add(run.offset(), run.end(), true, run.isZeros());
                return;
            }
            for (long at = run.offset(); at < run.end(); at = to) {
                while (below == null || below.end() <= at) {
                    below = base.next();
                }
                add(at, Math.min(run.end(), below.end()), below.allocated(), below.readsZero());
            }
        }

        private void add(long begin, long end, boolean itsAllocated, boolean itsZeros) {
            if (allocated != itsAllocated || zeros != itsZeros) {
                tell();
                from = begin;
                allocated = itsAllocated;
                zeros = itsZeros;
            }
            to = end;
        }

        /// All runs were taken.
        void tell() {
            if (from < to) {
                request.extents().accept(new Extent(from, to - from, allocated, zeros));
            }
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    @Override
    public void close() {
        if (requests.close()) {
            entries.close();
            journal.close();
            base.close();
            whenClosed.run();
        }
    }
}
