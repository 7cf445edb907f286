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
        if (isHere(unit)) {
            return 0;
        }
        if (isZero(unit)) {
            putZeros(unit);
            return 0;
        }
        long fetched = map.absentCount(first(unit), end(unit)) * blockBytes;
        arrivals.await(first(unit), end(unit));
        return fetched;
    }

    private static long from(int unit) {
        return (long) unit * UNIT_BYTES;
    }

    private long to(int unit) {
        return Math.min(sizeBytes, from(unit) + UNIT_BYTES);
    }

    private long first(int unit) {
        return from(unit) / blockBytes;
    }

    private long end(int unit) {
        return Math.ceilDiv(to(unit), (long) blockBytes);
    }

    boolean isHere(int unit) {
        return map.isHere(first(unit), end(unit));
    }

    /// Whether the repository knows all of a unit to be zeros.
    boolean isZero(int unit) {
        long from = from(unit);
        if (known.isEmpty() || from < known.getFirst().offset() || from >= known.getLast().end()) {
            known = repository.extents(from, Math.min(WINDOW_BYTES, sizeBytes - from)).orElse(List.of());
        }
        return known.stream().anyMatch(run -> run.readsZero() && run.offset() <= from && to(unit) <= run.end());
    }

    void putZeros(int unit) throws DiskException {
        arrivals.put(first(unit), end(unit), ZEROS.asSlice(0, to(unit) - from(unit)));
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
