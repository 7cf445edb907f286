package holdfast.block;

/// A layer that shows of the one below what has been initialised, and zeros for the rest: a [LazyDevice]. Its state, the
/// [LazyMap], lies in the descriptor's file.
///
/// @param blockBytes what is initialised together
/// @param mapOffset where the map is in the descriptor's file
public record LazyLayer(int blockBytes, Filling filling, long mapOffset) implements Layer {
    private static final int BLOCK_BYTES_MIN = 4096;

    /// So that a number of sectors in a block fits two bytes.
    private static final int BLOCK_BYTES_MAX = 16 << 20;

    private static final int BLOCK_BYTES_USUAL = 1 << 20;
    private static final long BLOCKS_USUAL_MAX = 1 << 22;
    private static final long BLOCKS_MAX = 1 << 26;

    /// What the first write to a block zeroes.
    public enum Filling {
        /// All of the block that it does not write itself.
        WHOLE_BLOCK,
        /// What lies before it in the block and has not been zeroed or written.
        BEFORE
    }

    /// With the usual blocks: 1 MiB, more for disks over 4 TiB, so that the map stays within 8 MiB.
    public static LazyLayer of(long sizeBytes, Filling filling) {
        int bytes = BLOCK_BYTES_USUAL;
        while (sizeBytes / bytes > BLOCKS_USUAL_MAX && bytes < BLOCK_BYTES_MAX) {
            bytes *= 2;
        }
        return new LazyLayer(bytes, filling, DescriptorFile.STATE_OFFSET);
    }

    int blockCount(long sizeBytes) {
        return Math.toIntExact(Math.ceilDiv(sizeBytes, blockBytes));
    }

    @Override
    public long stateEnd(long sizeBytes) {
        return mapOffset + LazyMap.bytesFor(blockCount(sizeBytes));
    }

    @Override
    public boolean isSound(long sizeBytes) {
        return blockBytes >= BLOCK_BYTES_MIN
                && blockBytes <= BLOCK_BYTES_MAX
                && Integer.bitCount(blockBytes) == 1
                && sizeBytes / blockBytes < BLOCKS_MAX
                && mapOffset == DescriptorFile.STATE_OFFSET;
    }
}
