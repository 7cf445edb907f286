package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.UUID;

/// The two headers of a file that is written to. A change goes to the one that is not current, durably, and then to the
/// other, so that a cut at any moment leaves the old header or the new one.
final class HeaderPair {
    private final Blocking store;
    private Header current;
    private boolean firstIsCurrent;

    /// @param current as read from the store
    HeaderPair(Blocking store, Header current) throws DiskException {
        this.store = store;
        this.current = current;
        byte[] first = Storage.read(store, Header.FIRST_OFFSET, Header.BYTES);
        firstIsCurrent = Header.parse(first).filter(current::equals).isPresent();
    }

    Header current() {
        return current;
    }

    /// Durable when it returns.
    void change(UUID fileWrite, UUID dataWrite, UUID log) throws DiskException {
        for (int i = 0; i < 2; i++) {
            var next = new Header(
                    current.sequence() + 1, fileWrite, dataWrite, log, 0, Header.VERSION, current.logBytes(), current.logOffset());
            store.write(firstIsCurrent ? Header.SECOND_OFFSET : Header.FIRST_OFFSET, next.encode());
            store.flush();
            current = next;
            firstIsCurrent = !firstIsCurrent;
        }
    }
}
