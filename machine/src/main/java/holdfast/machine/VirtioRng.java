package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/// Entropy device (virtio 1.2, §5.4): fills buffers with random bytes. One request is given at most
/// [#REQUEST_BYTES_MAX], whatever it asks for, so that a guest cannot keep its hart inside one access for long.
final class VirtioRng extends VirtioDevice {
    static final int TYPE = 4;
    static final int REQUEST_BYTES_MAX = 1024;
    private static final int QUEUE_SIZE = 64;

    private final EntropyPort entropy;
    private final EventGate.Input input;

    VirtioRng(String name, PhysicalMemory memory, EventGate gate, EntropyPort entropy) {
        super(name, TYPE, 0, memory, QUEUE_SIZE);
        this.entropy = entropy;
        this.input = register(gate, _ -> {});
    }

    @Override
    byte[] config() {
        return new byte[0];
    }

    @Override
    boolean serve(Virtqueue queue) throws GuestError {
        for (int taken = 0; taken < BATCH; taken++) {
            @Nullable Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            int length = (int) Math.min(chain.writableBytes(), REQUEST_BYTES_MAX);
            byte[] bytes = length == 0 ? new byte[0] : input.ask(() -> random(length));
            chain.write(0, bytes, 0, length);
            queue.push(chain, length);
        }
        return true;
    }

    private byte[] random(int length) {
        byte[] bytes = new byte[length];
        entropy.fill(bytes);
        return bytes;
    }

    @Override
    void stopped() {}

    @Override
    void saveDevice(StateWriter out) {}

    @Override
    void restoreDevice(StateReader in) {}
}
