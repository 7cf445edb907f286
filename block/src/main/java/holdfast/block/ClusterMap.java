package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which clusters of an overlay are its own: one bit each, 1 for its own, 0 for the base's. A bit is never cleared.
///
/// It is kept in pages of 4 KiB as they are in the store: bit n of the bitmap is bit n % 8 of byte n / 8. A page that was
/// never touched takes no memory. A page is *dirty* from the setting of a bit until it has been made durable.
final class ClusterMap implements MapFlush.Changes<ClusterMap.Page> {
    static final int PAGE_BYTES = 4096;
    private static final int PAGE_CLUSTERS = PAGE_BYTES * 8;

    private final long clusterCount;
    private final byte[] @Nullable [] pages;
    private final BitSet dirty = new BitSet();
    private final BitSet onItsWay = new BitSet();

    /// A page as it was when it was taken.
    record Page(int index, byte[] bytes) {
        long offset() {
            return (long) index * PAGE_BYTES;
        }
    }

    ClusterMap(long clusterCount) {
        this.clusterCount = clusterCount;
        pages = new byte[Math.toIntExact((clusterCount + PAGE_CLUSTERS - 1) / PAGE_CLUSTERS)][];
    }

    int pageCount() {
        return pages.length;
    }

    /// Puts in a page that was read from the store.
    synchronized void load(int index, MemorySegment bytes) {
        byte[] page = bytes.toArray(ValueLayout.JAVA_BYTE);
        for (byte b : page) {
            if (b != 0) {
                pages[index] = page;
                return;
            }
        }
    }

    private boolean get(long cluster) {
        byte[] page = pages[(int) (cluster / PAGE_CLUSTERS)];
        int bit = (int) (cluster % PAGE_CLUSTERS);
        return page != null && (page[bit / 8] & 1 << bit % 8) != 0;
    }

    synchronized boolean isOwn(long cluster) {
        return get(cluster);
    }

    /// Clusters in the same state, up to before `end`. One that is the overlay's own stays so; one that is not may become
    /// so at any moment, while what the base has of it stays as it is.
    record Run(boolean own, long end) {}

    /// The run that begins at `first` and ends at `end` at the latest.
    synchronized Run run(long first, long end) {
        boolean own = get(first);
        long cluster = first + 1;
        while (cluster < end && get(cluster) == own) {
            cluster++;
        }
        return new Run(own, cluster);
    }

    synchronized boolean allOwn(long first, long end) {
        return first >= end || run(first, end).equals(new Run(true, end));
    }

    /// Whether these bits are as durable as they will be.
    synchronized boolean isDurable(long first, long end) {
        if (first >= end) {
            return true;
        }
        int lastPage = (int) ((end - 1) / PAGE_CLUSTERS);
        for (int page = (int) (first / PAGE_CLUSTERS); page <= lastPage; page++) {
            if (dirty.get(page) || onItsWay.get(page)) {
                return false;
            }
        }
        return true;
    }

    /// From now on these clusters are the overlay's own. Their content has been written.
    synchronized void own(long first, long end) {
        if (first < 0 || end > clusterCount) {
            throw new IndexOutOfBoundsException(first + ".." + end + " of " + clusterCount);
        }
        for (long cluster = first; cluster < end; cluster++) {
            if (!get(cluster)) {
                int index = (int) (cluster / PAGE_CLUSTERS);
                byte[] page = pages[index];
                if (page == null) {
                    page = new byte[PAGE_BYTES];
                    pages[index] = page;
                }
                int bit = (int) (cluster % PAGE_CLUSTERS);
                page[bit / 8] |= (byte) (1 << bit % 8);
                dirty.set(index);
            }
        }
    }

    @Override
    public synchronized List<Page> takeDirty() {
        var taken = new ArrayList<Page>();
        for (int index = dirty.nextSetBit(0); index >= 0; index = dirty.nextSetBit(index + 1)) {
            byte[] page = pages[index];
            if (page != null) {
                taken.add(new Page(index, page.clone()));
            }
        }
        onItsWay.or(dirty);
        dirty.clear();
        return taken;
    }

    @Override
    public synchronized void taken() {
        onItsWay.clear();
    }

    @Override
    public synchronized void giveBack() {
        dirty.or(onItsWay);
        onItsWay.clear();
    }
}
