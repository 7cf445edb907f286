package holdfast.vhdx;

/// Where in the block allocation table each block's entry is ([MS-VHDX] 2.5): after the entries of every chunk of payload
/// blocks comes that of the sector bitmap block which says for each of their sectors whether it is this file's.
///
/// @param sizeBytes of the disk
record BatLayout(long sizeBytes, int blockBytes, int sectorBytes, boolean differencing) {
    /// Sectors that one sector bitmap block of 1 MiB has bits for.
    static final long CHUNK_SECTORS = 1L << 23;

    /// Payload blocks in a chunk.
    long chunkBlocks() {
        return 1L << chunkShift();
    }

    private int chunkShift() {
        return Long.numberOfTrailingZeros(CHUNK_SECTORS)
                + Integer.numberOfTrailingZeros(sectorBytes)
                - Integer.numberOfTrailingZeros(blockBytes);
    }

    long blocks() {
        return Math.ceilDiv(sizeBytes, blockBytes);
    }

    long chunks() {
        return Math.ceilDiv(blocks(), chunkBlocks());
    }

    /// Entries that the table must have.
    long entries() {
        return differencing ? chunks() * (chunkBlocks() + 1) : blocks() + (blocks() - 1) / chunkBlocks();
    }

    long blockEntry(long block) {
        return block + (block >> chunkShift());
    }

    long bitmapEntry(long chunk) {
        return chunk * (chunkBlocks() + 1) + chunkBlocks();
    }

    boolean isBitmapEntry(long entry) {
        return entry % (chunkBlocks() + 1) == chunkBlocks();
    }

    /// The payload block of an entry that is not a bitmap's.
    long blockOfEntry(long entry) {
        return entry - entry / (chunkBlocks() + 1);
    }

    long chunkOfEntry(long entry) {
        return entry / (chunkBlocks() + 1);
    }

    /// Bytes of the disk that lie in a block: fewer in the last one.
    long bytesIn(long block) {
        return Math.min(blockBytes, sizeBytes - block * blockBytes);
    }
}
