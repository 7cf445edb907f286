package holdfast.block;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;

/// The first thing in an overlay file. Two slots of 4 KiB hold it, at 0 and at 4096; the valid one with the higher sequence
/// counts. All numbers are little-endian.
///
/// ```
///  0  8  magic "HOLDOVER"
///  8  4  version, 1
/// 12  4  CRC-32C of the slot with this field zero
/// 16  8  sequence
/// 24  8  size of the disk, bytes
/// 32  4  logical block, bytes
/// 36  4  cluster, bytes
/// 40  8  offset of the bitmap
/// 48  8  offset of the data
/// 56 16  id of this overlay
/// 72  2  length of the base's identity, and then its bytes, UTF-8
///  …  2  length of the base's name, and then its bytes, UTF-8
/// ```
///
/// @param baseIdentity [BlockDevice#identity] of the base; empty when it has none, and then this overlay cannot be opened again
/// @param baseName what the base was called when the overlay was made; says where to look for it, and nothing more
record OverlayHeader(
        long sequence,
        long sizeBytes,
        int logicalBlockBytes,
        int clusterBytes,
        long bitmapOffset,
        long dataOffset,
        UUID id,
        String baseIdentity,
        String baseName) {
    static final int SLOT_BYTES = HeaderSlot.BYTES;
    static final int SLOTS = HeaderSlot.COUNT;

    private static final long MAGIC = 0x5245564f_444c4f48L;
    private static final int VERSION = 1;

    private static final int CLUSTER_BYTES_MIN = 4096;
    private static final long CLUSTERS_MAX = 1L << 28;
    private static final long BITMAP_OFFSET = 64 << 10;
    private static final long DATA_ALIGNMENT = 1 << 20;

    /// The layout for a new overlay: clusters of 4 KiB, so that file systems never make us copy; of more when the disk is
    /// larger than 1 TiB, so that the bitmap stays within 32 MiB.
    static OverlayHeader layout(Geometry base, UUID id, String baseIdentity, String baseName) {
        long size = base.sizeBytes();
        int cluster = CLUSTER_BYTES_MIN;
        while (size / cluster > CLUSTERS_MAX) {
            cluster *= 2;
        }
        long clusters = (size + cluster - 1) / cluster;
        long bitmapEnd = BITMAP_OFFSET + (clusters + 7) / 8;
        long data = (bitmapEnd + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT;
        return new OverlayHeader(
                1, size, base.logicalBlockBytes(), cluster, BITMAP_OFFSET, data, id, baseIdentity, baseName);
    }

    /// The same overlay over another base.
    OverlayHeader over(String otherIdentity, String otherName) {
        return new OverlayHeader(
                sequence + 1,
                sizeBytes,
                logicalBlockBytes,
                clusterBytes,
                bitmapOffset,
                dataOffset,
                id,
                otherIdentity,
                otherName);
    }

    long clusterCount() {
        return (sizeBytes + clusterBytes - 1) / clusterBytes;
    }

    /// Size of a store that holds the whole of it.
    long storeBytes() {
        return dataOffset + sizeBytes;
    }

    /// Where in the store this header goes: each to the slot that its predecessor is not in.
    long slotOffset() {
        return (sequence + 1) % SLOTS * SLOT_BYTES;
    }

    byte[] encode() {
        ByteBuffer slot = HeaderSlot.begin(MAGIC, VERSION).putLong(sequence).putLong(sizeBytes);
        slot.putInt(logicalBlockBytes).putInt(clusterBytes).putLong(bitmapOffset).putLong(dataOffset);
        slot.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        HeaderSlot.putText(slot, baseIdentity);
        HeaderSlot.putText(slot, baseName);
        return HeaderSlot.seal(slot);
    }

    /// The header in a store, from its slots one after the other.
    static Optional<OverlayHeader> parse(byte[] slots) {
        return IntStream.range(0, SLOTS)
                .mapToObj(index -> HeaderSlot.open(slots, index, MAGIC, VERSION).flatMap(OverlayHeader::parseSlot))
                .flatMap(Optional::stream)
                .max(Comparator.comparingLong(OverlayHeader::sequence));
    }

    private static Optional<OverlayHeader> parseSlot(ByteBuffer slot) {
        var header = new OverlayHeader(
                slot.getLong(),
                slot.getLong(),
                slot.getInt(),
                slot.getInt(),
                slot.getLong(),
                slot.getLong(),
                new UUID(slot.getLong(), slot.getLong()),
                HeaderSlot.text(slot),
                HeaderSlot.text(slot));
        return header.isSound() ? Optional.of(header) : Optional.empty();
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    private boolean isSound() {
        return (logicalBlockBytes == 512 || logicalBlockBytes == 4096)
                && sizeBytes > 0
                && sizeBytes % logicalBlockBytes == 0
                && clusterBytes >= CLUSTER_BYTES_MIN
                && Integer.bitCount(clusterBytes) == 1
                && clusterCount() <= CLUSTERS_MAX
                && bitmapOffset == BITMAP_OFFSET
                && dataOffset % DATA_ALIGNMENT == 0
                && dataOffset >= bitmapOffset + (clusterCount() + 7) / 8
                && dataOffset <= Long.MAX_VALUE - sizeBytes;
    }
}
