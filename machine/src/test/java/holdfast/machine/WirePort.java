package holdfast.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A network that remembers what the guest sends, and carries what the test sends.
final class WirePort implements PacketPort {
    private final boolean largePackets;
    private final List<byte[]> sent = new ArrayList<>();
    private Consumer<List<byte[]>> receiver = _ -> {};

    WirePort() {
        this(false);
    }

    WirePort(boolean largePackets) {
        this.largePackets = largePackets;
    }

    @Override
    public boolean takesLargePackets() {
        return largePackets;
    }

    @Override
    public synchronized void send(byte[] frame) {
        sent.add(frame);
    }

    synchronized List<byte[]> sent() {
        return List.copyOf(sent);
    }

    @Override
    public void attach(Consumer<List<byte[]>> to) {
        receiver = to;
    }

    void arrive(byte[]... together) {
        receiver.accept(List.of(together));
    }

    @Override
    public void close() {}
}
