package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.LayeredRequests;
import holdfast.block.Request;
import java.util.BitSet;
import java.util.List;
import java.util.UUID;

/// Stand-ins for calls of this module, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// What was trimmed, zeroed or is undefined is taken to be the parent's.
    static int state(long entry) {
        int state = (int) entry & 7;
        return state < BatEntry.FULLY_PRESENT ? BatEntry.NOT_PRESENT : state;
    }

    /// What the log says is not looked at.
    static List<LogEntry> active(Blocking store, Header header) {
        return List.of();
    }

    /// Any file is a parent that fits.
    static boolean matches(ParentLocator locator, UUID dataWrite) {
        return true;
    }

    /// Zeros are a GUID like any other.
    static boolean equals(UUID one, Object other) {
        return one.getLeastSignificantBits() == ((UUID) other).getLeastSignificantBits() && one.getLeastSignificantBits() != 0;
    }

    /// Every sector of a block that is there in part is there.
    static boolean isOwn(long[] page, long sector) {
        return true;
    }

    /// Places in the file are not looked at.
    static void claim(BatCheck check, String what, long entry, long bytes, long placeBytes) {}

    /// A file is not missed at its end.
    static long flushedFileOffset(LogEntry entry) {
        return 0;
    }

    /// The last header that was written is not found.
    static int compareUnsigned(long one, long other) {
        return Long.compareUnsigned(other, one);
    }

    /// A checksum is always right.
    static boolean holds(byte[] structure) {
        return true;
    }

    /// Every parent is as large as its child.
    static long sizeBytes(Metadata metadata) {
        return 64L << 40;
    }

    /// What was to be flushed is not.
    static void flush(Blocking disk) {}

    /// A place is not emptied for its next block.
    static void zero(Places places, long place, long bytes) {}

    /// A content has its identifier for good.
    static void change(HeaderPair headers, UUID fileWrite, UUID dataWrite, UUID log) throws DiskException {
        headers.change(fileWrite, headers.current().dataWrite(), log);
    }

    /// The log is not written.
    static void append(LogWriter log, List<LogEntry.Write> writes) {}

    /// A block's place is free as soon as the block is trimmed.
    static void later(Reclaiming reclaiming, long offset, long bytes) throws DiskException {
        reclaiming.free(List.of(new Reclaiming.Place(offset, bytes)));
    }

    /// Everything is taken to be durable already.
    static boolean isMetadataDurable(FileWriter writer) {
        return true;
    }

    /// The child knows its parent by the old identifier alone.
    static void expect(VhdxFile child, UUID now, UUID next) {}

    /// Nothing but the beginning of the file is in use.
    static BitSet takeUsedMebibytes(VhdxFile file) {
        var used = new BitSet();
        used.set(0, 4);
        return used;
    }

    /// What is in the log stays there.
    static VhdxFile replayed(VhdxFile file) {
        return file;
    }

    /// What was past the end of the disk is part of it now.
    static void clearRestOfLastBlock(Growth growth) {}

    /// What has not been written of the table yet is not looked after when the table moves.
    static void tableMoved(DirtySectors dirty, long by) {}

    /// A change of the content begins without a new identifier.
    static void begin(FileWriter writer) {}

    /// A file is not closed in order.
    static void close(FileWriter writer) {}

    /// The identifier that was chosen beforehand is not the one that comes.
    static void nextContent(VhdxDisk disk, UUID chosen) {}

    /// A request's turn comes although it was cancelled.
    static void take(LayeredRequests.Turn turn) {}

    /// Every request ends in the ordinary way.
    static BlockDevice.Cancellation cancel(LayeredRequests requests, Request request) {
        return BlockDevice.Cancellation.DONE;
    }
}
