package holdfast.fuzz;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.ForwardingDevice;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Request;

/// A disk in memory that takes it amiss when a server passes on what it had to refuse: what is out of range, what changes a
/// disk that is read-only, and more bytes at once than the server says it takes memory for.
final class Watched implements ForwardingDevice {
    private static final long DATA_BYTES_MAX = 1 << 20;

    private final MemoryDevice disk;

    Watched(ByteSize size, boolean readOnly) {
        disk = new MemoryDevice(new Geometry(size.bytes(), 512, 4096, readOnly, true, true, true, 64));
    }

    /// All that it holds.
    byte[] content() throws DiskException {
        return new Blocking(disk).read(0, (int) geometry().sizeBytes());
    }

    @Override
    public BlockDevice below() {
        return disk;
    }

    @Override
    public void submit(Request request) {
        IoStatus admitted = geometry().admits(request);
        if (admitted != IoStatus.OK) {
            Faults.note("the server lets through what is " + admitted + ": " + request, null);
        }
        long bytes = switch (request) {
            case Request.Read read -> read.into().byteSize();
            case Request.Write write -> write.from().byteSize();
            case Request.Flush _, Request.Discard _, Request.WriteZeroes _, Request.Extents _ -> 0;
        };
        if (bytes > DATA_BYTES_MAX) {
            Faults.note("the server holds " + bytes + " bytes at once: " + request, null);
        }
        disk.submit(request);
    }
}
