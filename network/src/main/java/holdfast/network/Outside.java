package holdfast.network;

import java.lang.foreign.MemorySegment;

/// What is beyond a network's gateway.
@FunctionalInterface
interface Outside {
    /// A frame to the gateway's card: IPv4, or an answer to what was asked by ARP. The bytes are the caller's when this returns.
    void take(MemorySegment frame);
}
