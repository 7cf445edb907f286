package holdfast.machine;

import holdfast.block.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A block device's configuration as its driver reads it (virtio 1.2, §5.2.4), and the features and limits it goes with.
final class BlockConfig {
    static final long SIZE_MAX = 1L << 1;
    static final long SEG_MAX = 1L << 2;
    static final long RO = 1L << 5;
    static final long BLK_SIZE = 1L << 6;
    static final long FLUSH = 1L << 9;
    static final long TOPOLOGY = 1L << 10;
    static final long CONFIG_WCE = 1L << 11;
    static final long MQ = 1L << 12;
    static final long DISCARD = 1L << 13;
    static final long WRITE_ZEROES = 1L << 14;

    /// Offset of the byte that says whether writes are cached (1) or durable at once (0).
    static final int WRITEBACK = 32;

    /// Bytes of one segment and segments of one request that the driver is told of; their product bounds a request.
    private static final int SEGMENT_BYTES_MAX = 64 << 10;
    private static final int SEGMENTS_MAX = 254;
    static final int DATA_BYTES_MAX = SEGMENT_BYTES_MAX * SEGMENTS_MAX;

    /// Sectors of one range: 1 GiB.
    static final int RANGE_SECTORS_MAX = 1 << 21;
    /// Longest serial that GET_ID returns.
    static final int ID_BYTES = 20;

    private static final int BYTES = 60;

    private BlockConfig() {}

    static long features(Geometry geometry, int queues) {
        long features = SIZE_MAX | SEG_MAX | BLK_SIZE | FLUSH | TOPOLOGY | CONFIG_WCE;
        if (queues > 1) {
            features |= MQ;
        }
        if (geometry.readOnly()) {
            return features | RO;
        }
        // Zeros are written by the host even where that is not quick: it is quicker than the guest.
        return features | WRITE_ZEROES | (geometry.discard() ? DISCARD : 0);
    }

    static byte[] bytes(Geometry geometry, long sectors, boolean writeback, int queues) {
        int logical = geometry.logicalBlockBytes();
        int physicalPerLogical = geometry.physicalBlockBytes() / logical;
        int alignment = geometry.physicalBlockBytes() / BlockCommand.SECTOR_BYTES;
        return ByteBuffer.allocate(BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, sectors)
                .putInt(8, SEGMENT_BYTES_MAX)
                .putInt(12, SEGMENTS_MAX)
                .putInt(20, logical)
                .put(24, (byte) Integer.numberOfTrailingZeros(physicalPerLogical))
                .putShort(26, (short) physicalPerLogical)
                .put(WRITEBACK, (byte) (writeback ? 1 : 0))
                .putShort(34, (short) queues)
                .putInt(36, RANGE_SECTORS_MAX)
                .putInt(40, 1)
                .putInt(44, alignment)
                .putInt(48, RANGE_SECTORS_MAX)
                .putInt(52, 1)
                .put(56, (byte) 1)
                .array();
    }
}
