package holdfast.block;

/// A layer whose content is elsewhere, in a repository, until it has arrived in the one below, or has been written. Its state, a map of
/// what is here, lies in the descriptor's file.
///
/// @param blockBytes what arrives together
/// @param mapOffset where the map is in the descriptor's file
/// @param arrived whether all is here, and the repository is not needed any more
/// @param identity names the repository's content
/// @param address where the repository is: a path, or a URI
public record ProvisionedLayer(int blockBytes, long mapOffset, boolean arrived, String identity, String address) implements Layer {
    /// Blocks in a sector of the map.
    public static final int SECTOR_BLOCKS = 2000;

    /// In the descriptor's file.
    public static final int SECTOR_BYTES = 512;

    /// So that both fit a slot of the descriptor, with what else is there, in bytes of UTF-8.
    public static final int ADDRESS_BYTES_MAX = 1500;

    public static final int IDENTITY_BYTES_MAX = 700;

    private static final int BLOCK_BYTES_MIN = 4096;
    private static final int BLOCK_BYTES_MAX = 64 << 10;
    private static final long BLOCKS_USUAL_MAX = 1 << 26;
    private static final long BLOCKS_MAX = 1L << 31;

    /// With the usual blocks: 4 KiB, more for disks over 256 GiB, so that the map stays within 17 MiB up to 4 TiB.
    public static ProvisionedLayer of(long sizeBytes, String identity, String address) {
        int bytes = BLOCK_BYTES_MIN;
        while (sizeBytes / bytes > BLOCKS_USUAL_MAX && bytes < BLOCK_BYTES_MAX) {
            bytes *= 2;
        }
        return new ProvisionedLayer(bytes, DescriptorFile.STATE_OFFSET, false, identity, address);
    }

    ProvisionedLayer asArrived() {
        return new ProvisionedLayer(blockBytes, mapOffset, true, identity, address);
    }

    ProvisionedLayer at(String elsewhere) {
        return new ProvisionedLayer(blockBytes, mapOffset, arrived, identity, elsewhere);
    }

    /// How many sectors the map has.
    public int sectorCount(long sizeBytes) {
        return Math.toIntExact(Math.ceilDiv(Math.ceilDiv(sizeBytes, (long) blockBytes), SECTOR_BLOCKS));
    }

    @Override
    public long stateEnd(long sizeBytes) {
        return mapOffset + (long) sectorCount(sizeBytes) * SECTOR_BYTES;
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
