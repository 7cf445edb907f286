package holdfast.machine;

import java.util.function.Consumer;

/// The outside of a network device: Ethernet frames without FCS.
public interface PacketPort extends AutoCloseable {
    /// A frame from the guest, on a hart's thread. Never blocks long: a full queue drops frames, as a wire does.
    void send(byte[] frame);

    /// Where received frames go; any thread may call it.
    void attach(Consumer<byte[]> receiver);

    @Override
    void close();
}
