package holdfast.machine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A PCI host bridge with one bus, as `pci-host-ecam-generic` describes it: configuration space mapped into memory
/// (ECAM, PCI Express Base Specification, §7.2.2) and a window for 32-bit memory BARs. There are no message-signalled
/// interrupts, since a PLIC takes none: INTA of slot `s` is wire `s % 4` to the interrupt controller.
///
/// As on a real bus, nobody answering is no fault: reads give all ones, writes are lost.
final class PciHost {
    static final int SLOTS = 32;
    static final int WIRES = 4;

    private final List<PciWire> wires;
    private final @Nullable PciFunction[] functions = new PciFunction[SLOTS];
    private final PciEcam ecam;
    private final PciWindow window;

    /// @param intx where the four wires end
    /// @param windowBase physical address of the window
    PciHost(List<InterruptLine> intx, long windowBase) {
        if (intx.size() != WIRES) {
            throw new IllegalArgumentException("a PCI bus has four interrupt wires, not " + intx.size());
        }
        wires = intx.stream().map(PciWire::new).toList();
        var bridge = new PciBridge();
        functions[0] = bridge;
        ecam = new PciEcam(this, bridge);
        window = new PciWindow(this, windowBase);
    }

    /// Puts a function into a slot, while the machine is built.
    ///
    /// @param slot 1..31; slot 0 is the bridge itself
    /// @return its INTA
    InterruptLine plug(int slot, PciFunction function) {
        if (functions[slot] != null) {
            throw new IllegalStateException("PCI slot " + slot + " is taken");
        }
        functions[slot] = function;
        return wires.get(slot % WIRES).input(slot);
    }

    @Nullable PciFunction function(int slot) {
        return functions[slot];
    }

    MmioDevice ecam() {
        return ecam;
    }

    MmioDevice window() {
        return window;
    }
}
