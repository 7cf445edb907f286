package holdfast.network;

import java.lang.foreign.MemorySegment;

/// What is beyond a network's gateway.
@FunctionalInterface
interface Outside {
    /// A frame to the gateway's card: IPv4, or an answer to what was asked by ARP. The bytes are the caller's when this returns.
    ///
    /// @return false when its machine has all open there that it may have, and this would be one more
    boolean take(MemorySegment frame);
}
