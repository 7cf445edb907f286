package holdfast.machine;

import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntConsumer;

/// A driver that does what a string of bytes tells it: much of it is nonsense, part of it close to what a real driver
/// does. The same bytes do the same.
final class GarbageDriver {
    private static final int QUEUE_SIZE = 8;
    private static final int QUEUE_BYTES = 512;
    private static final int AVAILABLE = 128;
    private static final int USED = 256;
    private static final int SLOT = 1;
    private static final long BAR = AddressMap.PCI_MMIO + 0x10_0000;

    private final VirtioRig rig;
    private final VirtioPci function;
    private final IntConsumer outside;
    private final int queues;
    private final long rings;
    private final long data;
    private final int dataBytes;
    private final int[] added;
    private byte[] script = {};
    private int at;

    /// @param outside makes something happen outside the machine, as the number says
    GarbageDriver(VirtioRig rig, VirtioPci function, int queues, IntConsumer outside) {
        this.rig = rig;
        this.function = function;
        this.outside = outside;
        this.queues = queues;
        this.added = new int[queues];
        this.rings = VirtioRig.RAM;
        this.data = rings + (long) queues * QUEUE_BYTES;
        this.dataBytes = (int) (rig.memory.size() - (data - rings));
    }

    private int next() {
        return at < script.length ? script[at++] & 0xff : 0;
    }

    private int next(int bound) {
        return next() % bound;
    }

    private int word() {
        return next() | next() << 8 | next() << 16 | next() << 24;
    }

    /// From power-on, with RAM cleared.
    void run(byte[] bytes) {
        script = bytes;
        at = 0;
        Arrays.fill(added, 0);
        function.reset();
        rig.write(VirtioRig.RAM, new byte[(int) rig.memory.size()]);
        function.resume();
        rig.config(SLOT, PciConfig.BAR, 4, (int) BAR);
        rig.config(SLOT, PciConfig.COMMAND, 2, 6);
        while (at < script.length) {
            step();
        }
    }

    private void step() {
        switch (next(16)) {
            case 0 -> common(next() & 0x3f, 1 << next(3), word());
            case 1 -> common(VirtioCommonConfig.STATUS, 1, next());
            case 2 -> rig.window(BAR + VirtioPci.DEVICE + next(64), 1 << next(3), word());
            case 3, 4 -> rig.window(BAR + VirtioPci.NOTIFY + 4L * next(queues + 1), 2, 0);
            case 5 -> bringUp(next());
            case 6, 7 -> descriptor();
            case 8, 9 -> makeAvailable();
            case 10 -> {
                if (next(2) == 0) {
                    rig.write(data + (word() & 0xffff) % (dataBytes - 32), bytes(next(32)));
                } else {
                    request();
                }
            }
            case 11 -> rig.store(rings + (word() & 0xffff) % (queues * QUEUE_BYTES) & -2L, 2, next() | next() << 8);
            case 12 -> outside.accept(next());
            case 13 -> lifecycle();
            case 14 -> rig.config(SLOT, next() & -4, 4, word());
            default -> rig.window(BAR + (word() & VirtioPci.BAR_BYTES - 1) & -4, 1 << next(3));
        }
        rig.config(SLOT, PciConfig.BAR, 4, (int) BAR);
        rig.config(SLOT, PciConfig.COMMAND, 2, 6);
    }

    private void common(int register, int bytes, int value) {
        rig.window(BAR + VirtioPci.COMMON + (register & -bytes), bytes, value);
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) next();
        }
        return bytes;
    }

    /// How far each queue's used ring has come, roughly.
    Set<String> progress() {
        Set<String> progress = new TreeSet<>();
        for (int i = 0; i < queues; i++) {
            int used = rig.load(rings + (long) i * QUEUE_BYTES + USED + 2, 2);
            progress.add("queue " + i + " used 2^" + (32 - Integer.numberOfLeadingZeros(used)));
        }
        return progress;
    }

    /// As a real driver does it, without some of the features perhaps.
    private void bringUp(int without) {
        common(VirtioCommonConfig.STATUS, 1, 0);
        Arrays.fill(added, 0);
        rig.write(rings, new byte[queues * QUEUE_BYTES]);
        common(VirtioCommonConfig.STATUS, 1, VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER);
        for (int half = 0; half < 2; half++) {
            common(VirtioCommonConfig.DEVICE_FEATURE_SELECT, 4, half);
            int offered = (int) rig.window(BAR + VirtioCommonConfig.DEVICE_FEATURE, 4);
            common(VirtioCommonConfig.DRIVER_FEATURE_SELECT, 4, half);
            common(VirtioCommonConfig.DRIVER_FEATURE, 4, half == 0 && without < 128 ? offered & ~(1 << without) : offered);
        }
        common(VirtioCommonConfig.STATUS, 1, VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER | VirtioDevice.FEATURES_OK);
        for (int i = 0; i < queues; i++) {
            long ring = rings + (long) i * QUEUE_BYTES;
            common(VirtioCommonConfig.QUEUE_SELECT, 2, i);
            common(VirtioCommonConfig.QUEUE_SIZE, 2, QUEUE_SIZE);
            common(VirtioCommonConfig.QUEUE_DESC, 4, (int) ring);
            common(VirtioCommonConfig.QUEUE_DRIVER, 4, (int) ring + AVAILABLE);
            common(VirtioCommonConfig.QUEUE_DEVICE, 4, (int) ring + USED);
            common(VirtioCommonConfig.QUEUE_ENABLE, 2, 1);
        }
        common(VirtioCommonConfig.STATUS, 1, 0xf);
    }

    /// Mostly somewhere in the data, of a length that fits; sometimes anything.
    private void descriptor() {
        long entry = rings + (long) next(queues) * QUEUE_BYTES + 16L * next(QUEUE_SIZE);
        int kind = next();
        long address = data + (word() & 0xffff) % (dataBytes - 4096);
        rig.store(entry, 8, kind < 8 ? (long) word() << 20 : address);
        rig.store(entry + 8, 4, kind < 16 ? word() : next() * (1 << kind % 5));
        rig.store(entry + 12, 2, kind < 24 ? next() : next(4));
        rig.store(entry + 14, 2, kind < 12 ? next() : next(QUEUE_SIZE));
    }

    private void makeAvailable() {
        int queue = next(queues);
        long ring = rings + (long) queue * QUEUE_BYTES + AVAILABLE;
        rig.store(ring + 4 + 2L * (added[queue] & QUEUE_SIZE - 1), 2, next(QUEUE_SIZE));
        added[queue]++;
        rig.store(ring + 2, 2, added[queue]);
    }

    /// What requests of most devices look like: a small header of small numbers, something to read or to write, a byte for
    /// the status; then a notification.
    private void request() {
        int queue = next(queues);
        long ring = rings + (long) queue * QUEUE_BYTES;
        long header = data + 64L * next(64);
        for (int i = 0; i < 4; i++) {
            rig.store(header + 4L * i, 4, next(16));
        }
        int shape = next();
        int middle = shape % 3 == 0 ? 512 * next(8) : next();
        boolean reads = (shape & 64) != 0;
        link(ring, 0, header, shape % 5 == 0 ? 8 : 16, 1);
        link(ring, 1, data + 4096 + 64L * next(64), middle, reads ? 1 : 3);
        link(ring, 2, data + 64 + next(), 1, 2);
        rig.store(ring + AVAILABLE + 4 + 2L * (added[queue] & QUEUE_SIZE - 1), 2, 0);
        added[queue]++;
        rig.store(ring + AVAILABLE + 2, 2, added[queue]);
        rig.window(BAR + VirtioPci.NOTIFY + 4L * queue, 2, 0);
    }

    private void link(long ring, int at, long address, int length, int flags) {
        rig.store(ring + 16L * at, 8, address);
        rig.store(ring + 16L * at + 8, 4, length);
        rig.store(ring + 16L * at + 12, 2, flags);
        rig.store(ring + 16L * at + 14, 2, at + 1);
    }

    private void lifecycle() {
        function.pause();
        if ((next() & 1) != 0) {
            try {
                byte[] record = VirtioRig.saved(function);
                function.reset();
                function.restore(new StateReader(function.version(), record));
            } catch (IOException e) {
                throw new AssertionError("a device refuses its own record", e);
            }
        }
        function.resume();
    }
}
