package holdfast.journal;

import holdfast.block.OperatorError;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The first 4096 bytes of a segment. All numbers are little-endian.
///
/// ```
///  0  8  magic "HOLDJRNL"                        these three are the same in every version
///  8  4  version: 1, or 2 for a segment that was compressed
/// 12  4  CRC-32C of the 4096 bytes, this field zero
/// 16 16  id of the journal, most significant 8 bytes first
/// 32  4  number of the segment, from 1
/// 36  4  tag: a random number that every entry of the segment bears
/// 40  4  tag of the segment before; 0 in the first
/// 44  4  logical block of the disk, bytes
/// 48  8  sequence of the first entry
/// 56  8  size of the disk, bytes
/// 64  2  length of the identity of the base, and then its bytes, UTF-8
///  …     zeros
/// ```
///
/// In version 2, at 3584:
///
/// ```
///  0  8  sequence of the last entry
///  8  8  where the segment ends
/// 16  8  where it ended before it was compressed
/// ```
///
/// @param compressed of version 2; null in one as it was written
/// @param baseIdentity of what lies under the journal ([holdfast.block.BlockDevice#identity]); empty when that has none
public record SegmentHeader(
        UUID journal, int number, int tag, int tagBefore, int logicalBlockBytes, long firstSequence, long diskBytes, String baseIdentity,
        @Nullable Compressed compressed) {
    static final int BYTES = 4096;
    static final int VERSION = 1;
    static final int VERSION_COMPRESSED = 2;

    /// What is known of a segment when it is compressed, since it is sealed.
    ///
    /// @param last sequence of its last entry
    /// @param end where it ends
    /// @param plainEnd where it ended before
    record Compressed(long last, long end, long plainEnd) {}

    private static final long MAGIC = 0x4c4e524a_444c4f48L;
    private static final int CRC_OFFSET = 12;
    private static final int TEXT_OFFSET = 64;
    private static final int TEXT_BYTES_MAX = 3000;
    private static final int COMPRESSED_OFFSET = 3584;

    /// Of a segment as it is written.
    public SegmentHeader(
            UUID journal, int number, int tag, int tagBefore, int logicalBlockBytes, long firstSequence, long diskBytes, String baseIdentity) {
        this(journal, number, tag, tagBefore, logicalBlockBytes, firstSequence, diskBytes, baseIdentity, null);
    }

    /// The same of the segment when it is compressed.
    SegmentHeader compressed(Compressed now) {
        return new SegmentHeader(journal, number, tag, tagBefore, logicalBlockBytes, firstSequence, diskBytes, baseIdentity, now);
    }

    boolean isCompressed() {
        return compressed != null;
    }

    /// The header of the segment after this one.
    SegmentHeader next(int nextTag, long sequence) {
        return new SegmentHeader(journal, number + 1, nextTag, tag, logicalBlockBytes, sequence, diskBytes, baseIdentity);
    }

    byte[] encode() {
        byte[] identity = baseIdentity.getBytes(StandardCharsets.UTF_8);
        if (identity.length > TEXT_BYTES_MAX) {
            throw new IllegalArgumentException("longer than " + TEXT_BYTES_MAX + " bytes: " + baseIdentity);
        }
        ByteBuffer header = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(MAGIC).putInt(compressed == null ? VERSION : VERSION_COMPRESSED).putInt(0);
        header.order(ByteOrder.BIG_ENDIAN).putLong(journal.getMostSignificantBits()).putLong(journal.getLeastSignificantBits());
        header.order(ByteOrder.LITTLE_ENDIAN).putInt(number).putInt(tag).putInt(tagBefore).putInt(logicalBlockBytes);
        header.putLong(firstSequence).putLong(diskBytes);
        header.putShort((short) identity.length).put(identity);
        if (compressed != null) {
            header.position(COMPRESSED_OFFSET).putLong(compressed.last).putLong(compressed.end).putLong(compressed.plainEnd);
        }
        header.putInt(CRC_OFFSET, crc(header.array()));
        return header.array();
    }

    /// @param name of the segment, for messages
    /// @throws OperatorError when it is none, damaged, or of a version that is not known here
    static SegmentHeader parse(byte[] bytes, String name) {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length != BYTES || header.getLong() != MAGIC) {
            throw new OperatorError(name, "is no segment of a journal", "restore it from a copy; nothing was changed");
        }
        int version = header.getInt();
        if (header.getInt() != crc(bytes)) {
            throw damaged(name);
        }
        if (version != VERSION && version != VERSION_COMPRESSED) {
            throw new OperatorError(
                    name, "is a journal of version " + Integer.toUnsignedString(version) + ", and only versions " + VERSION + " and " + VERSION_COMPRESSED + " are known",
                    "use the version of Holdfast that made it; nothing was changed");
        }
        var journal = uuid(header);
        header.order(ByteOrder.LITTLE_ENDIAN);
        int number = header.getInt();
        int tag = header.getInt();
        int before = header.getInt();
        int logical = header.getInt();
        long first = header.getLong();
        long disk = header.getLong();
        int length = Short.toUnsignedInt(header.getShort(TEXT_OFFSET));
        boolean sound = (logical == 512 || logical == 4096) && first > 0 && disk > 0 && disk % logical == 0 && length <= TEXT_BYTES_MAX;
        if (!sound) {
            throw damaged(name);
        }
        var identity = new String(bytes, TEXT_OFFSET + Short.BYTES, length, StandardCharsets.UTF_8);
        Compressed compressed = version == VERSION ? null : compressed(header, first, name);
        return new SegmentHeader(journal, number, tag, before, logical, first, disk, identity, compressed);
    }

    private static Compressed compressed(ByteBuffer header, long first, String name) {
        header.position(COMPRESSED_OFFSET);
        var compressed = new Compressed(header.getLong(), header.getLong(), header.getLong());
        if (compressed.last < first - 1 || compressed.end < BYTES || compressed.plainEnd < compressed.end) {
            throw damaged(name);
        }
        return compressed;
    }

    /// The checksum that a header says it has.
    static int crcIn(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(CRC_OFFSET);
    }

    private static UUID uuid(ByteBuffer header) {
        header.order(ByteOrder.BIG_ENDIAN);
        return new UUID(header.getLong(), header.getLong());
    }

    private static OperatorError damaged(String name) {
        return new OperatorError(name, "is a segment of a journal with a damaged header", "restore it from a copy; nothing was changed");
    }

    private static int crc(byte[] header) {
        var crc = new CRC32C();
        crc.update(header, 0, CRC_OFFSET);
        crc.update(new byte[Integer.BYTES]);
        int after = CRC_OFFSET + Integer.BYTES;
        crc.update(header, after, header.length - after);
        return (int) crc.getValue();
    }
}
