package holdfast.machine;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Configuration space in memory: bus in bits 27..20 of the offset, slot in 19..15, function in 14..12, register in 11..0.
final class PciEcam implements MmioDevice {
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
    public long load(long offset, int bytes) {
        if (bytes == 8) {
            return load(offset, 4) | load(offset + 4, 4) << 32;
        }
        PciFunction function = function(offset);
        int value = function == null ? -1 : function.configLoad((int) offset & 0xfff, bytes);
        return value & 0xffff_ffffL >>> 32 - 8 * bytes;
    }

    @Override
    public void store(long offset, int bytes, long value) {
        if (bytes == 8) {
            store(offset, 4, value);
            store(offset + 4, 4, value >>> 32);
            return;
        }
        PciFunction function = function(offset);
        if (function != null) {
            function.configStore((int) offset & 0xfff, bytes, (int) value);
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
