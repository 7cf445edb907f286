package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Which sectors of partially present blocks are the file's own: bit n of a chunk's bitmap, counted from the lowest bit of its
/// first byte ([MS-VHDX] 2.4). The pages that were asked for last are kept, a few megabytes of them.
final class SectorBitmaps {
    static final int PAGE_SECTORS = 8 * 4096;

    private static final int PAGE_BYTES = PAGE_SECTORS / Byte.SIZE;
    private static final int PAGES_MAX = 1024;

    private final Blocking store;
    private final BatLayout layout;
    private final BlockTable table;

    /// Pages that differ from the file: kept until they do not.
    private final Map<Long, long[]> changed = new HashMap<>();
    private final Map<Long, long[]> pages = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, long[]> eldest) {
            return size() > PAGES_MAX;
        }
    };

    SectorBitmaps(Blocking store, BatLayout layout, BlockTable table) {
        this.store = store;
        this.layout = layout;
        this.table = table;
    }

    /// The page with a sector's bit.
    ///
    /// @return null when it has to be read first
    synchronized long @Nullable [] cached(long sector) {
        long @Nullable [] page = changed.get(sector / PAGE_SECTORS);
        return page == null ? pages.get(sector / PAGE_SECTORS) : page;
    }

    /// Reads it if need be.
    long[] get(long sector) throws DiskException {
        long @Nullable [] found = cached(sector);
        if (found != null) {
            return found;
        }
        long page = sector / PAGE_SECTORS;
        byte[] bytes = store.read(pageOffset(sector), PAGE_BYTES);
        var bits = new long[PAGE_BYTES / Long.BYTES];
        Checksum.bytes(bytes).asLongBuffer().get(bits);
        synchronized (this) {
            long @Nullable [] meanwhile = cached(sector);
            if (meanwhile != null) {
                return meanwhile;
            }
            pages.put(page, bits);
        }
        return bits;
    }

    /// Makes sectors of one page the file's own, or the parent's. The chunk has its bitmap.
    void set(long from, long to, boolean own) throws DiskException {
        long[] page = get(from);
        synchronized (this) {
            changed.put(from / PAGE_SECTORS, page);
            for (long sector = from; sector < to; sector++) {
                int bit = (int) (sector % PAGE_SECTORS);
                page[bit / Long.SIZE] = own ? page[bit / Long.SIZE] | 1L << bit : page[bit / Long.SIZE] & ~(1L << bit);
            }
        }
    }

    /// Where in the file the page with a sector's bit is.
    long pageOffset(long sector) throws DiskException {
        long entry = table.get(layout.bitmapEntry(sector / BatLayout.CHUNK_SECTORS));
        return BatEntry.offset(entry) + sector / PAGE_SECTORS * PAGE_BYTES % (BatLayout.CHUNK_SECTORS / Byte.SIZE);
    }

    /// What that page is to hold.
    synchronized byte[] page(long sector) {
        long[] bits = Objects.requireNonNull(changed.get(sector / PAGE_SECTORS));
        var bytes = new byte[PAGE_BYTES];
        Checksum.bytes(bytes).asLongBuffer().put(bits);
        return bytes;
    }

    /// The page with a sector's bit is in the file as it is here.
    synchronized void written(long sector) {
        long[] bits = changed.remove(sector / PAGE_SECTORS);
        if (bits != null) {
            pages.put(sector / PAGE_SECTORS, bits);
        }
    }

    static boolean isOwn(long[] page, long sector) {
        int bit = (int) (sector % PAGE_SECTORS);
        return (page[bit / Long.SIZE] >>> bit & 1) != 0;
    }

    /// The first sector from `sector` on whose bit differs from its own, or `end`, or the end of the page.
    static long runEnd(long[] page, long sector, long end) {
        long flip = isOwn(page, sector) ? -1 : 0;
        long first = sector / PAGE_SECTORS * PAGE_SECTORS;
        long limit = Math.min(end, first + PAGE_SECTORS);
        int bit = (int) (sector - first);
        long word = (page[bit / Long.SIZE] ^ flip) >>> bit;
        if (word != 0) {
            return Math.min(limit, sector + Long.numberOfTrailingZeros(word));
        }
        for (int next = bit / Long.SIZE + 1; next < page.length && first + (long) next * Long.SIZE < limit; next++) {
            if ((page[next] ^ flip) != 0) {
                long found = first + (long) next * Long.SIZE + Long.numberOfTrailingZeros(page[next] ^ flip);
                return Math.min(limit, found);
            }
        }
        return limit;
    }
}
