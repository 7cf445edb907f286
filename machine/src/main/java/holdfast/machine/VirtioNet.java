package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// Network device (virtio 1.2, §5.1) with one pair of queues and a control queue. Frames that the guest has no buffer for
/// wait, in a [FrameQueue]; more are dropped, as a wire does.
final class VirtioNet extends VirtioDevice {
    static final int TYPE = 1;

    static final long CSUM = 1L << 0;
    static final long GUEST_CSUM = 1L << 1;
    static final long MTU = 1L << 3;
    static final long MAC = 1L << 5;
    static final long GUEST_TSO4 = 1L << 7;
    static final long HOST_TSO4 = 1L << 11;
    static final long MRG_RXBUF = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long CTRL_VQ = 1L << 17;
    static final long CTRL_RX = 1L << 18;
    static final long GUEST_ANNOUNCE = 1L << 21;
    static final long CTRL_MAC_ADDR = 1L << 23;

    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;
    static final int CONTROL = 2;

    /// An IP packet of 64 KiB and an Ethernet header with a VLAN tag.
    static final int FRAME_BYTES_MAX = 65_535 + 18;

    static final int LINK_UP = 1;
    static final int ANNOUNCE = 2;

    private static final int QUEUE_SIZE = 256;
    private static final int CONTROL_QUEUE_SIZE = 64;
    private static final int ETHERNET_HEADER_BYTES = 14;
    static final int HEADER_BYTES = 12;

    /// What the driver leaves to the device to be segmented (§5.1.6.2), nothing or TCP over IPv4.
    private static final int GSO_NONE = 0;
    private static final int GSO_TCPV4 = 1;

    private static final int CONTROL_OK = 0;
    private static final int CONTROL_ERROR = 1;
    private static final int CONTROL_BYTES_MAX = 64 << 10;

    /// Kinds of events, the first byte of their payload.
    private static final int EVENT_FRAMES = 0;
    private static final int EVENT_LINK = 1;
    private static final int EVENT_ANNOUNCE = 2;

    private static final System.Logger LOG = System.getLogger(VirtioNet.class.getName());

    private final PacketPort port;
    private final EventGate.Input input;
    private final byte[] address;
    private final int mtu;
    private final ReceiveFilter filter;
    private final FrameQueue waiting = new FrameQueue();
    /// What frames take that were offered to the gate and have not come through it.
    private final AtomicInteger offered = new AtomicInteger();
    private int linkStatus = LINK_UP;

    /// @param mac six bytes as one number, the first in bits 47..40
    /// @param mtu bytes of the largest IP packet, 68..65535
    VirtioNet(String name, PhysicalMemory memory, EventGate gate, PacketPort port, long mac, int mtu) {
        super(
                name,
                TYPE,
                CSUM | GUEST_CSUM | MTU | MAC | GUEST_TSO4 | MRG_RXBUF | STATUS | CTRL_VQ | CTRL_RX | GUEST_ANNOUNCE | CTRL_MAC_ADDR
                        | (port.takesLargePackets() ? HOST_TSO4 : 0),
                memory,
                QUEUE_SIZE,
                QUEUE_SIZE,
                CONTROL_QUEUE_SIZE);
        if (mtu < 68 || mtu > 65_535) {
            throw new IllegalArgumentException("no MTU for Ethernet: " + mtu);
        }
        this.port = port;
        this.mtu = mtu;
        this.address = new byte[6];
        for (int i = 0; i < 6; i++) {
            address[i] = (byte) (mac >> 40 - 8 * i);
        }
        this.filter = new ReceiveFilter(address);
        this.input = register(gate, this::event);
        port.attach(this::offer);
    }

    // ---- from outside; any thread ----

    /// What fits goes on as one event: kind, then length (4 bytes, big-endian) and bytes of each.
    private void offer(List<byte[]> frames) {
        List<byte[]> taken = frames.stream().filter(VirtioNet::isFrame).filter(this::takes).toList();
        if (taken.isEmpty()) {
            return;
        }
        ByteBuffer payload = ByteBuffer.allocate(1 + taken.stream().mapToInt(frame -> Integer.BYTES + frame.length).sum()).put((byte) EVENT_FRAMES);
        taken.forEach(frame -> payload.putInt(frame.length).put(frame));
        input.offer(payload.array());
    }

    private static boolean isFrame(byte[] frame) {
        return frame.length >= ETHERNET_HEADER_BYTES && frame.length <= FRAME_BYTES_MAX;
    }

    private boolean takes(byte[] frame) {
        int bytes = FrameQueue.bytesOf(frame);
        boolean takes = offered.addAndGet(bytes) <= FrameQueue.BYTES_MAX;
        if (!takes) {
            offered.addAndGet(-bytes);
        }
        return takes;
    }

    /// The cable is plugged in or pulled out.
    void link(boolean up) {
        input.offer(new byte[] {EVENT_LINK, (byte) (up ? 1 : 0)});
    }

    /// Asks the guest to tell the network where it is now, after it was moved.
    void announce() {
        input.offer(new byte[] {EVENT_ANNOUNCE});
    }

    // ---- events ----

    private void event(byte[] payload) throws GuestError {
        switch (payload[0]) {
            case EVENT_FRAMES -> {
                ByteBuffer frames = ByteBuffer.wrap(payload, 1, payload.length - 1);
                while (frames.hasRemaining()) {
                    byte[] frame = new byte[frames.getInt()];
                    frames.get(frame);
                    // In a replay frames come that were never offered here.
                    offered.updateAndGet(bytes -> Math.max(0, bytes - FrameQueue.bytesOf(frame)));
                    received(frame);
                }
                deliver();
            }
            case EVENT_LINK -> linkStatus(payload[1] == 1 ? linkStatus | LINK_UP : linkStatus & ~LINK_UP);
            case EVENT_ANNOUNCE -> {
                if (negotiated(GUEST_ANNOUNCE) && negotiated(CTRL_VQ)) {
                    linkStatus(linkStatus | ANNOUNCE);
                }
            }
            default -> {}
        }
    }

    private void linkStatus(int value) {
        if (linkStatus != value) {
            linkStatus = value;
            configChanged();
        }
    }

    private void received(byte[] frame) {
        boolean wanted = live() && (linkStatus & LINK_UP) != 0 && filter.accepts(frame);
        if (wanted && !waiting.add(frame)) {
            LOG.log(System.Logger.Level.TRACE, "a frame is dropped: the guest does not take them as fast as they come");
        }
    }

    private void deliver() throws GuestError {
        Virtqueue queue = queue(RECEIVE);
        boolean more = true;
        while (more && !waiting.isEmpty() && queue.enabled() && running()) {
            int count = deliver(queue);
            waiting.remove(count);
            more = count > 0;
        }
    }

    /// The first that wait go together where they can, and where there are buffers for them all.
    ///
    /// @return how many need not wait any more
    private int deliver(Virtqueue queue) throws GuestError {
        List<TcpSegment> together = !negotiated(GUEST_CSUM) ? List.of() : TcpSegment.together(waiting, negotiated(GUEST_TSO4) ? Integer.MAX_VALUE : 1);
        if (together.size() > 1 && put(queue, TcpSegment.message(together)) == Put.DONE) {
            return together.size();
        }
        byte[] message = together.isEmpty() ? message(waiting.first()) : TcpSegment.message(together.subList(0, 1));
        return put(queue, message) == Put.WAITS ? 0 : 1;
    }

    private static byte[] message(byte[] frame) {
        byte[] message = new byte[HEADER_BYTES + frame.length];
        System.arraycopy(frame, 0, message, HEADER_BYTES, frame.length);
        return message;
    }

    private enum Put {
        DONE,
        /// There are not enough buffers yet.
        WAITS,
        /// It can never fit.
        NEVER
    }

    /// Puts a header and a frame into as many chains as they need; without MRG_RXBUF into one, or nowhere.
    private Put put(Virtqueue queue, byte[] message) throws GuestError {
        List<Chain> chains = new ArrayList<>();
        long room = 0;
        while (room < message.length) {
            boolean tooSmall = chains.size() == queue.size(); // all buffers together: it will never fit
            Chain chain = tooSmall ? null : queue.pop();
            if (chain == null) {
                queue.unpop(chains.size());
                return tooSmall ? Put.NEVER : Put.WAITS;
            }
            chains.add(chain);
            room += chain.writableBytes();
            if (chain.writableBytes() < HEADER_BYTES) {
                throw new GuestError("a receive buffer has no room for the header");
            }
            if (!negotiated(MRG_RXBUF) && room < message.length) {
                queue.unpop(1);
                return Put.NEVER;
            }
        }
        message[10] = (byte) chains.size();
        message[11] = (byte) (chains.size() >> 8);
        int done = 0;
        for (int i = 0; i < chains.size(); i++) {
            Chain chain = chains.get(i);
            int bytes = (int) Math.min(chain.writableBytes(), message.length - done);
            chain.write(0, message, done, bytes);
            queue.put(i, chain, bytes);
            done += bytes;
        }
        queue.publish(chains.size());
        return Put.DONE;
    }

    // ---- queues ----

    @Override
    boolean serve(Virtqueue queue) throws GuestError {
        switch (queue.index()) {
            case RECEIVE -> deliver();
            case TRANSMIT -> {
                return each(queue, this::transmit);
            }
            default -> {
                return each(queue, this::control);
            }
        }
        return false;
    }

    /// Handles one chain.
    @FunctionalInterface
    private interface Work {
        /// @return bytes written into the chain
        long on(Chain chain) throws GuestError;
    }

    private static boolean each(Virtqueue queue, Work work) throws GuestError {
        for (int taken = 0; taken < BATCH; taken++) {
            Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            queue.push(chain, work.on(chain));
        }
        return true;
    }

    private long transmit(Chain chain) throws GuestError {
        long length = chain.readableBytes() - HEADER_BYTES;
        if (length < 0) {
            throw new GuestError("a frame is sent without a header");
        }
        if (length < ETHERNET_HEADER_BYTES || length > FRAME_BYTES_MAX) {
            return 0;
        }
        byte[] header = chain.read(0, HEADER_BYTES);
        byte[] frame = chain.read(HEADER_BYTES, (int) length);
        boolean takes = header[1] == GSO_NONE || header[1] == GSO_TCPV4 && negotiated(HOST_TSO4);
        boolean up = (linkStatus & LINK_UP) != 0;
        if (takes && up && (!negotiated(CSUM) || Checksum.complete(header, frame))) {
            owe(() -> port.send(frame));
        }
        return 0;
    }

    private long control(Chain chain) throws GuestError {
        if (chain.readableBytes() < 2 || chain.writableBytes() < 1) {
            throw new GuestError("a control command lacks its header or its status");
        }
        boolean done = chain.readableBytes() <= CONTROL_BYTES_MAX
                && command(chain.read(0, (int) chain.readableBytes()));
        chain.write(0, new byte[] {(byte) (done ? CONTROL_OK : CONTROL_ERROR)}, 0, 1);
        return 1;
    }

    /// @param message class, command and its data (§5.1.6.5)
    private boolean command(byte[] message) {
        byte[] data = Arrays.copyOfRange(message, 2, message.length);
        return switch ((message[0] & 0xff) << 8 | message[1] & 0xff) {
            case 0x0000 -> data.length >= 1 && filter.promiscuous(data[0] != 0);
            case 0x0001 -> data.length >= 1 && filter.allMulticast(data[0] != 0);
            case 0x0100 -> filter.table(data);
            case 0x0101 -> data.length == 6 && filter.address(data);
            case 0x0300 -> {
                linkStatus &= ~ANNOUNCE;
                yield true;
            }
            default -> false;
        };
    }

    @Override
    byte[] config() {
        byte[] config = new byte[12];
        System.arraycopy(address, 0, config, 0, 6);
        config[6] = (byte) linkStatus;
        config[8] = 1; // pairs of queues; means nothing without MQ
        config[10] = (byte) mtu;
        config[11] = (byte) (mtu >> 8);
        return config;
    }

    @Override
    void stopped() {
        waiting.clear();
        filter.reset();
        linkStatus &= ~ANNOUNCE;
    }

    @Override
    void stopped(Virtqueue queue) {
        if (queue.index() == RECEIVE) {
            waiting.clear();
        }
    }

    @Override
    void saveDevice(StateWriter out) throws IOException {
        out.writeInt(linkStatus);
        filter.save(out);
        waiting.save(out);
    }

    @Override
    void restoreDevice(StateReader in) throws IOException {
        linkStatus = in.readInt();
        filter.restore(in);
        waiting.restore(in, FRAME_BYTES_MAX);
    }
}
