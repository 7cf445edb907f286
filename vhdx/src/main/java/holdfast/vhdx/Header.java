package holdfast.vhdx;

import java.util.Optional;
import java.util.UUID;

/// One of the two headers ([MS-VHDX] 2.2.2), at 64 KiB and at 128 KiB. The valid one with the higher sequence is current;
/// the other is overwritten when something changes, so that one is always whole.
///
/// ```
///  0  4  "head"           48 16  log GUID                 72  8  log offset
///  4  4  checksum         64  2  log version, 0
///  8  8  sequence         66  2  version, 1
/// 16 16  file write GUID  68  4  log length
/// 32 16  data write GUID
/// ```
///
/// @param fileWrite changes before the first change of the file in each open
/// @param dataWrite changes before the first change of what the disk holds in each open: what a child's linkage names
/// @param log of which entries in the log count; [Guid#NONE] when there is nothing to replay
/// @param logBytes a multiple of 1 MiB
record Header(
        long sequence,
        UUID fileWrite,
        UUID dataWrite,
        UUID log,
        int logVersion,
        int version,
        long logBytes,
        long logOffset) {
    static final int BYTES = 4096;
    static final long FIRST_OFFSET = 64 << 10;
    static final long SECOND_OFFSET = 128 << 10;
    static final int VERSION = 1;

    private static final int SIGNATURE = 0x6461_6568;

    static Optional<Header> parse(byte[] bytes) {
        var from = Checksum.bytes(bytes);
        if (from.getInt() != SIGNATURE || !Checksum.holds(bytes)) {
            return Optional.empty();
        }
        from.getInt();
        return Optional.of(new Header(
                from.getLong(),
                Guid.get(from),
                Guid.get(from),
                Guid.get(from),
                Short.toUnsignedInt(from.getShort()),
                Short.toUnsignedInt(from.getShort()),
                Integer.toUnsignedLong(from.getInt()),
                from.getLong()));
    }

    byte[] encode() {
        var bytes = new byte[BYTES];
        var into = Checksum.bytes(bytes);
        into.putInt(SIGNATURE).putInt(0).putLong(sequence);
        Guid.put(into, fileWrite);
        Guid.put(into, dataWrite);
        Guid.put(into, log);
        into.putShort((short) logVersion).putShort((short) version).putInt((int) logBytes).putLong(logOffset);
        Checksum.seal(bytes);
        return bytes;
    }

    /// The one that counts. Two that are the same byte by byte are not what the specification wants, and what Disk2VHD writes.
    static Header current(byte[] first, byte[] second) throws Refusal {
        Optional<Header> one = parse(first);
        Optional<Header> other = parse(second);
        if (one.isEmpty() && other.isEmpty()) {
            throw Refusal.damaged("neither of its two headers has a valid checksum");
        }
        if (one.isPresent() && other.isPresent()) {
            int order = Long.compareUnsigned(one.get().sequence, other.get().sequence);
            if (order == 0 && !one.equals(other)) {
                throw Refusal.damaged("its two headers differ, and neither is the newer one");
            }
            return (order >= 0 ? one.get() : other.get()).checked();
        }
        return one.orElseGet(other::get).checked();
    }

    private Header checked() throws Refusal {
        if (version != VERSION) {
            throw Refusal.unknown("is of VHDX version " + version + ", and only version " + VERSION + " is known");
        }
        if (hasLog() && logVersion != 0) {
            throw Refusal.unknown("has a log of version " + logVersion + ", and only version 0 is known");
        }
        if (!Mebibytes.isMultiple(logOffset | logBytes) || logOffset < Mebibytes.ONE || logBytes == 0) {
            throw Refusal.damaged("its log is said to be " + logBytes + " bytes at " + logOffset);
        }
        return this;
    }

    /// Whether a log may have to be replayed.
    boolean hasLog() {
        return !log.equals(Guid.NONE);
    }
}
