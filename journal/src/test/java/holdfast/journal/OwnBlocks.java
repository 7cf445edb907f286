package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A volume that has some blocks for itself, and leaves the others to what lies below, which may change. In its store each block
/// of 512 bytes is followed by one that says whether it is there; a power cut may tear the two apart.
record OwnBlocks(BlockDevice store, BlockDevice below, Geometry geometry) implements BlockDevice {
    private static final int BLOCK = 512;

    OwnBlocks(BlockDevice store, BlockDevice below, int bytes) {
        this(store, below, new Geometry(bytes, BLOCK, BLOCK, false, true, false, true, 64));
    }

    static int storeBytes(int bytes) {
        return 2 * bytes;
    }

    @Override
    public void submit(Request request) {
        IoStatus fits = geometry.admits(request);
        request.complete(fits == IoStatus.OK ? status(request) : fits);
    }

    private IoStatus status(Request request) {
        try {
            run(request);
            return IoStatus.OK;
        } catch (DiskException e) {
            return e.status();
        }
    }

    private void run(Request request) throws DiskException {
        switch (request) {
            case Request.Read read -> read(read.offset(), read.into());
            case Request.Write write -> {
                own(write.offset(), write.from().toArray(ValueLayout.JAVA_BYTE));
                if (write.forceUnitAccess()) {
                    new Blocking(store).flush();
                }
            }
            case Request.WriteZeroes zeroes -> {
                own(zeroes.offset(), new byte[(int) zeroes.length()]);
                if (zeroes.forceUnitAccess()) {
                    new Blocking(store).flush();
                }
            }
            case Request.Flush _ -> new Blocking(store).flush();
            case Request.Discard _, Request.Extents _ -> throw new DiskException("a request", IoStatus.UNSUPPORTED);
        }
    }

    private void read(long offset, MemorySegment into) throws DiskException {
        byte[] own = new Blocking(store).read(2 * offset, (int) (2 * into.byteSize()));
        byte[] others = new Blocking(below).read(offset, (int) into.byteSize());
        for (int at = 0; at < into.byteSize(); at += BLOCK) {
            boolean there = own[2 * at + BLOCK] != 0;
            MemorySegment.copy(there ? own : others, there ? 2 * at : at, into, ValueLayout.JAVA_BYTE, at, BLOCK);
        }
    }

    private void own(long offset, byte[] data) throws DiskException {
        var both = new byte[2 * data.length];
        for (int at = 0; at < data.length; at += BLOCK) {
            System.arraycopy(data, at, both, 2 * at, BLOCK);
            both[2 * at + BLOCK] = 1;
        }
        new Blocking(store).write(2 * offset, both);
    }

    @Override
    public Cancellation cancel(Request request) {
        return Cancellation.DONE;
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return true;
    }

    @Override
    public void close() {}
}
