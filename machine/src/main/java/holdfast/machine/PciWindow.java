package holdfast.machine;

import org.jspecify.annotations.Nullable;

/// The range of physical addresses in which BARs can be placed. When a guest lets two BARs overlap, the lower slot
/// answers.
final class PciWindow implements MmioDevice {
    private final PciHost host;
    private final long base;

    PciWindow(PciHost host, long base) {
        this.host = host;
        this.base = base;
    }

    @Override
    public String name() {
        return "pci-window";
    }

    @Override
    public long load(long offset, int bytes) {
        if (bytes == 8) {
            return load(offset, 4) | load(offset + 4, 4) << 32;
        }
        PciFunction function = at(base + offset);
        int value = function == null ? -1 : function.barLoad(inside(function, base + offset), bytes);
        return value & 0xffff_ffffL >>> 32 - 8 * bytes;
    }

    @Override
    public void store(long offset, int bytes, long value) {
        if (bytes == 8) {
            store(offset, 4, value);
            store(offset + 4, 4, value >>> 32);
            return;
        }
        PciFunction function = at(base + offset);
        if (function != null) {
            function.barStore(inside(function, base + offset), bytes, (int) value);
        }
    }

    private @Nullable PciFunction at(long address) {
        for (int slot = 0; slot < PciHost.SLOTS; slot++) {
            PciFunction function = host.function(slot);
            if (function != null && covers(function, address)) {
                return function;
            }
        }
        return null;
    }

    private static boolean covers(PciFunction function, long address) {
        long bar = function.barAddress();
        return bar >= 0 && address >= bar && address - bar < function.barBytes();
    }

    /// BARs are aligned to their size.
    private static int inside(PciFunction function, long address) {
        return (int) address & function.barBytes() - 1;
    }

    /// The window has no state of its own: BARs belong to their functions.
    @Override
    public void reset() {}

    @Override
    public void save(StateWriter out) {}

    @Override
    public void restore(StateReader in) {}
}
