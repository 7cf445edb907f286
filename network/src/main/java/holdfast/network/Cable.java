package holdfast.network;

import java.lang.foreign.MemorySegment;

/// What leads from a port of the switch to its machine.
@FunctionalInterface
interface Cable {
    /// Who a frame is from. Machines leave half of the room to the network itself and what is outside.
    enum From {
        MACHINE,
        NETWORK
    }

    /// Takes a frame, whose bytes are the caller's when this returns.
    ///
    /// @return false when there is no room for it
    boolean offer(MemorySegment frame, From from);
}
