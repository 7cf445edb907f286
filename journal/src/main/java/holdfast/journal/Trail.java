package holdfast.journal;

import holdfast.block.BlockDevice;

/// What a segment's writer leaves behind, which is hardly ever read: the host, which would keep all of a journal in memory, of which the disk needs nothing,
/// is told so. Then what is written next has the memory that is in use already.
final class Trail {
    /// So often it is told.
    private static final long STEP_BYTES = 1 << 20;

    /// So far behind the writer everything is on storage, at the speed of any that is as fast as he is.
    private static final long LENGTH_BYTES = 16 << 20;

    private long told;

    /// @param end of what was written, from the beginning of the segment on
    void leave(BlockDevice segment, long end) {
        if (end - told >= STEP_BYTES) {
            long from = Math.max(0, end - LENGTH_BYTES);
            segment.willNotRead(from, end - from);
            told = end;
        }
    }

    /// The next one is written, from its beginning on.
    ///
    /// @param segment all of which is on storage
    void end(BlockDevice segment) {
        segment.willNotRead(0, segment.geometry().sizeBytes());
        told = 0;
    }
}
