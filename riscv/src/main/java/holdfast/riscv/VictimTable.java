package holdfast.riscv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The second level of a [Tlb]: one table that keeps a copy of every entry of all the direct-mapped tables until it is
/// needed for another, so that pages whose addresses collide there need no walk.
///
/// Entries have the form of the first level's; the low bits of their tags say of which table they are, and which
/// generation of it: flushing a table makes its generation a past one.
final class VictimTable {
    private static final int ENTRIES = 4096;
    private static final int TABLE_BITS = 6;
    private static final int GENERATIONS = 1 << 12 - TABLE_BITS;

    private final long entries;
    private final int[] generation;

    @SuppressWarnings("unused") // the entries live as long as this object
    private final MemorySegment keepAlive;

    VictimTable(int tables) {
        if (tables > 1 << TABLE_BITS) {
            throw new IllegalArgumentException("too many tables: " + tables);
        }
        keepAlive = Arena.ofAuto().allocate((long) ENTRIES * Tlb.ENTRY_BYTES, 4096);
        entries = Raw.address(keepAlive);
        generation = new int[tables];
        for (int i = 0; i < ENTRIES; i++) {
            Tlb.invalidate(entries + (long) i * Tlb.ENTRY_BYTES);
        }
    }

    private long tag(int table, long va) {
        // A generation of all ones would make the last page's tag look invalid.
        return va & -4096 | (long) generation[table] << TABLE_BITS | table;
    }

    private long entry(int table, long va) {
        long page = va >>> 12;
        return entries + ((page ^ page >>> 12 ^ (long) table << 7) & ENTRIES - 1) * Tlb.ENTRY_BYTES;
    }

    /// Keeps a copy of a table's entry for an address.
    void put(int table, long va, long source) {
        long entry = entry(table, va);
        long tag = tag(table, va);
        Raw.storeLong(entry, Raw.loadLong(source) == Tlb.INVALID ? Tlb.INVALID : tag);
        Raw.storeLong(entry + 8, Raw.loadLong(source + 8) == Tlb.INVALID ? Tlb.INVALID : tag);
        Raw.storeLong(entry + 16, Raw.loadLong(source + 16));
        Raw.storeLong(entry + 24, Raw.loadLong(source + 24));
    }

    /// Copies an entry back to where it belongs, if it is here.
    boolean recall(int table, long va, long target) {
        long entry = entry(table, va);
        long tag = tag(table, va);
        boolean reads = Raw.loadLong(entry) == tag;
        boolean writes = Raw.loadLong(entry + 8) == tag;
        if (!reads && !writes) {
            return false;
        }
        Raw.storeLong(target, reads ? va & -4096 : Tlb.INVALID);
        Raw.storeLong(target + 8, writes ? va & -4096 : Tlb.INVALID);
        Raw.storeLong(target + 16, Raw.loadLong(entry + 16));
        Raw.storeLong(target + 24, Raw.loadLong(entry + 24));
        return true;
    }

    /// Forgets all of a table.
    void flush(int table) {
        if (++generation[table] == GENERATIONS - 1) {
            generation[table] = 0;
            for (int i = 0; i < ENTRIES; i++) {
                long entry = entries + (long) i * Tlb.ENTRY_BYTES;
                if (belongs(entry, table) || belongs(entry + 8, table)) {
                    Tlb.invalidate(entry);
                }
            }
        }
    }

    private static boolean belongs(long tagAddress, int table) {
        return (Raw.loadLong(tagAddress) & (1 << TABLE_BITS) - 1) == table;
    }

    /// Forgets one page of a table, mapped by a leaf of 4 KiB.
    void flush(int table, long va) {
        long entry = entry(table, va);
        long tag = tag(table, va);
        if (Raw.loadLong(entry) == tag || Raw.loadLong(entry + 8) == tag) {
            Tlb.invalidate(entry);
        }
    }

    void revokeWrites() {
        for (int i = 0; i < ENTRIES; i++) {
            Raw.storeLong(entries + (long) i * Tlb.ENTRY_BYTES + 8, Tlb.INVALID);
        }
    }

    void revokeWrites(int page) {
        Tlb.revokeWrites(entries, ENTRIES, page);
    }

    void revokeMappings(int page) {
        Tlb.revokeMappings(entries, ENTRIES, page);
    }
}
