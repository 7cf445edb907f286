package holdfast.journal;

import holdfast.block.DiskException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/// What is in a sealed segment, without the data of writes, so that the segment need not be read. It can be made from the segment at any
/// time, and is of use only as long as it fits that: it bears the checksum of the segment's header, and goes up to the entry before the next
/// segment. All numbers are little-endian.
///
/// ```
///  0  8  magic "HOLDJIDX"
///  8  4  version, 1
/// 12  4  CRC-32C of the whole index, this field zero
/// 16 16  id of the journal, most significant 8 bytes first
/// 32  4  number of the segment
/// 36  4  CRC-32C of the segment's header, as it says itself
/// 40  8  sequence of the first entry
/// 48  8  number of entries
/// 56  8  where the segment ends
/// 64  4  1 when it is known that the segment would not be much smaller if it were compressed, else 0
/// 68  4  zeros
/// 72     for each entry, in order:
///      0  8  time
///      8  8  offset of the range on the disk
///     16  8  length of the range
///     24  8  position of the entry in the segment
///     32  4  bytes of data in the segment
///     36  2  kind
///     38  2  form of a write's data ([Stored])
///  …     the data of each entry that is no write, in order
/// ```
final class SegmentIndex {
    /// One that would be larger is not made.
    static final int BYTES_MAX = 64 << 20;

    static final int VERSION = 1;

    private static final long MAGIC = 0x5844494a_444c4f48L;
    private static final int CRC_OFFSET = 12;
    private static final int HEADER_BYTES = 72;
    private static final int ENTRY_BYTES = 40;

    private final ByteBuffer bytes;
    private final SegmentHeader segment;
    private final long count;
    private final long end;

    private SegmentIndex(ByteBuffer bytes, SegmentHeader segment) {
        this.bytes = bytes;
        this.segment = segment;
        count = bytes.getLong(48);
        end = bytes.getLong(56);
    }

    /// An index in the making, to which each entry is given in order.
    static final class Making implements Journal.Visitor {
        private ByteBuffer entries = ByteBuffer.allocate(1024 * ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        private ByteBuffer data = ByteBuffer.allocate(4096);

        @Override
        public void entry(Journal.Place place, Entry entry, MemorySegment itsData) {
            if (isTooLarge()) {
                return;
            }
            entries = withRoom(entries, ENTRY_BYTES);
            entries.putLong(entry.timeNanos()).putLong(entry.offset()).putLong(entry.length()).putLong(place.position());
            entries.putInt(entry.dataBytes()).putShort(entry.kind()).putShort(entry.form());
            if (!entry.is(EntryKind.WRITE)) {
                data = withRoom(data, entry.dataBytes());
                data.put(itsData.toArray(ValueLayout.JAVA_BYTE));
            }
        }

        /// How large it would be now.
        int bytes() {
            return HEADER_BYTES + entries.position() + data.position();
        }

        private boolean isTooLarge() {
            return bytes() + ENTRY_BYTES + Entry.DATA_BYTES_MAX > BYTES_MAX;
        }

        private static ByteBuffer withRoom(ByteBuffer buffer, int more) {
            if (buffer.remaining() >= more) {
                return buffer;
            }
            int capacity = Math.max(2 * buffer.capacity(), buffer.position() + more);
            return ByteBuffer.wrap(Arrays.copyOf(buffer.array(), capacity)).order(buffer.order()).position(buffer.position());
        }

        /// @param headerCrc of the segment
        /// @param ends where the segment does
        /// @param incompressible whether it is known that the segment is
        /// @return empty when there would be too much of it
        Optional<byte[]> finish(SegmentHeader segment, int headerCrc, long ends, boolean incompressible) {
            if (isTooLarge()) {
                return Optional.empty();
            }
            ByteBuffer all = ByteBuffer.allocate(bytes()).order(ByteOrder.LITTLE_ENDIAN);
            all.putLong(MAGIC).putInt(VERSION).putInt(0);
            all.order(ByteOrder.BIG_ENDIAN).putLong(segment.journal().getMostSignificantBits()).putLong(segment.journal().getLeastSignificantBits());
            all.order(ByteOrder.LITTLE_ENDIAN).putInt(segment.number()).putInt(headerCrc);
            all.putLong(segment.firstSequence()).putLong(entries.position() / ENTRY_BYTES).putLong(ends);
            all.putInt(incompressible ? 1 : 0).putInt(0);
            all.put(entries.array(), 0, entries.position()).put(data.array(), 0, data.position());
            all.putInt(CRC_OFFSET, crc(all.array()));
            return Optional.of(all.array());
        }
    }

    /// @param bytes what [Making] came to
    static SegmentIndex made(byte[] bytes, SegmentHeader segment) {
        return new SegmentIndex(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), segment);
    }

    /// @param headerCrc of the segment
    /// @param next sequence of the first entry behind the segment
    /// @param segmentBytes size of the segment
    /// @return empty when it is not whole, not known here, not this segment's, or makes no sense
    static Optional<SegmentIndex> parse(byte[] found, SegmentHeader segment, int headerCrc, long next, long segmentBytes) {
        if (found.length < HEADER_BYTES) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.wrap(found).order(ByteOrder.LITTLE_ENDIAN);
        boolean whole = bytes.getLong(0) == MAGIC && bytes.getInt(8) == VERSION && bytes.getInt(CRC_OFFSET) == crc(found);
        if (!whole || !isOf(bytes, segment, headerCrc)) {
            return Optional.empty();
        }
        var index = new SegmentIndex(bytes, segment);
        return index.count == next - segment.firstSequence() && index.isSound(segmentBytes) ? Optional.of(index) : Optional.empty();
    }

    private static boolean isOf(ByteBuffer bytes, SegmentHeader segment, int headerCrc) {
        long most = bytes.order(ByteOrder.BIG_ENDIAN).getLong(16);
        long least = bytes.getLong(24);
        bytes.order(ByteOrder.LITTLE_ENDIAN);
        return most == segment.journal().getMostSignificantBits()
                && least == segment.journal().getLeastSignificantBits()
                && bytes.getInt(32) == segment.number()
                && bytes.getInt(36) == headerCrc
                && bytes.getLong(40) == segment.firstSequence();
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    private boolean isSound(long segmentBytes) {
        if (count < 0 || count > (bytes.capacity() - HEADER_BYTES) / ENTRY_BYTES || end > segmentBytes) {
            return false;
        }
        long position = SegmentHeader.BYTES;
        long data = dataAt();
        for (long i = 0; i < count; i++) {
            Entry entry = entry(i);
            long at = position(i);
            if (at < position || !entry.isSound(segment) || !EntryKind.isKnown(entry.kind())) {
                return false;
            }
            position = at + entry.bytes();
            data += entry.is(EntryKind.WRITE) ? 0 : entry.dataBytes();
        }
        return position == end && data == bytes.capacity();
    }

    private int dataAt() {
        return HEADER_BYTES + (int) count * ENTRY_BYTES;
    }

    private Entry entry(long i) {
        int at = HEADER_BYTES + (int) i * ENTRY_BYTES;
        return new Entry(
                segment.firstSequence() + i, bytes.getLong(at), 0, bytes.getShort(at + 36), bytes.getShort(at + 38), bytes.getInt(at + 32),
                bytes.getLong(at + 8), bytes.getLong(at + 16), segment.tag(), 0);
    }

    private long position(long i) {
        return bytes.getLong(HEADER_BYTES + (int) i * ENTRY_BYTES + 24);
    }

    /// @param number of the segment in its journal, from 0
    /// @param visitor is given no data of writes
    void visit(int number, Journal.Visitor visitor) throws DiskException {
        int data = dataAt();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocateFrom(ValueLayout.JAVA_BYTE, Arrays.copyOfRange(bytes.array(), data, bytes.capacity()));
            for (long i = 0; i < count; i++) {
                Entry entry = entry(i);
                MemorySegment its = MemorySegment.NULL;
                if (!entry.is(EntryKind.WRITE)) {
                    its = all.asSlice(data - dataAt(), entry.dataBytes());
                    data += entry.dataBytes();
                }
                visitor.entry(new Journal.Place(number, position(i), 0), entry, its);
            }
        }
    }

    long lastSequence() {
        return segment.firstSequence() + count - 1;
    }

    /// Whether it is known that the segment would not be much smaller if it were compressed.
    boolean incompressible() {
        return bytes.getInt(64) == 1;
    }

    /// Where the segment ends.
    long end() {
        return end;
    }

    private static int crc(byte[] index) {
        var crc = new CRC32C();
        crc.update(index, 0, CRC_OFFSET);
        crc.update(new byte[Integer.BYTES]);
        int after = CRC_OFFSET + Integer.BYTES;
        crc.update(index, after, index.length - after);
        return (int) crc.getValue();
    }
}
