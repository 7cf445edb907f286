package holdfast.vhdx;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Changes of the file that take effect together ([MS-VHDX] 2.3.1): a header and descriptors, and after them, each in a sector
/// of 4 KiB, what the data descriptors write.
///
/// ```
///  0 4 "loge"                  descriptors, 32 bytes each, from 64 on:        data sectors:
///  4 4 checksum                 0 4 "desc"            "zero"                     0    4 "data"
///  8 4 length of the entry      4 4 last 4 bytes      0                          4    4 sequence, upper half
/// 12 4 tail                     8 8 first 8 bytes     length                     8 4084 the bytes between first and last
/// 16 8 sequence                16 8 offset            offset                  4092    4 sequence, lower half
/// 24 4 descriptors             24 8 sequence          sequence
/// 28 4 0
/// 32 16 log GUID
/// 48 8 flushed file offset
/// 56 8 last file offset
/// ```
///
/// @param bytes length, a multiple of 4 KiB
/// @param tail where in the log the oldest entry begins that has to be replayed with this one
/// @param flushedFileOffset size that the file had, durably, when this was written: a shorter one was cut off
/// @param lastFileOffset size that the file has when this has been replayed
record LogEntry(
        UUID log,
        int bytes,
        int tail,
        long sequence,
        long flushedFileOffset,
        long lastFileOffset,
        List<Write> writes) {
    static final int SECTOR_BYTES = 4096;

    private static final int ENTRY = 0x6567_6f6c;
    private static final int ZERO = 0x6f72_657a;
    private static final int DATA = 0x6373_6564;
    private static final int SECTOR = 0x6174_6164;
    private static final int HEADER_BYTES = 64;
    private static final int DESCRIPTOR_BYTES = 32;
    private static final int LENGTH_OFFSET = 8;

    /// A change of the file at an offset that is a multiple of 4 KiB.
    sealed interface Write {
        long offset();

        /// @param bytes a sector
        record Data(long offset, byte[] bytes) implements Write {}

        /// @param length multiple of 4 KiB
        record Zeros(long offset, long length) implements Write {}
    }

    LogEntry {
        writes = List.copyOf(writes);
    }

    /// How long an entry is said to be.
    ///
    /// @param sector the first of the entry
    /// @return empty when no entry of this log begins with the sector
    static Optional<Integer> length(ByteBuffer sector, UUID log, int logBytes) {
        int length = sector.getInt(LENGTH_OFFSET);
        boolean entry = sector.getInt(0) == ENTRY
                && length > 0
                && length <= logBytes
                && length % SECTOR_BYTES == 0
                && Guid.get(sector.duplicate().order(sector.order()).position(32)).equals(log);
        return entry ? Optional.of(length) : Optional.empty();
    }

    /// @param bytes all of the entry
    /// @return empty when it is not whole, or does not say what makes sense
    static Optional<LogEntry> parse(byte[] bytes) {
        if (!Checksum.holds(bytes)) {
            return Optional.empty();
        }
        ByteBuffer from = Checksum.bytes(bytes).position(LENGTH_OFFSET);
        int length = from.getInt();
        int tail = from.getInt();
        long sequence = from.getLong();
        long descriptors = Integer.toUnsignedLong(from.getInt());
        from.getInt();
        UUID log = Guid.get(from);
        long flushed = from.getLong();
        long last = from.getLong();
        long sectors = (HEADER_BYTES + descriptors * DESCRIPTOR_BYTES + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
        if (length != bytes.length || sectors > length || sequence == 0 || tail < 0 || tail % SECTOR_BYTES != 0) {
            return Optional.empty();
        }
        var writes = new ArrayList<Write>();
        int sector = (int) sectors;
        for (int i = 0; i < descriptors; i++) {
            int at = HEADER_BYTES + i * DESCRIPTOR_BYTES;
            Optional<Write> write = from.getInt(at) == DATA ? data(bytes, at, sector, sequence) : zeros(from, at, sequence);
            if (write.isEmpty()) {
                return Optional.empty();
            }
            sector += from.getInt(at) == DATA ? SECTOR_BYTES : 0;
            writes.add(write.get());
        }
        return sector == length
                ? Optional.of(new LogEntry(log, length, tail, sequence, flushed, last, writes))
                : Optional.empty();
    }

    private static Optional<Write> data(byte[] bytes, int descriptor, int sector, long sequence) {
        ByteBuffer from = Checksum.bytes(bytes);
        long offset = from.getLong(descriptor + 16);
        if (sector > bytes.length - SECTOR_BYTES
                || !isPlace(offset, SECTOR_BYTES)
                || from.getLong(descriptor + 24) != sequence
                || !isStamped(from, sector, sequence)) {
            return Optional.empty();
        }
        byte[] content = Arrays.copyOfRange(bytes, sector, sector + SECTOR_BYTES);
        System.arraycopy(bytes, descriptor + 8, content, 0, Long.BYTES);
        System.arraycopy(bytes, descriptor + 4, content, SECTOR_BYTES - Integer.BYTES, Integer.BYTES);
        return Optional.of(new Write.Data(offset, content));
    }

    private static boolean isStamped(ByteBuffer from, int sector, long sequence) {
        return from.getInt(sector) == SECTOR
                && from.getInt(sector + 4) == (int) (sequence >>> 32)
                && from.getInt(sector + SECTOR_BYTES - Integer.BYTES) == (int) sequence;
    }

    private static Optional<Write> zeros(ByteBuffer from, int descriptor, long sequence) {
        long length = from.getLong(descriptor + 8);
        long offset = from.getLong(descriptor + 16);
        boolean sound = from.getInt(descriptor) == ZERO
                && from.getLong(descriptor + 24) == sequence
                && isPlace(offset, length);
        return sound ? Optional.of(new Write.Zeros(offset, length)) : Optional.empty();
    }

    private static boolean isPlace(long offset, long length) {
        return offset >= 0
                && length > 0
                && offset + length > 0
                && (offset | length) % SECTOR_BYTES == 0;
    }

    byte[] encode() {
        long data = writes.stream().filter(Write.Data.class::isInstance).count();
        int descriptors = Math.ceilDiv(HEADER_BYTES + writes.size() * DESCRIPTOR_BYTES, SECTOR_BYTES) * SECTOR_BYTES;
        var encoded = new byte[descriptors + (int) data * SECTOR_BYTES];
        ByteBuffer into = Checksum.bytes(encoded);
        into.putInt(ENTRY).putInt(0).putInt(encoded.length).putInt(tail).putLong(sequence).putInt(writes.size()).putInt(0);
        Guid.put(into, log);
        into.putLong(flushedFileOffset).putLong(lastFileOffset);
        int sector = descriptors;
        for (Write write : writes) {
            switch (write) {
                case Write.Zeros zeros ->
                    into.putInt(ZERO).putInt(0).putLong(zeros.length).putLong(zeros.offset).putLong(sequence);
                case Write.Data part -> {
                    ByteBuffer content = Checksum.bytes(part.bytes);
                    into.putInt(DATA).putInt(content.getInt(SECTOR_BYTES - Integer.BYTES)).putLong(content.getLong(0));
                    into.putLong(part.offset).putLong(sequence);
                    System.arraycopy(part.bytes, 0, encoded, sector, SECTOR_BYTES);
                    into.putInt(sector, SECTOR).putInt(sector + 4, (int) (sequence >>> 32));
                    into.putInt(sector + SECTOR_BYTES - Integer.BYTES, (int) sequence);
                    sector += SECTOR_BYTES;
                }
            }
        }
        Checksum.seal(encoded);
        return encoded;
    }
}
