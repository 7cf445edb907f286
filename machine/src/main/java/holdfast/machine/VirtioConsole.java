package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// Console device (virtio 1.2, §5.3) with many ports. Port 0 is the guest's `hvc0` if there is one; the others have names
/// and are `/dev/virtio-ports/NAME`.
///
/// Bytes for a port that the guest has not opened wait until it does. When the guest closes a port, what waits for it is
/// dropped. The host's closing reaches the guest after all bytes that were sent before it.
final class VirtioConsole extends VirtioDevice {
    static final int TYPE = 3;
    static final int PORTS_MAX = 32;

    static final long SIZE = 1L << 0;
    static final long MULTIPORT = 1L << 1;

    static final int CONTROL_RECEIVE = 2;
    static final int CONTROL_TRANSMIT = 3;

    private static final int QUEUE_SIZE = 128;
    /// What one buffer of the guest may hold; Linux sends 32 KiB at most.
    private static final int OUTPUT_BYTES_MAX = 1 << 20;
    /// Control messages that wait for buffers; a host that opens and closes a port faster than the guest can follow is told
    /// nothing, the ports' own queues keep the last state.
    private static final int CONTROL_WAITING_MAX = 1024;
    private static final byte EVENT_RESIZE = 3;

    private final EventGate.Input input;
    private final List<GuestPort> ports = new ArrayList<>();
    private final int portCount;
    private final Queue<byte[]> controlWaiting = new ArrayDeque<>();
    private int columns = 80;
    private int rows = 25;

    /// @param hvc the outside of `hvc0`; null for none
    /// @param named the other ports, from number 1 on
    VirtioConsole(
            String name, PhysicalMemory memory, EventGate gate, @Nullable ConsolePort hvc, List<NamedConsole> named) {
        super(name, TYPE, SIZE | MULTIPORT, memory, queueSizes(named.size() + 1));
        this.portCount = named.size() + 1;
        this.input = register(gate, this::event);
        if (hvc != null) {
            plug(0, "hvc0", hvc, gate);
        }
        for (int i = 0; i < named.size(); i++) {
            plug(i + 1, named.get(i).name(), named.get(i).port(), gate);
        }
    }

    private static int[] queueSizes(int ports) {
        if (ports > PORTS_MAX) {
            throw new IllegalArgumentException("a console has at most " + (PORTS_MAX - 1) + " named ports");
        }
        int[] sizes = new int[2 * ports + 2];
        Arrays.fill(sizes, QUEUE_SIZE);
        return sizes;
    }

    private void plug(int id, String name, ConsolePort outside, EventGate gate) {
        PortInput way = new PortInput(id, input, () -> gate.mayWait() && !outbox().calling());
        ports.add(new GuestPort(id, name, outside, way));
        outside.attach(way);
    }

    /// The size of the terminal behind `hvc0` has changed. Any thread.
    void resize(int newColumns, int newRows) {
        input.offer(ByteBuffer.allocate(5)
                .put(EVENT_RESIZE)
                .putShort((short) newColumns)
                .putShort((short) newRows)
                .array());
    }

    @Override
    byte[] config() {
        return new byte[] {
            (byte) columns, (byte) (columns >> 8), (byte) rows, (byte) (rows >> 8), (byte) portCount, 0, 0, 0, 0, 0, 0, 0
        };
    }

    // ---- events ----

    private void event(byte[] payload) throws GuestError {
        ByteBuffer fields = ByteBuffer.wrap(payload);
        byte kind = fields.get();
        if (kind == EVENT_RESIZE) {
            resized(fields.getShort() & 0xffff, fields.getShort() & 0xffff);
            return;
        }
        GuestPort port = port(fields.getInt());
        if (port == null) {
            return;
        }
        if (kind == PortInput.EVENT_BYTES) {
            port.pending().add(Arrays.copyOfRange(payload, PortInput.EVENT_HEADER_BYTES, payload.length));
        } else {
            port.input().release(port.pending().hostOpen(kind == PortInput.EVENT_OPEN, port.guestOpen()));
        }
        pump(port);
    }

    private void resized(int newColumns, int newRows) throws GuestError {
        columns = newColumns;
        rows = newRows;
        configChanged();
        GuestPort hvc = port(0);
        if (hvc != null && hvc.ready()) {
            send(ConsoleControl.resize(0, columns, rows));
        }
    }

    private @Nullable GuestPort port(int id) {
        for (GuestPort port : ports) {
            if (port.id() == id) {
                return port;
            }
        }
        return null;
    }

    /// Moves what waits for a port into the guest, as far as it goes.
    private void pump(GuestPort port) throws GuestError {
        for (PortQueue.Item head = port.pending().head(); head != null; head = port.pending().head()) {
            boolean moved = switch (head) {
                case PortQueue.HostOpen(boolean open) -> tellHostOpen(port, open);
                case PortQueue.Bytes(byte[] bytes, int from) -> moveBytes(port, bytes, from);
            };
            if (!moved) {
                return;
            }
        }
    }

    private boolean tellHostOpen(GuestPort port, boolean open) throws GuestError {
        if (controlWaiting.size() >= CONTROL_WAITING_MAX) {
            return false;
        }
        port.pending().removeHead();
        port.hostOpen(open);
        if (port.ready()) {
            send(ConsoleControl.of(port.id(), ConsoleControl.PORT_OPEN, open ? 1 : 0));
        }
        return true;
    }

    private boolean moveBytes(GuestPort port, byte[] bytes, int from) throws GuestError {
        Virtqueue queue = queue(port.receiveQueue());
        Chain chain = running() && port.guestOpen() ? queue.pop() : null;
        if (chain == null) {
            return false;
        }
        int count = (int) Math.min(chain.writableBytes(), bytes.length - from);
        chain.write(0, bytes, from, count);
        queue.push(chain, count);
        port.pending().taken(count);
        port.input().release(count);
        return true;
    }

    // ---- queues ----

    @Override
    boolean serve(Virtqueue queue) throws GuestError {
        int index = queue.index();
        if (index == CONTROL_RECEIVE) {
            sendWaiting();
            for (GuestPort port : ports) {
                pump(port);
            }
            return false;
        }
        if (index == CONTROL_TRANSMIT) {
            return receiveControl(queue);
        }
        GuestPort port = port(index < 2 ? 0 : index / 2 - 1);
        if (port != null && index == port.receiveQueue()) {
            pump(port);
            return false;
        }
        return output(queue, port, !outbox().calling());
    }

    /// A port's reader that is slow keeps the guest waiting, once so much is owed to it that the [Outbox] is full.
    ///
    /// @return whether there may be more
    private boolean output(Virtqueue queue, @Nullable GuestPort port, boolean mayWait) throws GuestError {
        for (int taken = 0; taken < BATCH; taken++) {
            if (mayWait && outbox().full()) {
                return true;
            }
            Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            if (chain.readableBytes() > OUTPUT_BYTES_MAX) {
                throw new GuestError("a console buffer is larger than " + OUTPUT_BYTES_MAX + " bytes");
            }
            byte[] bytes = chain.read(0, (int) chain.readableBytes());
            queue.push(chain, 0);
            if (port != null && bytes.length > 0) {
                owe(() -> port.outside().output(bytes, 0, bytes.length), bytes.length);
            }
        }
        return true;
    }

    // ---- control ----

    private boolean receiveControl(Virtqueue queue) throws GuestError {
        for (int taken = 0; taken < BATCH; taken++) {
            Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            if (chain.readableBytes() < ConsoleControl.HEADER_BYTES) {
                throw new GuestError("a control message is too short");
            }
            ConsoleControl message = ConsoleControl.parse(chain.read(0, ConsoleControl.HEADER_BYTES));
            queue.push(chain, 0);
            received(message);
        }
        return true;
    }

    private void received(ConsoleControl message) throws GuestError {
        boolean on = message.value() != 0;
        if (message.event() == ConsoleControl.DEVICE_READY) {
            for (GuestPort port : on ? ports : List.<GuestPort>of()) {
                send(ConsoleControl.of(port.id(), ConsoleControl.PORT_ADD, 1));
            }
            return;
        }
        GuestPort port = port(message.port());
        if (port == null) {
            return;
        }
        switch (message.event()) {
            case ConsoleControl.PORT_READY -> portReady(port, on);
            case ConsoleControl.PORT_OPEN -> guestOpen(port, on);
            default -> {}
        }
    }

    private void portReady(GuestPort port, boolean ready) throws GuestError {
        port.ready(ready);
        if (!ready) {
            return;
        }
        if (port.id() == 0) {
            send(ConsoleControl.of(0, ConsoleControl.CONSOLE_PORT, 1));
            send(ConsoleControl.resize(0, columns, rows));
        } else {
            send(ConsoleControl.name(port.id(), port.name()));
        }
        if (port.hostOpen()) {
            send(ConsoleControl.of(port.id(), ConsoleControl.PORT_OPEN, 1));
        }
        pump(port);
    }

    private void guestOpen(GuestPort port, boolean open) throws GuestError {
        if (port.guestOpen() == open) {
            return;
        }
        port.guestOpen(open);
        if (!open) {
            // What the guest wrote before it closed comes before its closing, whether or not it was notified of.
            while (output(queue(port.transmitQueue()), port, false)) {
                // Until the queue is empty.
            }
            guestGone(port);
        } else {
            owe(() -> port.outside().guestOpen(true));
        }
        pump(port);
    }

    private void guestGone(GuestPort port) {
        port.input().release(port.pending().dropBytes());
        port.input().closed();
        owe(() -> port.outside().guestOpen(false));
    }

    private void send(ConsoleControl message) throws GuestError {
        if (controlWaiting.size() < CONTROL_WAITING_MAX) {
            controlWaiting.add(message.encode());
        }
        sendWaiting();
    }

    private void sendWaiting() throws GuestError {
        Virtqueue queue = queue(CONTROL_RECEIVE);
        while (!controlWaiting.isEmpty() && running()) {
            Chain chain = queue.pop();
            if (chain == null) {
                return;
            }
            byte[] message = controlWaiting.remove();
            int length = (int) Math.min(chain.writableBytes(), message.length);
            chain.write(0, message, 0, length);
            queue.push(chain, length);
        }
    }

    // ---- reset, state ----

    @Override
    void started() {
        GuestPort hvc = port(0);
        if (!negotiated(MULTIPORT) && hvc != null) {
            hvc.guestOpen(true);
            owe(() -> hvc.outside().guestOpen(true));
        }
    }

    @Override
    void stopped() {
        controlWaiting.clear();
        for (GuestPort port : ports) {
            port.ready(false);
            if (port.guestOpen()) {
                port.guestOpen(false);
                guestGone(port);
            }
        }
    }

    @Override
    void saveDevice(StateWriter out) throws IOException {
        out.writeInt(columns);
        out.writeInt(rows);
        out.writeInt(controlWaiting.size());
        for (byte[] message : controlWaiting) {
            out.writeBlob(message);
        }
        out.writeInt(ports.size());
        for (GuestPort port : ports) {
            port.save(out);
        }
    }

    @Override
    void restoreDevice(StateReader in) throws IOException {
        columns = in.readInt();
        rows = in.readInt();
        controlWaiting.clear();
        int waiting = in.readInt();
        if (waiting < 0 || waiting > CONTROL_WAITING_MAX) {
            throw new IOException("a saved console has " + waiting + " control messages waiting");
        }
        for (int i = 0; i < waiting; i++) {
            controlWaiting.add(in.readBlob(1 << 10));
        }
        int count = in.readInt();
        if (count != ports.size()) {
            throw new IOException(name() + " has " + ports.size() + " ports, its saved record " + count);
        }
        for (GuestPort port : ports) {
            port.restore(in);
            if (port.guestOpen()) {
                owe(() -> port.outside().guestOpen(true));
            }
        }
    }
}
