package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.lang.foreign.MemorySegment;

/// Reads bytes anywhere in a segment, whose storage is read in whole blocks; those who go forwards cause few reads.
final class Window {
    static final int BYTES = 4 << 20;

    private static final int BLOCK_BYTES = 4096;

    private final MemorySegment buffer;
    private final Blocking disk;
    private final long size;
    private long from;
    private long to;

    /// @param buffer of [#BYTES], or of the segment's size if that is less
    Window(BlockDevice segment, MemorySegment buffer) {
        disk = new Blocking(segment);
        size = segment.geometry().sizeBytes();
        this.buffer = buffer;
    }

    /// The segment may have been written to: what is asked for next is read.
    void forget() {
        from = 0;
        to = 0;
    }

    /// @param length at most 1 MiB
    /// @return the bytes, until the next call; fewer where the segment ends
    MemorySegment at(long position, int length) throws DiskException {
        long end = Math.min(position + length, size);
        if (position < from || end > to) {
            from = position / BLOCK_BYTES * BLOCK_BYTES;
            to = Math.min(from + buffer.byteSize(), size);
            disk.read(from, buffer.asSlice(0, to - from));
        }
        return buffer.asSlice(position - from, Math.max(0, end - position));
    }
}
