package holdfast.journal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// One entry of a journal without its data: a header of 64 bytes, then the data, then zeros up to a multiple of 8 bytes. All
/// numbers are little-endian.
///
/// ```
///  0  4  magic "HFJE"
///  4  4  CRC-32C of the 64 bytes, this field zero
///  8  8  sequence: one more than that of the entry before
/// 16  8  time, nanoseconds since 1970-01-01 UTC, as the clock said: it may go back
/// 24  8  durable: all entries up to this sequence were on stable storage when this one was written
/// 32  2  kind (EntryKind)
/// 34  2  form of a write's data ([Stored]); 0 unless the segment is compressed
/// 36  4  bytes of data that follow
/// 40  8  offset of the range on the disk
/// 48  8  length of the range
/// 56  4  tag of the segment
/// 60  4  CRC-32C of the data
/// ```
///
/// @param kind a code of [EntryKind]; one that is not known is told from damage by the checksum
/// @param form of the data of a write; 0 for as it was written
/// @param dataBytes bytes of data in the segment
/// @param length of the range, bytes; of a write of form 0 the same as `dataBytes`, 0 where there is no range
/// @param tag of the segment that it is in, so that an entry of another one is none
public record Entry(long sequence, long timeNanos, long durable, short kind, short form, int dataBytes, long offset, long length, int tag, int dataCrc) {
    static final int HEADER_BYTES = 64;

    /// So that a look at one byte of an entry never has to read much.
    static final int DATA_BYTES_MAX = 256 << 10;

    private static final int MAGIC = 0x454a_4648;
    private static final int CRC_OFFSET = 4;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// One whose data is as it was written.
    Entry(long sequence, long timeNanos, long durable, short kind, int dataBytes, long offset, long length, int tag, int dataCrc) {
        this(sequence, timeNanos, durable, kind, (short) 0, dataBytes, offset, length, tag, dataCrc);
    }

    /// Bytes of header, data and what fills up.
    int bytes() {
        return bytesFor(dataBytes);
    }

    static int bytesFor(int dataBytes) {
        return HEADER_BYTES + (dataBytes + 7 & -8);
    }

    boolean is(EntryKind which) {
        return kind == which.code();
    }

    void encode(MemorySegment into) {
        into.asSlice(0, HEADER_BYTES).fill((byte) 0);
        into.set(INT, 0, MAGIC);
        into.set(LONG, 8, sequence);
        into.set(LONG, 16, timeNanos);
        into.set(LONG, 24, durable);
        into.set(SHORT, 32, kind);
        into.set(SHORT, 34, form);
        into.set(INT, 36, dataBytes);
        into.set(LONG, 40, offset);
        into.set(LONG, 48, length);
        into.set(INT, 56, tag);
        into.set(INT, 60, dataCrc);
        into.set(INT, CRC_OFFSET, headerCrc(into));
    }

    /// Whether whole header of an entry of this segment is there, whatever becomes of its data.
    static boolean isAt(MemorySegment at, int tag) {
        return at.byteSize() >= HEADER_BYTES
                && at.get(INT, 0) == MAGIC
                && at.get(INT, 56) == tag
                && at.get(INT, CRC_OFFSET) == headerCrc(at);
    }

    static Entry parse(MemorySegment at) {
        return new Entry(
                at.get(LONG, 8), at.get(LONG, 16), at.get(LONG, 24), at.get(SHORT, 32), at.get(SHORT, 34), at.get(INT, 36), at.get(LONG, 40),
                at.get(LONG, 48), at.get(INT, 56), at.get(INT, 60));
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    ///
    /// @param segment that it is in
    boolean isSound(SegmentHeader segment) {
        return isSound(segment.diskBytes()) && (form == Stored.AS_IT_IS || segment.isCompressed());
    }

    private boolean isSound(long diskBytes) {
        boolean data = dataBytes >= 0 && dataBytes <= DATA_BYTES_MAX;
        boolean range = offset >= 0 && length >= 0 && offset <= diskBytes - length;
        boolean number = is(EntryKind.SETTLED_TO) || is(EntryKind.DONE);
        return data && range && (is(EntryKind.WRITE) ? Stored.isSound(this) : form == Stored.AS_IT_IS) && (!number || dataBytes == Long.BYTES);
    }

    /// What an entry has for data that refers to another one: its sequence.
    static long number(MemorySegment data) {
        return data.get(LONG, 0);
    }

    /// Data that refers to another entry.
    static MemorySegment ofNumber(long sequence) {
        MemorySegment data = Arena.ofAuto().allocate(Long.BYTES);
        data.set(LONG, 0, sequence);
        return data;
    }

    /// In one go: it is made for each entry that is written or looked at.
    private static int headerCrc(MemorySegment header) {
        var bytes = new byte[HEADER_BYTES];
        MemorySegment.copy(header, ValueLayout.JAVA_BYTE, 0, bytes, 0, HEADER_BYTES);
        Arrays.fill(bytes, CRC_OFFSET, CRC_OFFSET + Integer.BYTES, (byte) 0);
        var crc = new CRC32C();
        crc.update(bytes, 0, HEADER_BYTES);
        return (int) crc.getValue();
    }

    static int crc(MemorySegment data) {
        var crc = new CRC32C();
        crc.update(data.asByteBuffer());
        return (int) crc.getValue();
    }
}
