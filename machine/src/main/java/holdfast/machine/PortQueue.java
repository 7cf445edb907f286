package holdfast.machine;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// What the host has sent to a console port and the guest has not taken: bytes, and the host's opening and closing of its
/// end in their place between them. Under the device's lock.
final class PortQueue {
    /// Bytes still to go, or an opening or closing.
    sealed interface Item {}

    record Bytes(byte[] bytes, int from) implements Item {}

    record HostOpen(boolean open) implements Item {}

    private final Deque<Item> items = new ArrayDeque<>();

    void add(byte[] bytes) {
        items.add(new Bytes(bytes, 0));
    }

    /// The host opens or closes. When it opens again although nobody has read what an earlier opening sent, that is
    /// dropped: it was meant for a reader that never came.
    ///
    /// @param reader whether the guest has the port open
    /// @return bytes dropped
    int hostOpen(boolean open, boolean reader) {
        boolean newSession = open && !reader && items.stream().anyMatch(item -> item instanceof HostOpen);
        int dropped = newSession ? clear() : 0;
        HostOpen marker = new HostOpen(open);
        // A reader must see that there was an end, not how often: two in a row say all.
        if (lastTwoAreMarkers()) {
            items.removeLast();
        }
        if (!marker.equals(items.peekLast())) {
            items.add(marker);
        }
        return dropped;
    }

    private boolean lastTwoAreMarkers() {
        var backwards = items.descendingIterator();
        return backwards.hasNext()
                && backwards.next() instanceof HostOpen
                && backwards.hasNext()
                && backwards.next() instanceof HostOpen;
    }

    @Nullable Item head() {
        return items.peek();
    }

    void removeHead() {
        items.remove();
    }

    /// The guest has taken some of the bytes at the head.
    void taken(int count) {
        if (items.remove() instanceof Bytes(byte[] bytes, int from) && from + count < bytes.length) {
            items.addFirst(new Bytes(bytes, from + count));
        }
    }

    /// Drops the bytes, keeps the last opening or closing.
    ///
    /// @return bytes dropped
    int dropBytes() {
        @Nullable HostOpen last = null;
        for (Item item : items) {
            last = item instanceof HostOpen marker ? marker : last;
        }
        int dropped = clear();
        if (last != null) {
            items.add(last);
        }
        return dropped;
    }

    private int clear() {
        int dropped = 0;
        for (Item item : items) {
            dropped += item instanceof Bytes(byte[] bytes, int from) ? bytes.length - from : 0;
        }
        items.clear();
        return dropped;
    }

    void save(StateWriter out) throws IOException {
        out.writeInt(items.size());
        for (Item item : items) {
            switch (item) {
                case Bytes(byte[] bytes, int from) -> {
                    out.writeByte(0);
                    out.writeBlob(Arrays.copyOfRange(bytes, from, bytes.length));
                }
                case HostOpen(boolean open) -> out.writeByte(open ? 2 : 1);
            }
        }
    }

    void restore(StateReader in) throws IOException {
        items.clear();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            int kind = in.readUnsignedByte();
            items.add(kind == 0 ? new Bytes(in.readBlob(Integer.MAX_VALUE), 0) : new HostOpen(kind == 2));
        }
    }
}
