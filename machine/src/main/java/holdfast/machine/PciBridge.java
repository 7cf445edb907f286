package holdfast.machine;

import java.io.IOException;

/// The host bridge as a function on its own bus, slot 0: there to be found, with nothing behind it.
final class PciBridge implements PciFunction {
    /// Vendor and device id of QEMU's generic host bridge, class 06.00.00.
    private final PciConfig config = new PciConfig(new PciConfig.Identity(0x1b36, 0x0008, 0, 0x060000, 0, 0), 0);

    @Override
    public synchronized int configLoad(int offset, int bytes) {
        return config.load(offset, bytes);
    }

    @Override
    public synchronized void configStore(int offset, int bytes, int value) {
        config.store(offset, bytes, value);
    }

    @Override
    public long barAddress() {
        return -1;
    }

    @Override
    public int barBytes() {
        return 0;
    }

    @Override
    public int barLoad(int offset, int bytes) {
        return -1;
    }

    @Override
    public void barStore(int offset, int bytes, int value) {}

    synchronized void reset() {
        config.reset();
    }

    synchronized void save(StateWriter out) throws IOException {
        config.save(out);
    }

    synchronized void restore(StateReader in) throws IOException {
        config.restore(in);
    }
}
