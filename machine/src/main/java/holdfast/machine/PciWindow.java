package holdfast.machine;

import org.jspecify.annotations.Nullable;

/// The range of physical addresses in which BARs can be placed. When a guest lets two BARs overlap, the lower slot
/// answers.
final class PciWindow extends PciSpace {
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
    int read(long offset, int bytes) {
        PciFunction function = at(base + offset);
        return function == null ? -1 : function.barLoad(inside(function, base + offset), bytes);
    }

    @Override
    void write(long offset, int bytes, int value) {
        PciFunction function = at(base + offset);
        if (function != null) {
            function.barStore(inside(function, base + offset), bytes, value);
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
