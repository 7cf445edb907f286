package holdfast.machine;

import holdfast.riscv.BusFault;

/// A device that answers in a range of guest-physical addresses. Offsets are from the range's start, naturally
/// aligned, `bytes` is 1, 2, 4 or 8. Called on hart threads, several at once: the device locks itself.
interface MmioDevice extends Lifecycle {
    long load(long offset, int bytes) throws BusFault;

    void store(long offset, int bytes, long value) throws BusFault;
}
