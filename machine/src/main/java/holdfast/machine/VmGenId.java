package holdfast.machine;

import holdfast.riscv.BusFault;
import java.io.IOException;

/// The generation id: 16 bytes that differ in every life of the machine, and an interrupt that says that they have changed
/// (Linux binding `microsoft,vmgenid`). A guest that was restored mixes it into its random pool.
final class VmGenId implements MmioDevice {
    static final int BYTES = 16;

    private final InterruptLine line;
    private byte[] id = new byte[BYTES];

    VmGenId(InterruptLine line) {
        this.line = line;
    }

    /// A new life: the guest is told.
    synchronized void renew(byte[] fresh) {
        set(fresh);
        // The driver acknowledges nothing, so a level would never fall. The PLIC remembers the pulse.
        line.set(true);
        line.set(false);
    }

    /// The id of a guest that starts and need not be told.
    synchronized void set(byte[] fresh) {
        if (fresh.length != BYTES) {
            throw new IllegalArgumentException("a generation id has 16 bytes, not " + fresh.length);
        }
        id = fresh.clone();
    }

    @Override
    public synchronized long load(long offset, int bytes) throws BusFault {
        if (offset + bytes > BYTES) {
            return 0;
        }
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | id[(int) offset + i] & 0xff;
        }
        return value;
    }

    @Override
    public void store(long offset, int bytes, long value) {
        // Read-only for the guest, as a ROM: the store is ignored.
    }

    @Override
    public String name() {
        return "vmgenid";
    }

    @Override
    public void reset() {
        // A reboot is not a new life.
    }

    @Override
    public synchronized void save(StateWriter out) throws IOException {
        out.writeBlob(id);
    }

    @Override
    public synchronized void restore(StateReader in) throws IOException {
        byte[] saved = in.readBlob(BYTES);
        if (saved.length != BYTES) {
            throw new IOException("a generation id of " + saved.length + " bytes");
        }
        set(saved);
    }
}
