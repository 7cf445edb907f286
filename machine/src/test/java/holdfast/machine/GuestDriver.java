package holdfast.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A driver such as a guest has: finds a virtio device through configuration space, negotiates, and runs its queues.
/// It goes through nothing but the device's registers, its interrupt and RAM.
final class GuestDriver {
    private static final int QUEUE_SIZE = 64;

    final VirtioRig rig;
    final int slot;
    final long bar;
    private final int common;
    private final int isr;
    private final int device;
    private final int notify;
    private final int multiplier;
    private final List<GuestQueue> queues = new ArrayList<>();
    private long features;

    GuestDriver(VirtioRig rig, int slot) {
        this(rig, slot, rig.allocateBar());
    }

    GuestDriver(VirtioRig rig, int slot, long bar) {
        this.rig = rig;
        this.slot = slot;
        this.bar = bar;
        rig.config(slot, PciConfig.BAR, 4, (int) bar);
        rig.config(slot, PciConfig.COMMAND, 2, 6);
        this.common = region(1);
        this.notify = region(2);
        this.isr = region(3);
        this.device = region(4);
        this.multiplier = rig.config(slot, capability(2) + 16, 4);
    }

    /// Where the vendor capability of this type is in configuration space.
    int capability(int type) {
        int at = rig.config(slot, 0x34, 1);
        while (at != 0) {
            if (rig.config(slot, at, 1) == 9 && rig.config(slot, at + 3, 1) == type) {
                return at;
            }
            at = rig.config(slot, at + 1, 1);
        }
        throw new AssertionError("no virtio capability of type " + type);
    }

    private int region(int type) {
        return rig.config(slot, capability(type) + 8, 4);
    }

    // ---- registers ----

    int common(int register, int bytes) {
        return (int) rig.window(bar + common + register, bytes);
    }

    void common(int register, int bytes, int value) {
        rig.window(bar + common + register, bytes, value);
    }

    int status() {
        return common(VirtioCommonConfig.STATUS, 1);
    }

    void status(int value) {
        common(VirtioCommonConfig.STATUS, 1, value);
    }

    /// Reads the interrupt status, which takes the interrupt back.
    int interruptStatus() {
        return (int) rig.window(bar + isr, 1);
    }

    int deviceConfig(int offset, int bytes) {
        return (int) rig.window(bar + device + offset, bytes);
    }

    long deviceConfigLong(int offset) {
        return rig.window(bar + device + offset, 8);
    }

    void deviceConfig(int offset, int bytes, int value) {
        rig.window(bar + device + offset, bytes, value);
    }

    void notifyQueue(int index) {
        common(VirtioCommonConfig.QUEUE_SELECT, 2, index);
        int offset = common(VirtioCommonConfig.QUEUE_NOTIFY_OFF, 2) * multiplier;
        rig.window(bar + notify + offset, 2, index);
    }

    // ---- bringing the device up (§3.1.1) ----

    long offered() {
        common(VirtioCommonConfig.DEVICE_FEATURE_SELECT, 4, 0);
        long low = Integer.toUnsignedLong(common(VirtioCommonConfig.DEVICE_FEATURE, 4));
        common(VirtioCommonConfig.DEVICE_FEATURE_SELECT, 4, 1);
        return low | (long) common(VirtioCommonConfig.DEVICE_FEATURE, 4) << 32;
    }

    void accept(long wanted) {
        common(VirtioCommonConfig.DRIVER_FEATURE_SELECT, 4, 0);
        common(VirtioCommonConfig.DRIVER_FEATURE, 4, (int) wanted);
        common(VirtioCommonConfig.DRIVER_FEATURE_SELECT, 4, 1);
        common(VirtioCommonConfig.DRIVER_FEATURE, 4, (int) (wanted >>> 32));
        features = wanted;
    }

    /// Everything up to FEATURES_OK.
    boolean negotiate(long wanted) {
        status(0);
        if (status() != 0) {
            throw new AssertionError("the reset is not complete");
        }
        queues.clear();
        status(VirtioDevice.ACKNOWLEDGE);
        status(VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER);
        accept(wanted);
        status(VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER | VirtioDevice.FEATURES_OK);
        return (status() & VirtioDevice.FEATURES_OK) != 0;
    }

    void ready() {
        status(status() | VirtioDevice.DRIVER_OK);
    }

    /// From reset to a running device with all queues.
    GuestDriver start(long wanted) {
        if (!negotiate(wanted)) {
            throw new AssertionError("features refused");
        }
        int count = common(0x12, 2);
        for (int i = 0; i < count; i++) {
            queues.add(newQueue(i));
        }
        ready();
        return this;
    }

    /// With everything the device offers.
    GuestDriver start() {
        return start(offered());
    }

    GuestQueue newQueue(int index) {
        common(VirtioCommonConfig.QUEUE_SELECT, 2, index);
        common(VirtioCommonConfig.QUEUE_SIZE, 2, QUEUE_SIZE);
        var queue = new GuestQueue(this, index, QUEUE_SIZE, (features & VirtioDevice.EVENT_IDX) != 0);
        enable(queue);
        return queue;
    }

    void enable(GuestQueue queue) {
        common(VirtioCommonConfig.QUEUE_SELECT, 2, queue.index);
        address(VirtioCommonConfig.QUEUE_DESC, queue.descriptors);
        address(VirtioCommonConfig.QUEUE_DRIVER, queue.available);
        address(VirtioCommonConfig.QUEUE_DEVICE, queue.used);
        common(VirtioCommonConfig.QUEUE_ENABLE, 2, 1);
    }

    private void address(int register, long address) {
        common(register, 4, (int) address);
        common(register + 4, 4, (int) (address >>> 32));
    }

    GuestQueue queue(int index) {
        return queues.get(index);
    }

    VirtioRig.Wire wire() {
        return rig.wire(slot);
    }

    /// As an interrupt handler: whether the device raised the wire, and why.
    int interrupt() {
        return wire().level() ? interruptStatus() : 0;
    }

    /// A split virtqueue, the driver's side.
    static final class GuestQueue {
        private final GuestDriver driver;
        private final VirtioRig rig;
        final int index;
        final int size;
        final boolean eventIndex;
        final long descriptors;
        final long available;
        final long used;
        private int nextDescriptor;
        private int added;
        private int taken;

        GuestQueue(GuestDriver driver, int index, int size, boolean eventIndex) {
            this.driver = driver;
            this.rig = driver.rig;
            this.index = index;
            this.size = size;
            this.eventIndex = eventIndex;
            this.descriptors = rig.allocate(16L * size, 16);
            this.available = rig.allocate(6 + 2L * size, 2);
            this.used = rig.allocate(6 + 8L * size, 4);
            rig.write(descriptors, new byte[16 * size]);
            rig.write(available, new byte[6 + 2 * size]);
            rig.write(used, new byte[6 + 8 * size]);
        }

        /// One descriptor.
        record Part(long address, int length, boolean writable) {
            static Part out(long address, int length) {
                return new Part(address, length, false);
            }

            static Part in(long address, int length) {
                return new Part(address, length, true);
            }
        }

        /// A returned chain: its head and how many bytes were written.
        record Used(int head, int length) {}

        void descriptor(long table, int at, long address, int length, int flags, int next) {
            rig.write(
                    table + 16L * at,
                    ByteBuffer.allocate(16)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(address)
                            .putInt(length)
                            .putShort((short) flags)
                            .putShort((short) next)
                            .array());
        }

        /// Puts a chain into the descriptor table.
        ///
        /// @return its head
        int describe(List<Part> parts) {
            int head = nextDescriptor;
            for (int i = 0; i < parts.size(); i++) {
                int at = (head + i) % size;
                boolean last = i == parts.size() - 1;
                int flags = (last ? 0 : 1) | (parts.get(i).writable ? 2 : 0);
                descriptor(descriptors, at, parts.get(i).address, parts.get(i).length, flags, (at + 1) % size);
            }
            nextDescriptor = (head + parts.size()) % size;
            return head;
        }

        int describeIndirect(List<Part> parts) {
            long table = rig.allocate(16L * parts.size(), 16);
            for (int i = 0; i < parts.size(); i++) {
                boolean last = i == parts.size() - 1;
                int flags = (last ? 0 : 1) | (parts.get(i).writable ? 2 : 0);
                descriptor(table, i, parts.get(i).address, parts.get(i).length, flags, i + 1);
            }
            int head = nextDescriptor;
            descriptor(descriptors, head, table, 16 * parts.size(), 4, 0);
            nextDescriptor = (head + 1) % size;
            return head;
        }

        /// Makes a chain available without telling the device.
        void offer(int head) {
            rig.store(available + 4 + 2L * (added & size - 1), 2, head);
            added++;
            rig.store(available + 2, 2, added);
        }

        int add(Part... parts) {
            int head = describe(List.of(parts));
            offer(head);
            return head;
        }

        /// Adds a chain and notifies the device.
        int send(Part... parts) {
            int head = add(parts);
            kick();
            return head;
        }

        void kick() {
            driver.notifyQueue(index);
        }

        /// Whether a driver would notify the device of what it added since `before`, as the event index has it.
        boolean deviceWantsKick(int before) {
            int event = rig.load(used + 4 + 8L * size, 2);
            return (added - event - 1 & 0xffff) < (added - before & 0xffff);
        }

        int added() {
            return added;
        }

        /// The next returned chain, or null.
        @Nullable Used take() {
            if (rig.load(used + 2, 2) == (taken & 0xffff)) {
                return null;
            }
            long entry = used + 4 + 8L * (taken & size - 1);
            taken++;
            return new Used(rig.load(entry, 4), rig.load(entry + 4, 4));
        }

        /// The next returned chain; there must be one.
        Used taken() {
            Used next = take();
            if (next == null) {
                throw new AssertionError("queue " + index + " has returned nothing");
            }
            return next;
        }

        /// With EVENT_IDX: no interrupt before the used index passes this.
        void interruptAfter(int usedIndex) {
            rig.store(available + 4 + 2L * size, 2, usedIndex);
        }

        void noInterrupts(boolean none) {
            rig.store(available, 2, none ? 1 : 0);
        }
    }
}
