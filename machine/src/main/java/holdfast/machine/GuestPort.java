package holdfast.machine;

import java.io.IOException;

/// One port of a console device: its outside, its two queues, and who has it open. Under the device's lock.
final class GuestPort {
    private final int id;
    private final String name;
    private final ConsolePort outside;
    private final PortInput input;
    private final PortQueue pending = new PortQueue();
    private boolean ready;
    private boolean guestOpen;
    private boolean hostOpen;

    GuestPort(int id, String name, ConsolePort outside, PortInput input) {
        this.id = id;
        this.name = name;
        this.outside = outside;
        this.input = input;
    }

    int id() {
        return id;
    }

    String name() {
        return name;
    }

    ConsolePort outside() {
        return outside;
    }

    PortInput input() {
        return input;
    }

    PortQueue pending() {
        return pending;
    }

    /// Queues of port 0 come first, then those of control, then the other ports' (virtio 1.2, §5.3.2).
    int receiveQueue() {
        return id == 0 ? 0 : 2 * id + 2;
    }

    int transmitQueue() {
        return receiveQueue() + 1;
    }

    /// Whether the driver knows the port.
    boolean ready() {
        return ready;
    }

    void ready(boolean value) {
        ready = value;
    }

    boolean guestOpen() {
        return guestOpen;
    }

    void guestOpen(boolean value) {
        guestOpen = value;
    }

    boolean hostOpen() {
        return hostOpen;
    }

    void hostOpen(boolean value) {
        hostOpen = value;
    }

    void save(StateWriter out) throws IOException {
        out.writeBoolean(ready);
        out.writeBoolean(guestOpen);
        out.writeBoolean(hostOpen);
        pending.save(out);
    }

    void restore(StateReader in) throws IOException {
        ready = in.readBoolean();
        guestOpen = in.readBoolean();
        hostOpen = in.readBoolean();
        pending.restore(in);
    }
}
