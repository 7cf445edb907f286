package holdfast.block;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Makes a lazy disk durable: its storage, and then the map that shows what is there. Those who come while one flush runs share
/// the next.
final class LazyFlush {
    private final Blocking storage;
    private final LazyStore store;
    private final LazyMap map;
    private final ReentrantLock running = new ReentrantLock();
    private long asked;
    private long done;

    LazyFlush(Blocking storage, LazyStore store, LazyMap map) {
        this.storage = storage;
        this.store = store;
        this.map = map;
    }

    /// Returns when everything that had completed before is durable.
    void run() throws DiskException {
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

    /// The copies are taken before the storage is flushed, so that all that they show will be durable.
    private void once() throws DiskException {
        List<LazyMap.Sector> sectors = map.takeDirty();
        try {
            flushStorage();
            if (!sectors.isEmpty()) {
                store.publish(sectors);
            }
            map.taken();
        } catch (DiskException e) {
            map.giveBack();
            throw e;
        }
    }

    private void flushStorage() throws DiskException {
        storage.flush();
    }
}
