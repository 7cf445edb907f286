package holdfast.machine;

import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The device's side of a split virtqueue (virtio 1.2, §2.7): takes chains from the available ring, puts them on the
/// used ring. It trusts nothing it reads: whatever a driver writes ends in a [GuestError] or in a transfer between RAM
/// and the device. Not thread-safe.
final class Virtqueue {
    /// Bound on the descriptors of one chain, those of an indirect table included.
    static final int DESCRIPTORS_MAX = 1024;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;
    private static final int AVAIL_NO_INTERRUPT = 1;

    private final PhysicalMemory memory;
    private final int index;
    private final int sizeMax;
    private final Allowance allowance;

    private int size;
    private boolean enabled;
    private long descriptors;
    private long available;
    private long used;
    private boolean indirect;
    private boolean eventIndex;

    /// Free-running 16-bit indexes: next to take from the available ring, next to fill in the used ring, and how much of
    /// the used ring the driver had been told of when it was last asked whether it wants an interrupt.
    private int nextAvailable;
    private int nextUsed;
    private int signalled;

    /// How many chains may still be taken before the device gives its thread back. A driver whose rings lie over each
    /// other makes chains available by having them used, without end.
    static final class Allowance {
        private static final int CHAINS = 1 << 20;
        private int left = CHAINS;

        void renew() {
            left = CHAINS;
        }
    }

    Virtqueue(PhysicalMemory memory, int index, int sizeMax, Allowance allowance) {
        this.memory = memory;
        this.index = index;
        this.sizeMax = sizeMax;
        this.allowance = allowance;
        reset();
    }

    void reset() {
        size = sizeMax;
        enabled = false;
        descriptors = 0;
        available = 0;
        used = 0;
        indirect = false;
        eventIndex = false;
        nextAvailable = 0;
        nextUsed = 0;
        signalled = 0;
    }

    int index() {
        return index;
    }

    int size() {
        return size;
    }

    /// Ignored when it is no power of two, too large, or the queue is enabled.
    void size(int value) {
        if (!enabled && Integer.bitCount(value) == 1 && value <= sizeMax) {
            size = value;
        }
    }

    boolean enabled() {
        return enabled;
    }

    long descriptors() {
        return descriptors;
    }

    void descriptors(long address) {
        if (!enabled) {
            descriptors = address;
        }
    }

    long available() {
        return available;
    }

    void available(long address) {
        if (!enabled) {
            available = address;
        }
    }

    long used() {
        return used;
    }

    void used(long address) {
        if (!enabled) {
            used = address;
        }
    }

    /// @throws GuestError when a ring is misaligned or not wholly in RAM
    void enable() throws GuestError {
        ring(descriptors, 16, (long) DESCRIPTOR_BYTES * size);
        ring(available, 2, 6 + 2L * size);
        ring(used, 4, 6 + 8L * size);
        enabled = true;
    }

    private void ring(long address, int alignment, long bytes) throws GuestError {
        if ((address & alignment - 1) != 0 || !memory.contains(address, bytes)) {
            throw new GuestError("queue " + index + " is placed outside RAM or misaligned");
        }
    }

    /// What was negotiated, before the first chain is taken.
    void negotiated(boolean indirectDescriptors, boolean eventIndexes) {
        indirect = indirectDescriptors;
        eventIndex = eventIndexes;
    }

    /// Takes the next chain. When there is none the driver is asked to tell when it adds one.
    ///
    /// @return null when there is none
    @Nullable Chain pop() throws GuestError {
        try {
            return enabled && somethingAvailable() ? take() : null;
        } catch (BusFault _) {
            throw new GuestError("queue " + index + " is outside RAM");
        }
    }

    /// Gives back the chains taken last, so that they are taken again.
    void unpop(int count) {
        nextAvailable = nextAvailable - count & 0xffff;
    }

    private boolean somethingAvailable() throws BusFault, GuestError {
        int waiting = waiting();
        if (waiting == 0 && eventIndex) {
            memory.store16(used + 4 + 8L * size, (short) nextAvailable);
            memory.fence(); // the event index must be out before the last look, or a chain added meanwhile is never told of
            waiting = waiting();
        }
        if (waiting > size) {
            throw new GuestError("queue " + index + " has more chains available than it has room for");
        }
        memory.fence(); // what the index covers is read after the index
        return waiting > 0;
    }

    private int waiting() throws BusFault {
        return memory.load16(available + 2) - nextAvailable & 0xffff;
    }

    private Chain take() throws BusFault, GuestError {
        if (allowance.left-- == 0) {
            throw new GuestError("queue " + index + " never becomes empty");
        }
        int head = memory.load16(available + 4 + 2L * (nextAvailable & size - 1)) & 0xffff;
        if (head >= size) {
            throw new GuestError("queue " + index + " names descriptor " + head + " of " + size);
        }
        Walk walk = new Walk();
        walk.table(descriptors, size, head, indirect);
        nextAvailable = nextAvailable + 1 & 0xffff;
        return new Chain(memory, head, Arrays.copyOf(walk.spans, 2 * walk.count), walk.readable);
    }

    /// Collects the spans of a chain.
    private final class Walk {
        private long[] spans = new long[16];
        private int count;
        private int readable;
        private long bytes;

        /// Follows a chain through one table.
        ///
        /// @param mayNest whether a descriptor may refer to an indirect table
        void table(long table, int entries, int first, boolean mayNest) throws BusFault, GuestError {
            int next = first;
            for (int steps = 0; steps < entries; steps++) {
                long entry = table + (long) DESCRIPTOR_BYTES * next;
                long address = memory.load64(entry);
                long length = Integer.toUnsignedLong(memory.load32(entry + 8));
                int flags = memory.load16(entry + 12);
                boolean more = (flags & FLAG_NEXT) != 0;
                if ((flags & FLAG_INDIRECT) != 0) {
                    require(mayNest && !more, "has an indirect descriptor where none may be");
                    nested(address, length);
                } else {
                    add(address, length, (flags & FLAG_WRITE) != 0);
                }
                if (!more) {
                    return;
                }
                next = memory.load16(entry + 14) & 0xffff;
                require(next < entries, "links to a descriptor that does not exist");
            }
            throw new GuestError("queue " + index + " has a loop of descriptors");
        }

        private void nested(long table, long length) throws BusFault, GuestError {
            long entries = length / DESCRIPTOR_BYTES;
            require(
                    length % DESCRIPTOR_BYTES == 0 && entries > 0 && entries <= DESCRIPTORS_MAX,
                    "has an indirect table of a bad length");
            require(memory.contains(table, length), "has an indirect table outside RAM");
            table(table, (int) entries, 0, false);
        }

        private void add(long address, long length, boolean writable) throws GuestError {
            require(memory.contains(address, length), "has a buffer outside RAM");
            require(writable || readable == count, "has a buffer to read after one to write");
            require(count < DESCRIPTORS_MAX, "has too many descriptors in one chain");
            bytes += length;
            require(bytes <= 0xffff_ffffL, "has more than 4 GiB in one chain");
            if (2 * count == spans.length) {
                spans = Arrays.copyOf(spans, 2 * spans.length);
            }
            spans[2 * count] = address;
            spans[2 * count + 1] = length;
            count++;
            if (!writable) {
                readable = count;
            }
        }

        private void require(boolean condition, String otherwise) throws GuestError {
            if (!condition) {
                throw new GuestError("queue " + index + " " + otherwise);
            }
        }
    }

    /// Returns a chain to the driver.
    ///
    /// @param written bytes from the start of its writable part that now hold something
    void push(Chain chain, long written) throws GuestError {
        put(0, chain, written);
        publish(1);
    }

    /// Prepares the `ahead`-th next entry of the used ring; the driver sees it at [#publish].
    void put(int ahead, Chain chain, long written) throws GuestError {
        try {
            long entry = used + 4 + 8L * (nextUsed + ahead & size - 1);
            memory.store32(entry, chain.head());
            memory.store32(entry + 4, (int) written);
        } catch (BusFault _) {
            throw new GuestError("queue " + index + " is outside RAM");
        }
    }

    void publish(int count) throws GuestError {
        try {
            nextUsed = nextUsed + count & 0xffff;
            memory.fence(); // entries and buffers before the index that covers them
            memory.store16(used + 2, (short) nextUsed);
        } catch (BusFault _) {
            throw new GuestError("queue " + index + " is outside RAM");
        }
    }

    /// Whether the driver wants an interrupt for what was published since this was last asked.
    boolean takeInterrupt() throws GuestError {
        if (!enabled || signalled == nextUsed) {
            return false;
        }
        try {
            memory.fence(); // the used index must be out before the driver's wish is read
            int before = signalled;
            signalled = nextUsed;
            if (!eventIndex) {
                return (memory.load16(available) & AVAIL_NO_INTERRUPT) == 0;
            }
            int event = memory.load16(available + 4 + 2L * size);
            return (nextUsed - event - 1 & 0xffff) < (nextUsed - before & 0xffff);
        } catch (BusFault _) {
            throw new GuestError("queue " + index + " is outside RAM");
        }
    }

    void save(StateWriter out) throws IOException {
        out.writeInt(size);
        out.writeBoolean(enabled);
        out.writeLong(descriptors);
        out.writeLong(available);
        out.writeLong(used);
        out.writeBoolean(indirect);
        out.writeBoolean(eventIndex);
        out.writeInt(nextAvailable);
        out.writeInt(nextUsed);
        out.writeInt(signalled);
    }

    void restore(StateReader in) throws IOException {
        reset();
        size(in.readInt());
        boolean wasEnabled = in.readBoolean();
        descriptors = in.readLong();
        available = in.readLong();
        used = in.readLong();
        indirect = in.readBoolean();
        eventIndex = in.readBoolean();
        nextAvailable = in.readInt() & 0xffff;
        nextUsed = in.readInt() & 0xffff;
        signalled = in.readInt() & 0xffff;
        try {
            if (wasEnabled) {
                enable();
            }
        } catch (GuestError damaged) {
            throw new IOException(damaged.getMessage());
        }
    }
}
