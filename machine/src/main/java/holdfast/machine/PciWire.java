package holdfast.machine;

/// A wire that several functions pull: it is high while any of them pulls.
final class PciWire {
    private final InterruptLine line;
    private int pulling;

    PciWire(InterruptLine line) {
        this.line = line;
    }

    InterruptLine input(int slot) {
        return level -> pull(1 << slot, level);
    }

    /// Under the lock also while the line is set, or two changes could reach it in the wrong order.
    private synchronized void pull(int bit, boolean level) {
        int before = pulling;
        pulling = level ? before | bit : before & ~bit;
        if ((before == 0) != (pulling == 0)) {
            line.set(pulling != 0);
        }
    }
}
