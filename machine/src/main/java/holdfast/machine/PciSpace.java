package holdfast.machine;

/// A range of physical addresses behind which a PCI bus is: accesses are of one, two or four bytes there, one of eight is two
/// of four, and nobody answering is all ones.
abstract sealed class PciSpace implements MmioDevice permits PciEcam, PciWindow {
    @Override
    public final long load(long offset, int bytes) {
        if (bytes == 8) {
            return load(offset, 4) | load(offset + 4, 4) << 32;
        }
        return read(offset, bytes) & 0xffff_ffffL >>> 32 - 8 * bytes;
    }

    @Override
    public final void store(long offset, int bytes, long value) {
        if (bytes == 8) {
            store(offset, 4, value);
            store(offset + 4, 4, value >>> 32);
            return;
        }
        write(offset, bytes, (int) value);
    }

    /// @param bytes 1, 2 or 4
    /// @return -1 when nobody answers; what is above the bytes asked for does not count
    abstract int read(long offset, int bytes);

    abstract void write(long offset, int bytes, int value);
}
