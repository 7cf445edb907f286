package holdfast.machine;

import java.util.List;
import java.util.function.Consumer;

/// The outside of a network device: Ethernet frames without FCS.
public interface PacketPort extends AutoCloseable {
    /// A frame from the guest, on a hart's thread. Never blocks long: a full queue drops frames, as a wire does.
    void send(byte[] frame);

    /// Whether it takes packets of TCP over IPv4 that are longer than the MTU, which whoever is beyond cuts, or has no need to: the guest's way through its
    /// network code is the same for 64 KiB as for a frame.
    default boolean takesLargePackets() {
        return false;
    }

    /// Where received frames go, those that came at once together; any thread may call it.
    void attach(Consumer<List<byte[]>> receiver);

    @Override
    void close();
}
