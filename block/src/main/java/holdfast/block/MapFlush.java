package holdfast.block;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Makes a layer durable: its data, and then the map that shows what of it is there. Those who come while one flush runs share
/// the next.
///
/// @param <C> copy of a piece of the map
public final class MapFlush<C> {
    /// A map in memory whose changes are written in pieces.
    public interface Changes<C> {
        /// Copies of what has changed, to be made durable; one caller at a time, who says afterwards how it went.
        List<C> takeDirty();

        /// What was taken is durable.
        void taken();

        /// What was taken may not be durable.
        void giveBack();
    }

    /// Writes copies to where the map is kept, and returns when they are durable.
    public interface Publisher<C> {
        void publish(List<C> copies) throws DiskException;
    }

    private final Blocking data;
    private final Changes<C> map;
    private final Publisher<C> publisher;
    private final ReentrantLock running = new ReentrantLock();
    private long asked;
    private long done;

    public MapFlush(Blocking data, Changes<C> map, Publisher<C> publisher) {
        this.data = data;
        this.map = map;
        this.publisher = publisher;
    }

    /// Returns when everything that had completed before is durable.
    public void run() throws DiskException {
        long ticket = ask();
        running.lock();
        try {
            if (done >= ticket) {
                return;
            }
            long covered = asked();
            once();
            done = covered;
        } finally {
            running.unlock();
        }
    }

    private synchronized long ask() {
        return ++asked;
    }

    private synchronized long asked() {
        return asked;
    }

    /// The copies are taken before the data is flushed, so that all that they show will be durable.
    private void once() throws DiskException {
        List<C> copies = map.takeDirty();
        try {
            flushData();
            if (!copies.isEmpty()) {
                publisher.publish(copies);
            }
            map.taken();
        } catch (DiskException e) {
            map.giveBack();
            throw e;
        }
    }

    private void flushData() throws DiskException {
        data.flush();
    }
}
