package holdfast.block;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;

/// The first thing in a lazy map: two slots ([HeaderSlot]) of 4 KiB, at 0 and at 4096; the valid one with the higher sequence
/// counts. All numbers are little-endian. From 8192 on there is the map ([LazyMap]).
///
/// ```
///  0  8  magic "HOLDLAZY"
///  8  4  version, 1
/// 12  4  CRC-32C of the slot with this field zero
/// 16  8  sequence
/// 24  8  size of the disk, bytes
/// 32  4  logical block, bytes
/// 36  4  block, bytes
/// 40 16  id of the disk
/// 56  1  1: closed in order; 0: somebody may have been writing
/// 57  1  what a first write zeroes: 0 the rest of its block, 1 what lies before it in its block
/// 58  1  0: the storage is the file beside this one; 1: it is the one named below
/// 59  1  1: the storage bears the disk's id, in its extended attribute `user.holdfast.disk`
/// 60  2  length of the storage's identity when it was closed in order, and then its bytes, UTF-8
///  …  2  length of the storage's name, and then its bytes, UTF-8
/// ```
///
/// @param closed whether nothing has been written since the identity was taken
/// @param mapping whether the storage is found by its name
/// @param marked whether the storage bears the id
/// @param storageIdentity what the storage was when this was last closed
record LazyHeader(
        long sequence,
        long sizeBytes,
        int logicalBlockBytes,
        int blockBytes,
        UUID id,
        boolean closed,
        Filling filling,
        boolean mapping,
        boolean marked,
        String storageIdentity,
        String storageName) {
    static final long MAGIC = 0x595a414c_444c4f48L;
    static final long MAP_OFFSET = (long) HeaderSlot.COUNT * HeaderSlot.BYTES;

    private static final int VERSION = 1;
    private static final int BLOCK_BYTES_MIN = 4096;

    /// So that a number of sectors in a block fits two bytes.
    private static final int BLOCK_BYTES_MAX = 16 << 20;

    private static final int BLOCK_BYTES_USUAL = 1 << 20;
    private static final long BLOCKS_USUAL_MAX = 1 << 22;
    private static final long BLOCKS_MAX = 1 << 26;

    /// What the first write to a block zeroes.
    enum Filling {
        /// All of the block that it does not write itself.
        WHOLE_BLOCK,
        /// What lies before it in the block and has not been zeroed or written.
        BEFORE
    }

    /// How large a block is: 1 MiB, more for disks over 4 TiB, so that the map stays within 8 MiB.
    static int usualBlockBytes(long sizeBytes) {
        int bytes = BLOCK_BYTES_USUAL;
        while (sizeBytes / bytes > BLOCKS_USUAL_MAX && bytes < BLOCK_BYTES_MAX) {
            bytes *= 2;
        }
        return bytes;
    }

    /// For a disk that has not been opened for writing, beside its storage.
    static LazyHeader first(Geometry geometry, int blockBytes, UUID id, Filling filling, String identity) {
        return new LazyHeader(
                1, geometry.sizeBytes(), geometry.logicalBlockBytes(), blockBytes, id, true, filling, false, false, identity, "");
    }

    /// The same for storage that is found by its name.
    LazyHeader mapping(String name) {
        return new LazyHeader(
                sequence, sizeBytes, logicalBlockBytes, blockBytes, id, closed, filling, true, marked, storageIdentity, name);
    }

    /// The same for storage that bears the id, or not.
    LazyHeader marked(boolean bearsId) {
        return new LazyHeader(
                sequence, sizeBytes, logicalBlockBytes, blockBytes, id, closed, filling, mapping, bearsId, storageIdentity,
                storageName);
    }

    LazyHeader next(long size, boolean closedInOrder, String identity) {
        return new LazyHeader(
                sequence + 1, size, logicalBlockBytes, blockBytes, id, closedInOrder, filling, mapping, marked, identity,
                storageName);
    }

    int blockCount() {
        return Math.toIntExact(Math.ceilDiv(sizeBytes, blockBytes));
    }

    /// Size of a file that holds it all.
    long storeBytes() {
        return MAP_OFFSET + LazyMap.bytesFor(blockCount());
    }

    /// Where this header goes: each to the slot that its predecessor is not in.
    long slotOffset() {
        return (sequence + 1) % HeaderSlot.COUNT * HeaderSlot.BYTES;
    }

    byte[] encode() {
        ByteBuffer slot = HeaderSlot.begin(MAGIC, VERSION).putLong(sequence).putLong(sizeBytes);
        slot.putInt(logicalBlockBytes).putInt(blockBytes);
        slot.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        slot.put((byte) (closed ? 1 : 0)).put((byte) filling.ordinal()).put((byte) (mapping ? 1 : 0)).put((byte) (marked ? 1 : 0));
        HeaderSlot.putText(slot, storageIdentity);
        HeaderSlot.putText(slot, storageName);
        return HeaderSlot.seal(slot);
    }

    /// The header in a file, from its slots one after the other.
    static Optional<LazyHeader> parse(byte[] slots) {
        return IntStream.range(0, HeaderSlot.COUNT)
                .mapToObj(index -> HeaderSlot.open(slots, index, MAGIC, VERSION).flatMap(LazyHeader::parseSlot))
                .flatMap(Optional::stream)
                .max(Comparator.comparingLong(LazyHeader::sequence));
    }

    private static Optional<LazyHeader> parseSlot(ByteBuffer slot) {
        long sequence = slot.getLong();
        long size = slot.getLong();
        int logical = slot.getInt();
        int block = slot.getInt();
        var id = new UUID(slot.getLong(), slot.getLong());
        byte closed = slot.get();
        byte filling = slot.get();
        byte mapping = slot.get();
        byte marked = slot.get();
        if (!isSound(size, logical, block) || filling < 0 || filling >= Filling.values().length) {
            return Optional.empty();
        }
        return Optional.of(new LazyHeader(
                sequence, size, logical, block, id, closed == 1, Filling.values()[filling], mapping == 1,
                marked == 1, HeaderSlot.text(slot), HeaderSlot.text(slot)));
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    private static boolean isSound(long size, int logical, int block) {
        return (logical == 512 || logical == 4096)
                && size > 0
                && size % logical == 0
                && block >= BLOCK_BYTES_MIN
                && block <= BLOCK_BYTES_MAX
                && Integer.bitCount(block) == 1
                && size / block < BLOCKS_MAX;
    }
}
