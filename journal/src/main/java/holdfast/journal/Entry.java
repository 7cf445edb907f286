package holdfast.journal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
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
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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

    /// Whether it changes what the disk reads as.
    boolean isChange() {
        return EntryKind.changes(kind);
    }

    void encode(MemorySegment into) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0, MAGIC).putLong(8, sequence).putLong(16, timeNanos).putLong(24, durable).putShort(32, kind).putShort(34, form);
        header.putInt(36, dataBytes).putLong(40, offset).putLong(48, length).putInt(56, tag).putInt(60, dataCrc);
        header.putInt(CRC_OFFSET, crc(header));
        MemorySegment.copy(header.array(), 0, into, ValueLayout.JAVA_BYTE, 0, HEADER_BYTES);
    }

    /// The entry of this segment whose whole header is here, whatever becomes of its data; empty when there is none.
    static Optional<Entry> find(MemorySegment at, int tag) {
        if (at.byteSize() < HEADER_BYTES) {
            return Optional.empty();
        }
        ByteBuffer header = header(at);
        boolean whole = header.getInt(0) == MAGIC && header.getInt(56) == tag && header.getInt(CRC_OFFSET) == crc(header.putInt(CRC_OFFSET, 0));
        return whole ? Optional.of(parse(header)) : Optional.empty();
    }

    static Entry parse(MemorySegment at) {
        return parse(header(at));
    }

    private static Entry parse(ByteBuffer header) {
        return new Entry(
                header.getLong(8), header.getLong(16), header.getLong(24), header.getShort(32), header.getShort(34), header.getInt(36),
                header.getLong(40), header.getLong(48), header.getInt(56), header.getInt(60));
    }

    /// A copy: what is asked of it piece by piece, for each entry that is looked at, takes several times as long in a segment of memory.
    private static ByteBuffer header(MemorySegment at) {
        var bytes = new byte[HEADER_BYTES];
        MemorySegment.copy(at, ValueLayout.JAVA_BYTE, 0, bytes, 0, HEADER_BYTES);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
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

    private static int crc(ByteBuffer header) {
        var crc = new CRC32C();
        crc.update(header.array(), 0, HEADER_BYTES);
        return (int) crc.getValue();
    }

    static int crc(MemorySegment data) {
        var crc = new CRC32C();
        crc.update(data.asByteBuffer());
        return (int) crc.getValue();
    }
}
