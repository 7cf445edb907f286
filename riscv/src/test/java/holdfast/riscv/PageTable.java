package holdfast.riscv;

/// Sv39 page tables in a bare machine's RAM, built entry by entry.
final class PageTable {
    static final int R = 2;
    static final int W = 4;
    static final int X = 8;
    static final int U = 16;
    static final int G = 32;
    static final int A = 64;
    static final int D = 128;
    static final int V = 1;

    private final PhysicalMemory memory;
    private final long root;
    private long nextTable;

    /// Takes pages from `firstPage` on, the root first.
    PageTable(PhysicalMemory memory, long firstPage) {
        this.memory = memory;
        this.root = firstPage;
        this.nextTable = firstPage + 4096;
    }

    /// satp for this table.
    long satp(int asid) {
        return 8L << 60 | (long) asid << 44 | root >>> 12;
    }

    /// Maps a page (level 0), 2 MiB (level 1) or 1 GiB (level 2); V is implied. Writes behind the hart's back, as a
    /// guest's own stores would without an sfence.vma.
    PageTable map(long va, long pa, int flags, int level) throws BusFault {
        memory.store64(entry(va, level), pa >>> 12 << 10 | flags | V);
        return this;
    }

    PageTable map(long va, long pa, int flags) throws BusFault {
        return map(va, pa, flags | A | D, 0);
    }

    PageTable unmap(long va) throws BusFault {
        memory.store64(entry(va, 0), 0);
        return this;
    }

    long entry(long va, int level) throws BusFault {
        long table = root;
        for (int at = 2; at > level; at--) {
            long pointer = table + ((va >>> 12 + 9 * at & 511) << 3);
            if ((memory.load64(pointer) & V) == 0) {
                memory.store64(pointer, nextTable >>> 12 << 10 | V);
                nextTable += 4096;
            }
            table = memory.load64(pointer) >>> 10 << 12;
        }
        return table + ((va >>> 12 + 9 * level & 511) << 3);
    }
}
