package holdfast.machine;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A packet port as a device sees it; see [ConsoleOutlet]. Closing it does nothing: the port is the caller's.
final class PacketOutlet implements PacketPort {
    private final Outputs.Source source;
    private volatile PacketPort target;
    private volatile @Nullable Consumer<List<byte[]>> receiver;

    PacketOutlet(String name, PacketPort target, Outputs outputs) {
        this.target = target;
        this.source = outputs.register(name, frame -> this.target.send(frame));
    }

    @Override
    public void send(byte[] frame) {
        if (source.passes()) {
            target.send(frame);
        } else {
            source.emit(frame);
        }
    }

    @Override
    public boolean takesLargePackets() {
        return target.takesLargePackets();
    }

    @Override
    public void attach(Consumer<List<byte[]>> consumer) {
        receiver = consumer;
        target.attach(consumer);
    }

    /// While the machine is paused.
    void replace(PacketPort other) {
        target = other;
        Consumer<List<byte[]>> consumer = receiver;
        if (consumer != null) {
            other.attach(consumer);
        }
    }

    @Override
    public void close() {
        // The port is the caller's.
    }
}
