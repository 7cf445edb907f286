package holdfast.machine;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Configuration space in memory: bus in bits 27..20 of the offset, slot in 19..15, function in 14..12, register in 11..0.
final class PciEcam extends PciSpace {
    private final PciHost host;
    private final PciBridge bridge;

    PciEcam(PciHost host, PciBridge bridge) {
        this.host = host;
        this.bridge = bridge;
    }

    @Override
    public String name() {
        return "pci-host";
    }

    @Override
    int read(long offset, int bytes) {
        PciFunction function = function(offset);
        return function == null ? -1 : function.configLoad((int) offset & 0xfff, bytes);
    }

    @Override
    void write(long offset, int bytes, int value) {
        PciFunction function = function(offset);
        if (function != null) {
            function.configStore((int) offset & 0xfff, bytes, value);
        }
    }

    /// Only bus 0 exists, and only function 0 of each slot.
    private @Nullable PciFunction function(long offset) {
        boolean busZero = offset >>> 20 == 0;
        boolean functionZero = (offset >>> 12 & 7) == 0;
        return busZero && functionZero ? host.function((int) (offset >>> 15) & PciHost.SLOTS - 1) : null;
    }

    @Override
    public void reset() {
        bridge.reset();
    }

    @Override
    public void save(StateWriter out) throws IOException {
        bridge.save(out);
    }

    @Override
    public void restore(StateReader in) throws IOException {
        bridge.restore(in);
    }
}
