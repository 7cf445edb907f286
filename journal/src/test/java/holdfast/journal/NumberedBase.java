package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.ForwardingDevice;
import holdfast.block.Geometry;
import holdfast.block.MemoryDevice;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;

/// A base that takes on what is oldest, with its name behind its content: a number.
final class NumberedBase implements RollingBase {
    private static final int NAME_BYTES = 512;

    private final BlockDevice store;
    private final int bytes;
    private final Random random;
    private long next;
    private boolean inUse;

    NumberedBase(BlockDevice store, int bytes, Random random) {
        this.store = store;
        this.bytes = bytes;
        this.random = random;
        next = random.nextLong();
    }

    static MemoryDevice store(int bytes) {
        return new MemoryDevice(new ByteSize(bytes + NAME_BYTES));
    }

    /// Others use it, or do not.
    void inUse(boolean now) {
        inUse = now;
    }

    private Blocking disk() {
        return new Blocking(store);
    }

    /// What others read.
    BlockDevice device() {
        Geometry all = store.geometry();
        var geometry = new Geometry(
                bytes, all.logicalBlockBytes(), all.physicalBlockBytes(), true, all.durable(), false, false, all.queueDepth());
        return new Content(store, geometry, this);
    }

    private record Content(BlockDevice below, Geometry geometry, NumberedBase base) implements ForwardingDevice {
        @Override
        public Optional<String> identity() {
            return Optional.of(base.identity());
        }

        @Override
        public void close() {}
    }

    @Override
    public String identity() {
        try {
            return name(ByteBuffer.wrap(disk().read(bytes, NAME_BYTES)).getLong());
        } catch (DiskException e) {
            throw new AssertionError(e);
        }
    }

    private static String name(long number) {
        return "base " + number;
    }

    @Override
    public String nextIdentity() {
        return name(next);
    }

    @Override
    public boolean begin() {
        return !inUse;
    }

    @Override
    public void become() throws DiskException {
        disk().write(bytes, ByteBuffer.allocate(NAME_BYTES).putLong(next).array());
        disk().flush();
        next = random.nextLong();
    }

    @Override
    public void write(long offset, MemorySegment from) throws DiskException {
        disk().write(offset, from);
    }

    @Override
    public void writeZeroes(long offset, long length) throws DiskException {
        disk().writeZeroes(offset, length);
    }

    @Override
    public void flush() throws DiskException {
        disk().flush();
    }

    @Override
    public void end() throws DiskException {
        flush();
    }
}
