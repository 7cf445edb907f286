package holdfast.disk;

import holdfast.block.DiskException;
import holdfast.block.LazilyInitialized;
import java.util.ArrayList;
import java.util.List;

/// Lets those parts of a provisioned disk arrive that a trace names, many at once.
final class TracedParts implements LazilyInitialized.Blocks {
    /// Pieces that are asked for together.
    private static final int TOGETHER = 32;

    private static final long PIECE_BYTES = 512 << 10;

    private final PresenceMap map;
    private final Arrivals arrivals;
    private final FillingUp.Flush flush;
    private final int blockBytes;
    private final List<Piece> pieces = new ArrayList<>();

    /// Blocks from `first` to before `end`.
    private record Piece(long first, long end) {}

    TracedParts(ImageTrace trace, PresenceMap map, Arrivals arrivals, FillingUp.Flush flush, int blockBytes, long sizeBytes) {
        this.map = map;
        this.arrivals = arrivals;
        this.flush = flush;
        this.blockBytes = blockBytes;
        long most = PIECE_BYTES / blockBytes;
        for (ImageTrace.Part part : trace.parts()) {
            long end = Math.ceilDiv(Math.min(sizeBytes, part.end()), (long) blockBytes);
            for (long at = part.offset() / blockBytes; at < end; at += most) {
                pieces.add(new Piece(at, Math.min(end, at + most)));
            }
        }
    }

    @Override
    public int count() {
        return Math.ceilDiv(pieces.size(), TOGETHER);
    }

    /// @return bytes that were fetched
    @Override
    public long initialize(int batch) throws DiskException {
        List<Piece> together = pieces.subList(batch * TOGETHER, Math.min(pieces.size(), (batch + 1) * TOGETHER));
        long fetched = absentBytes(together);
        for (Piece piece : together) {
            arrivals.ask(piece.first, piece.end);
        }
        for (Piece piece : together) {
            arrivals.await(piece.first, piece.end);
        }
        return fetched;
    }

    @Override
    public long pendingBytes() {
        return absentBytes(pieces);
    }

    private long absentBytes(List<Piece> of) {
        return of.stream().mapToLong(piece -> map.absentCount(piece.first, piece.end)).sum() * blockBytes;
    }

    @Override
    public void flush() throws DiskException {
        flush.run();
    }
}
