package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongBinaryOperator;

/// The block allocation table as far as it was asked for: it is read page by page, so that the map of a large disk takes no
/// memory until it is touched, and pages without a block take none then.
final class BlockTable {
    static final int PAGE_ENTRIES = 8192;

    /// No entry: its reserved bits are not zero.
    static final long MISSING = -1;

    private static final long[] EMPTY = new long[PAGE_ENTRIES];
    private static final long RESERVED = 0xffff8L;

    private final Blocking store;

    /// Both change together, under this object's lock.
    private volatile Place place;
    private volatile AtomicReferenceArray<long[]> pages;

    /// @param offset in the file
    private record Place(long offset, long entries) {
        AtomicReferenceArray<long[]> noPages() {
            return new AtomicReferenceArray<>(Math.toIntExact(Math.ceilDiv(entries, PAGE_ENTRIES)));
        }
    }

    /// @param offset of the table in the file
    BlockTable(Blocking store, long offset, long entries) {
        this.store = store;
        place = new Place(offset, entries);
        pages = place.noPages();
    }

    /// @return [#MISSING] when it has to be read first
    long cached(long entry) {
        long[] page = pages.get((int) (entry / PAGE_ENTRIES));
        return page == null ? MISSING : page[(int) (entry % PAGE_ENTRIES)];
    }

    /// Reads it if need be.
    long get(long entry) throws DiskException {
        int number = (int) (entry / PAGE_ENTRIES);
        while (pages.get(number) == null) {
            Place from = place;
            long[] page = read(number, from);
            synchronized (this) {
                // If the table has moved meanwhile, that was read where anything may be.
                if (place.equals(from) && pages.get(number) == null) {
                    pages.set(number, page);
                }
            }
        }
        return cached(entry);
    }

    /// A page that is not kept.
    long[] read(int number) throws DiskException {
        return read(number, place);
    }

    private long[] read(int number, Place from) throws DiskException {
        long first = (long) number * PAGE_ENTRIES;
        int count = (int) Math.min(PAGE_ENTRIES, from.entries - first);
        byte[] bytes = Storage.read(store, from.offset + first * Long.BYTES, count * Long.BYTES);
        var page = new long[PAGE_ENTRIES];
        Checksum.bytes(bytes).asLongBuffer().get(page, 0, count);
        long any = 0;
        for (int i = 0; i < count; i++) {
            page[i] &= ~RESERVED;
            any |= page[i];
        }
        return any == 0 ? EMPTY : page;
    }

    /// Says where a block is from now on, and which sector of the file has to say so.
    ///
    /// @return offset of the sector in the file
    @SuppressWarnings("ReferenceEquality") // It is one page, shared by all that have nothing in them.
    synchronized long set(long entry, long value) throws DiskException {
        int number = (int) (entry / PAGE_ENTRIES);
        long[] page = pages.get(number);
        if (page == null || page == EMPTY) {
            page = page == null ? read(number) : page;
            page = page == EMPTY ? new long[PAGE_ENTRIES] : page;
            pages.set(number, page);
        }
        page[(int) (entry % PAGE_ENTRIES)] = value;
        return place.offset + entry * Long.BYTES / LogEntry.SECTOR_BYTES * LogEntry.SECTOR_BYTES;
    }

    /// What a sector of the table is to hold.
    ///
    /// @param sectorOffset as [#set] has returned it
    synchronized byte[] sector(long sectorOffset) throws DiskException {
        var bytes = new byte[LogEntry.SECTOR_BYTES];
        var into = Checksum.bytes(bytes);
        long first = (sectorOffset - place.offset) / Long.BYTES;
        for (long entry = first; entry < Math.min(place.entries, first + bytes.length / Long.BYTES); entry++) {
            into.putLong(get(entry));
        }
        return bytes;
    }

    /// The table has been made longer in the file, and may be elsewhere there; what [#set] has said stands.
    ///
    /// @param firstNew entry that was none of a block's before
    /// @param added what each entry from there on is in the file, by its number and what it was
    synchronized void moved(long offset, long entries, long firstNew, LongBinaryOperator added) {
        var next = new Place(offset, entries);
        AtomicReferenceArray<long[]> nextPages = next.noPages();
        for (int i = 0; i < pages.length(); i++) {
            long[] page = pages.get(i);
            long first = (long) i * PAGE_ENTRIES;
            if (page != null && first + PAGE_ENTRIES > firstNew) {
                page = page.clone();
                for (int at = (int) Math.max(0, firstNew - first); at < PAGE_ENTRIES; at++) {
                    page[at] = added.applyAsLong(first + at, page[at]);
                }
            }
            nextPages.set(i, page);
        }
        place = next;
        pages = nextPages;
    }

    int pageCount() {
        return pages.length();
    }
}
