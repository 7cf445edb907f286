package holdfast.block;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Makes an overlay durable: its data, and then the bits that show it. Those who come while one flush runs share the next.
final class OverlayFlush {
    private final Blocking store;
    private final OverlayHeader header;
    private final ClusterMap map;
    private final ReentrantLock running = new ReentrantLock();
    private long asked;
    private long done;

    OverlayFlush(Blocking store, OverlayHeader header, ClusterMap map) {
        this.store = store;
        this.header = header;
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

    /// The copies are taken before the data is flushed, so that every bit in them stands for data that will be durable.
    private void once() throws DiskException {
        List<ClusterMap.Page> pages = map.takeDirty();
        try {
            flushData();
            if (!pages.isEmpty()) {
                publish(pages);
            }
            map.taken();
        } catch (DiskException e) {
            map.giveBack();
            throw e;
        }
    }

    private void flushData() throws DiskException {
        store.flush();
    }

    private void publish(List<ClusterMap.Page> pages) throws DiskException {
        for (ClusterMap.Page page : pages) {
            store.write(header.bitmapOffset() + page.offset(), page.bytes());
        }
        store.flush();
    }
}
