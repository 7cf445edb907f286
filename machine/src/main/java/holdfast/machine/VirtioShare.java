package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// 9P transport (virtio 1.2, §5.9 names it; the layout is that of Linux's `virtio_9p.h`): requests of the guest's go to a server as they are,
/// its answers come back through the gate.
///
/// What a guest has open on the server is no part of a saved state; so a share that is in use cannot be saved.
final class VirtioShare extends VirtioDevice {
    static final int TYPE = 9;

    /// More than Linux can send: 128 pages.
    static final int MESSAGE_BYTES_MAX = 1 << 20;

    private static final long MOUNT_TAG = 1;
    /// No more can be under way.
    private static final int QUEUE_SIZE = 128;
    /// Size, type and tag of a message.
    private static final int HEADER_BYTES = 7;

    private final SharePort port;
    private final byte[] config;
    private final EventGate.Input input;
    private final Map<Integer, Job> jobs = new HashMap<>();
    private int nextJob;

    /// A request that the server has.
    private static final class Job {
        private final Chain chain;
        private boolean orphan;

        Job(Chain chain) {
            this.chain = chain;
        }
    }

    VirtioShare(String name, PhysicalMemory memory, EventGate gate, ShareSpec share) {
        super(name, TYPE, MOUNT_TAG, memory, QUEUE_SIZE);
        port = share.port();
        byte[] tag = share.tag().getBytes(StandardCharsets.US_ASCII);
        config = ByteBuffer.allocate(Short.BYTES + tag.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) tag.length)
                .put(tag)
                .array();
        input = register(gate, this::answered);
    }

    @Override
    byte[] config() {
        return config.clone();
    }

    @Override
    boolean serve(Virtqueue queue) throws GuestError {
        for (int taken = 0; taken < BATCH; taken++) {
            @Nullable Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            begin(chain);
        }
        return true;
    }

    private void begin(Chain chain) throws GuestError {
        if (chain.readableBytes() < HEADER_BYTES || chain.readableBytes() > MESSAGE_BYTES_MAX || chain.writableBytes() < HEADER_BYTES) {
            throw new GuestError("no message of 9P");
        }
        byte[] request = chain.read(0, (int) chain.readableBytes());
        int room = (int) Math.min(chain.writableBytes(), MESSAGE_BYTES_MAX);
        int number = nextJob++;
        jobs.put(number, new Job(chain));
        EventGate.Expected expected = input.expect();
        owe(() -> port.submit(
                request, room,
                answer -> expected.complete(ByteBuffer.allocate(Integer.BYTES + answer.length).putInt(number).put(answer).array())));
    }

    private void answered(byte[] payload) throws GuestError {
        @Nullable Job job = jobs.remove(ByteBuffer.wrap(payload).getInt());
        if (job != null && !job.orphan && live()) {
            int bytes = payload.length - Integer.BYTES;
            job.chain.write(0, payload, Integer.BYTES, bytes);
            queue(0).push(job.chain, bytes);
        }
    }

    @Override
    void stopped() {
        jobs.values().forEach(job -> job.orphan = true);
        owe(port::reset);
    }

    @Override
    void stopped(Virtqueue queue) {
        jobs.values().forEach(job -> job.orphan = true);
    }

    @Override
    boolean busy() {
        return !jobs.isEmpty();
    }

    @Override
    boolean busy(Virtqueue queue) {
        return busy();
    }

    @Override
    void quiesce() {
        port.drain();
    }

    /// What the gate still holds of it is thrown away.
    @Override
    void poweredOn() {
        jobs.clear();
    }

    @Override
    void saveDevice(StateWriter out) throws IOException {
        if (busy() || port.inUse()) {
            throw new IOException(name() + " is in use");
        }
    }

    @Override
    void restoreDevice(StateReader in) {
        poweredOn();
    }
}
