package holdfast.disk;

import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.LazilyInitialized;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Lets the rest of a provisioned disk arrive, from the beginning to the end. Of what the repository knows to be zeros nothing is fetched.
final class FillingUp implements LazilyInitialized.Blocks {
    private static final int UNIT_BYTES = 1 << 20;

    /// What the repository is asked about at once.
    private static final long WINDOW_BYTES = 1L << 30;

    private static final MemorySegment ZEROS = Arena.global().allocate(UNIT_BYTES);

    private final PresenceMap map;
    private final Arrivals arrivals;
    private final Repository repository;
    private final Flush flush;
    private final int blockBytes;
    private final long sizeBytes;
    private List<Extent> known = List.of();

    interface Flush {
        void run() throws DiskException;
    }

    FillingUp(PresenceMap map, Arrivals arrivals, Repository repository, Flush flush, int blockBytes, long sizeBytes) {
        this.map = map;
        this.arrivals = arrivals;
        this.repository = repository;
        this.flush = flush;
        this.blockBytes = blockBytes;
        this.sizeBytes = sizeBytes;
    }

    @Override
    public int count() {
        return Math.toIntExact(Math.ceilDiv(sizeBytes, UNIT_BYTES));
    }

    /// @return bytes that were fetched
    @Override
    public long initialize(int unit) throws DiskException {
        long from = (long) unit * UNIT_BYTES;
        long to = Math.min(sizeBytes, from + UNIT_BYTES);
        long first = from / blockBytes;
        long end = Math.ceilDiv(to, (long) blockBytes);
        if (map.isHere(first, end)) {
            return 0;
        }
        if (isZero(from, to)) {
            arrivals.put(first, end, ZEROS.asSlice(0, to - from));
            return 0;
        }
        long fetched = map.absentCount(first, end) * blockBytes;
        arrivals.await(first, end);
        return fetched;
    }

    private boolean isZero(long from, long to) {
        if (known.isEmpty() || from < known.getFirst().offset() || from >= known.getLast().end()) {
            known = repository.extents(from, Math.min(WINDOW_BYTES, sizeBytes - from)).orElse(List.of());
        }
        return known.stream().anyMatch(run -> run.readsZero() && run.offset() <= from && to <= run.end());
    }

    @Override
    public long pendingBytes() {
        return Math.min(sizeBytes, map.absentCount() * blockBytes);
    }

    @Override
    public void flush() throws DiskException {
        flush.run();
    }
}
