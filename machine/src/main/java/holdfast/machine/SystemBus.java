package holdfast.machine;

import holdfast.riscv.Bus;
import holdfast.riscv.BusFault;
import java.util.Arrays;

/// Everything at guest-physical addresses that is not RAM. Built once; then read by all harts without a lock.
final class SystemBus implements Bus {
    private long[] bases = {};
    private long[] sizes = {};
    private MmioDevice[] devices = {};

    /// Puts a device at an address; ranges must not overlap. Only while the machine is built.
    void attach(long base, long size, MmioDevice device) {
        int at = 0;
        while (at < bases.length && bases[at] < base) {
            at++;
        }
        if ((at > 0 && bases[at - 1] + sizes[at - 1] > base) || (at < bases.length && base + size > bases[at])) {
            throw new IllegalArgumentException(device.name() + " overlaps another device at " + Long.toHexString(base));
        }
        bases = inserted(bases, at, base);
        sizes = inserted(sizes, at, size);
        MmioDevice[] more = Arrays.copyOf(devices, devices.length + 1);
        System.arraycopy(devices, at, more, at + 1, devices.length - at);
        more[at] = device;
        devices = more;
    }

    private static long[] inserted(long[] array, int at, long value) {
        long[] more = Arrays.copyOf(array, array.length + 1);
        System.arraycopy(array, at, more, at + 1, array.length - at);
        more[at] = value;
        return more;
    }

    @Override
    public long load(long physicalAddress, int bytes) throws BusFault {
        int index = find(physicalAddress, bytes);
        return devices[index].load(physicalAddress - bases[index], bytes);
    }

    @Override
    public void store(long physicalAddress, int bytes, long value) throws BusFault {
        int index = find(physicalAddress, bytes);
        devices[index].store(physicalAddress - bases[index], bytes, value);
    }

    /// A dozen ranges: a straight look is quicker than anything clever.
    private int find(long address, int bytes) throws BusFault {
        long[] starts = bases;
        for (int i = starts.length - 1; i >= 0; i--) {
            long offset = address - starts[i];
            if (offset >= 0) {
                if (offset <= sizes[i] - bytes) {
                    return i;
                }
                break;
            }
        }
        throw BusFault.UNMAPPED;
    }
}
