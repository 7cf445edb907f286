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

/// A disk as it was at a point of its journal, read-only: what the newest entries not after that point have, and the base where
/// there are none. Nothing is copied.
public final class PastDevice implements BlockDevice {
    private static final int QUEUE_DEPTH = 64;
    private static final int RUNS_MAX = 1024;

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

    private void read(long offset, MemorySegment into) throws DiskException {
        long end = offset + into.byteSize();
        for (long at = offset; at < end; ) {
            List<PastIndex.Run> runs = index.runs(at, end, RUNS_MAX);
            readBase(runs, at, into.asSlice(at - offset));
            for (PastIndex.Run run : runs) {
                read(run, into.asSlice(run.offset() - offset, run.end() - run.offset()));
                at = run.end();
            }
        }
    }

    /// All that the base has of the runs, in one go: what lies between is read too, for less than a second request would cost, and is overwritten.
    ///
    /// @param offset of the first byte of `into`
    private void readBase(List<PastIndex.Run> runs, long offset, MemorySegment into) throws DiskException {
        Gap gap = Gap.of(runs);
        if (gap.from < gap.to) {
            new Blocking(base).read(gap.from, into.asSlice(gap.from - offset, gap.to - gap.from));
        }
    }

    /// From the first byte that is the base's to behind the last one; empty when none is.
    private record Gap(long from, long to) {
        static Gap of(List<PastIndex.Run> runs) {
            long from = 0;
            long to = 0;
            for (PastIndex.Run run : runs) {
                if (!run.held()) {
                    from = to == 0 ? run.offset() : from;
                    to = run.end();
                }
            }
            return new Gap(from, to);
        }
    }

    private void read(PastIndex.Run run, MemorySegment into) throws DiskException {
        if (!run.held()) {
            return;
        }
        if (run.place() == null) {
            into.fill((byte) 0);
        } else {
            entries.read(run.place(), run.offset(), into);
        }
    }

    private void extents(Request.Extents request) throws DiskException {
        List<PastIndex.Run> runs = index.runs(request.offset(), request.offset() + request.length(), RUNS_MAX);
        Gap gap = Gap.of(runs);
        Iterator<Extent> below = new Blocking(base).extents(gap.from, gap.to - gap.from).iterator(); // in one go, as what is read
        Extent at = null;
        for (PastIndex.Run run : runs) {
            if (run.held()) {
                request.extents().accept(new Extent(run.offset(), run.end() - run.offset(), true, run.place() == null));
                continue;
            }
            for (long from = run.offset(); from < run.end(); ) {
                while (at == null || at.end() <= from) {
                    at = below.next();
                }
                long to = Math.min(run.end(), at.end());
                request.extents().accept(new Extent(from, to - from, at.allocated(), at.readsZero()));
                from = to;
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
