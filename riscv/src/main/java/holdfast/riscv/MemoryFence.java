package holdfast.riscv;

/// What a `fence` instruction costs the host: no more than the orders it names (unprivileged specification, "Fence
/// Instruction"). A store before a load is the only order that processors like x86-64 have to be stopped for; the others only keep
/// HotSpot from exchanging accesses there.
///
/// A device is reached by a call, on the hart's own thread, that hands over to others with the JDK's locks: device input
/// counts as a load here, device output as a store.
enum MemoryFence {
    /// A store before a load, too.
    FULL("fullFence"),
    /// Loads before whatever comes after.
    ACQUIRE("acquireFence"),
    /// Whatever comes before, before stores.
    RELEASE("releaseFence"),
    /// `fence.tso`, and what stands for both of the above: all but a store before a load.
    TSO("acquireReleaseFence");

    private static final int LOADS = 0b1010; // I and R
    private static final int STORES = 0b0101; // O and W
    private static final int TSO_MODE = 0b1000_0011_0011;

    /// Of [Raw].
    final String method;

    MemoryFence(String method) {
        this.method = method;
    }

    /// @param operands fm, predecessors and successors, four bits each, as in the instruction
    static MemoryFence of(int operands) {
        int before = operands >>> 4 & 15;
        int after = operands & 15;
        if (operands == TSO_MODE) {
            return TSO;
        }
        if ((before & STORES) != 0 && (after & LOADS) != 0) {
            return FULL;
        }
        if ((before & STORES) == 0) {
            return ACQUIRE;
        }
        return RELEASE;
    }

    /// For one instruction by itself, where telling the lesser ones apart would cost more than they do.
    void execute() {
        if (this == FULL) {
            Raw.fullFence();
        } else {
            Raw.acquireReleaseFence();
        }
    }
}
