package holdfast.riscv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A hart's software TLB: direct-mapped tables from virtual pages to host addresses, one set of tables for each of the
/// address spaces used last, so that a change of satp only switches tables; behind them one larger table for what
/// those had to give up ([VictimTable]).
///
/// A data entry is 32 bytes of off-heap memory:
///
/// ```
/// +0  read tag    virtual page address, or −1: loads may go to host address = virtual address + addend
/// +8  write tag   the same for stores
/// +16 addend
/// +24 page index in RAM << 8 | 4 if stores are allowed | level of the leaf that maps it (0: 4 KiB, 1: 2 MiB, 2: 1 GiB)
/// ```
///
/// Taking a write mapping back (for a dirty log, or because the page is decoded) removes the write tag only. The next store
/// finds that it was allowed and needs no walk: a walk could set accessed and dirty bits that the guest has
/// cleared since, so that merely observing a guest would change it.
///
/// Comparing `va & (~0xfff | size − 1)` with a tag finds hits that are naturally aligned and nothing else. Every
/// address space has a table for user mode and one for supervisor mode with SUM set. Supervisor mode without SUM sees no user
/// memory, only what a kernel maps alike everywhere (as global): all address spaces share one table for it. A mapping of a
/// single address space may be there too, and then the table is emptied when another one is selected.
final class Tlb {
    static final int ENTRIES = 256;
    static final int ENTRY_BYTES = 32;
    static final int INDEX_MASK = (ENTRIES - 1) * ENTRY_BYTES;

    /// Which rights a table was filled under.
    static final int USER = 0;

    static final int SUPERVISOR = 1;
    static final int SUPERVISOR_USER_MEMORY = 2;
    private static final int KINDS = 3;

    private static final int SPACES = 8;

    /// S- and U-mode with satp off.
    private static final int BARE = SPACES;

    /// M-mode, which PMP treats differently.
    private static final int MACHINE = SPACES + 2;

    /// Rare combinations of rights (MXR): emptied whenever it is selected.
    private static final int TRANSIENT = SPACES + 1;

    /// S-mode with satp on, SUM clear.
    static final int SHARED = SPACES + 3;

    private static final int SLOTS = SPACES + 4;
    private static final int TABLES = SLOTS * KINDS;
    private static final long TABLE_BYTES = (long) ENTRIES * ENTRY_BYTES;
    static final long INVALID = -1;
    private static final long STORES_ALLOWED = 4;

    private static final int FETCH_ENTRIES = 128;

    /// Supervisor mode's fetch table outlives address spaces, so that a large one pays.
    private static final int SHARED_FETCH_ENTRIES = 1024;

    private final long tables;
    private final VictimTable victims = new VictimTable(TABLES);

    /// ASIDs. The shared slot's is that of its entries that are not global, if it has such.
    private final long[] owner = new long[SLOTS];
    private final long[] lastUse = new long[SLOTS];
    private final boolean[] filled = new boolean[TABLES];
    private final SuperpageFilter[] superpages = new SuperpageFilter[SLOTS];
    private final FetchTable[] fetch = new FetchTable[SLOTS * 2];
    private long uses;
    private int flushes;

    /// Decoded pages by virtual page, for one address space and one of user and supervisor mode.
    static final class FetchTable {
        final JumpCache jumps;
        private final int mask;
        private final long[] tags;
        private final byte[] levels;
        private final @Nullable CodePage[] pages;
        private final SuperpageFilter superpages = new SuperpageFilter();

        /// Whether there are entries in the lower and in the upper half of the address space.
        private boolean low;

        private boolean high;

        /// @param entries a power of two
        FetchTable(int entries) {
            jumps = new JumpCache(8 * entries);
            mask = entries - 1;
            tags = new long[entries];
            levels = new byte[entries];
            pages = new CodePage[entries];
            Arrays.fill(tags, INVALID);
        }

        @Nullable CodePage find(long pc) {
            int slot = (int) (pc >>> 12) & mask;
            return tags[slot] == (pc & -4096) ? pages[slot] : null;
        }

        void put(long pc, CodePage page, int level) {
            int slot = (int) (pc >>> 12) & mask;
            tags[slot] = pc & -4096;
            pages[slot] = page;
            levels[slot] = (byte) level;
            superpages.add(pc, level);
            low |= pc >= 0;
            high |= pc < 0;
        }

        void clear() {
            if (low || high) {
                Arrays.fill(tags, INVALID);
                Arrays.fill(pages, null);
                jumps.clear();
                superpages.clear();
                low = false;
                high = false;
            }
        }

        void clear(long va) {
            if (va < 0 ? !high : !low) {
                return;
            }
            if (superpages.mayCover(va)) {
                for (int slot = 0; slot <= mask; slot++) {
                    clear(slot, va);
                }
                jumps.clear();
            } else {
                clear((int) (va >>> 12) & mask, va);
                jumps.clearPage(va);
            }
        }

        private void clear(int slot, long va) {
            if ((tags[slot] ^ va) >>> 12 + 9 * levels[slot] == 0) {
                tags[slot] = INVALID;
                pages[slot] = null;
            }
        }
    }

    Tlb() {
        MemorySegment segment = Arena.ofAuto().allocate(TABLES * TABLE_BYTES, 4096);
        keepAlive = segment;
        tables = Raw.address(segment);
        Arrays.fill(owner, INVALID);
        for (int i = 0; i < fetch.length; i++) {
            fetch[i] = new FetchTable(i / 2 == SHARED ? SHARED_FETCH_ENTRIES : FETCH_ENTRIES);
        }
        Arrays.setAll(superpages, slot -> new SuperpageFilter());
        Arrays.fill(filled, true);
        flush();
    }

    @SuppressWarnings("unused") // the tables live as long as this object
    private final MemorySegment keepAlive;

    /// The slot of an address space, emptied and taken over from the one not used longest if it has none.
    int space(int asid) {
        int victim = 0;
        for (int slot = 0; slot < SPACES; slot++) {
            if (owner[slot] == asid) {
                lastUse[slot] = ++uses;
                return slot;
            }
            if (lastUse[slot] < lastUse[victim]) {
                victim = slot;
            }
        }
        flushSlot(victim);
        owner[victim] = asid;
        lastUse[victim] = ++uses;
        return victim;
    }

    /// The slot that supervisor mode uses without SUM, emptied of what other address spaces have alone.
    int shared(int asid) {
        if (owner[SHARED] != INVALID && owner[SHARED] != asid) {
            flushSlot(SHARED);
        }
        return SHARED;
    }

    /// A slot gets an entry that is not global.
    void claim(int slot, int asid) {
        if (slot == SHARED) {
            owner[SHARED] = asid;
        }
    }

    int bare() {
        return BARE;
    }

    int machine() {
        return MACHINE;
    }

    int emptyTransient() {
        flushSlot(TRANSIENT);
        return TRANSIENT;
    }

    long table(int slot, int kind) {
        return tables + (slot * KINDS + kind) * TABLE_BYTES;
    }

    /// Forgets where translated code is, everywhere.
    void forgetJumps() {
        for (FetchTable table : fetch) {
            table.jumps.clear();
        }
    }

    FetchTable fetchTable(int slot, boolean user) {
        return fetch[slot * 2 + (user ? 0 : 1)];
    }

    static long entry(long table, long va) {
        return table + (va >>> 7 & INDEX_MASK);
    }

    /// Makes an entry for loads, and for stores when `writable`.
    void put(int slot, int kind, long va, long host, int page, int level, boolean readable, boolean writable) {
        long entry = entry(table(slot, kind), va);
        long tag = va & -4096;
        Raw.storeLong(entry, readable ? tag : INVALID);
        Raw.storeLong(entry + 8, writable ? tag : INVALID);
        Raw.storeLong(entry + 16, (host & -4096) - tag);
        Raw.storeLong(entry + 24, (long) page << 8 | (writable ? STORES_ALLOWED : 0) | level);
        filled[slot * KINDS + kind] = true;
        superpages[slot].add(va, level);
        victims.put(slot * KINDS + kind, va, entry);
    }

    /// Brings back what a table's entry for an address was before another one took its place.
    ///
    /// @return whether there is an entry for the address now
    boolean recall(int slot, int kind, long va) {
        return victims.recall(slot * KINDS + kind, va, entry(table(slot, kind), va));
    }

    /// Takes an entry over from supervisor mode without SUM: with SUM it may do all of that, too.
    ///
    /// @return whether there was one
    boolean share(int slot, long va) {
        long source = entry(table(SHARED, SUPERVISOR), va);
        if (slot >= SPACES || !maps(source, va & -4096)) {
            return false;
        }
        int number = slot * KINDS + SUPERVISOR_USER_MEMORY;
        long entry = entry(table(slot, SUPERVISOR_USER_MEMORY), va);
        for (int offset = 0; offset < ENTRY_BYTES; offset += Long.BYTES) {
            Raw.storeLong(entry + offset, Raw.loadLong(source + offset));
        }
        filled[number] = true;
        superpages[slot].add(va, level(source));
        victims.put(number, va, entry);
        return true;
    }

    /// The page of RAM at an address to which stores are allowed but go the slow way; −1 if there is none.
    static int revokedPage(long entry, long va) {
        long info = Raw.loadLong(entry + 24);
        boolean allowed = Raw.loadLong(entry) == (va & -4096) && (info & STORES_ALLOWED) != 0;
        return allowed ? (int) (info >>> 8) : -1;
    }

    static boolean hits(long entry, long va, int access) {
        return Raw.loadLong(access == Mmu.STORE ? entry + 8 : entry) == (va & -4096);
    }

    /// The page of RAM of a valid entry.
    static int page(long entry) {
        return (int) (Raw.loadLong(entry + 24) >>> 8);
    }

    void restoreWrites(int slot, int kind, long va) {
        long entry = entry(table(slot, kind), va);
        Raw.storeLong(entry + 8, Raw.loadLong(entry));
        victims.put(slot * KINDS + kind, va, entry);
    }

    void putFetch(int slot, boolean user, long pc, CodePage page, int level) {
        fetchTable(slot, user).put(pc, page, level);
    }

    /// Counts the flushes asked for so far.
    int flushes() {
        return flushes;
    }

    /// Everything, of every address space.
    void flush() {
        flushes++;
        for (int slot = 0; slot < SLOTS; slot++) {
            flushSlot(slot);
        }
    }

    /// Everything of one address space but what is global.
    void flushSpace(int asid) {
        flushes++;
        for (int slot = 0; slot < SLOTS; slot++) {
            if (owner[slot] == asid) {
                flushSlot(slot);
            }
        }
    }

    /// One virtual address, in every address space.
    void flushAddress(long va) {
        flushes++;
        for (int slot = 0; slot < SLOTS; slot++) {
            flushAddress(slot, va);
        }
    }

    /// One virtual address in one address space, unless it is global.
    void flushAddress(long va, int asid) {
        flushes++;
        for (int slot = 0; slot < SLOTS; slot++) {
            if (owner[slot] == asid) {
                flushAddress(slot, va);
            }
        }
    }

    private void flushAddress(int slot, long va) {
        boolean covered = superpages[slot].mayCover(va);
        for (int kind = 0; kind < KINDS; kind++) {
            int number = slot * KINDS + kind;
            if (!filled[number]) {
                continue;
            }
            if (covered) {
                flushSuperpage(table(slot, kind), va);
                victims.flush(number);
            } else {
                long entry = entry(table(slot, kind), va);
                if (maps(entry, va & -4096)) {
                    invalidate(entry);
                }
                victims.flush(number, va);
            }
        }
        fetchTable(slot, true).clear(va);
        fetchTable(slot, false).clear(va);
    }

    /// A leaf above 4 KiB was split into entries when it was cached: all of them go.
    private static void flushSuperpage(long table, long va) {
        for (long entry = table; entry < table + TABLE_BYTES; entry += ENTRY_BYTES) {
            int shift = 12 + 9 * level(entry);
            long tag = Raw.loadLong(entry) != INVALID ? Raw.loadLong(entry) : Raw.loadLong(entry + 8);
            if (tag != INVALID && (tag ^ va) >>> shift == 0) {
                invalidate(entry);
            }
        }
    }

    private static int level(long entry) {
        return (int) Raw.loadLong(entry + 24) & 3;
    }

    private static boolean maps(long entry, long tag) {
        return Raw.loadLong(entry) == tag || Raw.loadLong(entry + 8) == tag;
    }

    static void invalidate(long entry) {
        Raw.storeLong(entry, INVALID);
        Raw.storeLong(entry + 8, INVALID);
    }

    private void flushSlot(int slot) {
        for (int kind = 0; kind < KINDS; kind++) {
            int number = slot * KINDS + kind;
            if (filled[number]) {
                long start = table(slot, kind);
                for (long entry = start; entry < start + TABLE_BYTES; entry += ENTRY_BYTES) {
                    invalidate(entry);
                }
                victims.flush(number);
                filled[number] = false;
            }
        }
        superpages[slot].clear();
        flushFetch(slot);
        if (slot == SHARED) {
            owner[slot] = INVALID;
        }
    }

    private void flushFetch(int slot) {
        fetchTable(slot, true).clear();
        fetchTable(slot, false).clear();
    }

    /// Forgets where decoded code is, not how addresses map.
    void flushFetch() {
        flushes++;
        for (int slot = 0; slot < SLOTS; slot++) {
            flushFetch(slot);
        }
    }

    /// Stores to any page take the slow path again.
    void revokeWrites() {
        for (long entry = tables; entry < tables + TABLES * TABLE_BYTES; entry += ENTRY_BYTES) {
            Raw.storeLong(entry + 8, INVALID);
        }
        victims.revokeWrites();
    }

    /// Stores to one page of RAM take the slow path again, whatever address it is mapped at.
    void revokeWrites(int page) {
        for (int table = 0; table < TABLES; table++) {
            if (filled[table]) {
                revokeWrites(tables + table * TABLE_BYTES, ENTRIES, page);
            }
        }
        victims.revokeWrites(page);
    }

    static void revokeWrites(long table, int entries, int page) {
        for (long entry = table; entry < table + (long) entries * ENTRY_BYTES; entry += ENTRY_BYTES) {
            if (Raw.loadLong(entry + 24) >>> 8 == page) {
                Raw.storeLong(entry + 8, INVALID);
            }
        }
    }

    /// Every access to one page of RAM takes the slow path again.
    void revokeMappings(int page) {
        for (int table = 0; table < TABLES; table++) {
            if (filled[table]) {
                revokeMappings(tables + table * TABLE_BYTES, ENTRIES, page);
            }
        }
        victims.revokeMappings(page);
        flushFetch();
    }

    static void revokeMappings(long table, int entries, int page) {
        for (long entry = table; entry < table + (long) entries * ENTRY_BYTES; entry += ENTRY_BYTES) {
            if (Raw.loadLong(entry + 24) >>> 8 == page) {
                invalidate(entry);
            }
        }
    }
}
