package holdfast.riscv;

import org.jspecify.annotations.Nullable;

/// A hart's memory accesses that miss the TLB: translation, protection, the accessed and dirty bits, and what lies behind
/// an address: RAM or a device. Interpreter and translated code share this one slow path.
///
/// Address translation: privileged specification, 4.3.2 ("virtual address translation process"), Sv39. The accessed
/// and dirty bits are set by hardware.
final class Mmu {
    static final int LOAD = 0;
    static final int STORE = 1;
    static final int FETCH = 2;

    private static final int[] PAGE_FAULT = {Trap.LOAD_PAGE, Trap.STORE_PAGE, Trap.FETCH_PAGE};
    private static final int[] ACCESS_FAULT = {Trap.LOAD_ACCESS, Trap.STORE_ACCESS, Trap.FETCH_ACCESS};
    private static final int[] RIGHT = {Pmp.READ, Pmp.WRITE, Pmp.EXECUTE};

    private static final int SV39_LEVELS = 3;
    private static final long PTE_V = 1;
    private static final long PTE_R = 2;
    private static final long PTE_W = 4;
    private static final long PTE_X = 8;
    private static final long PTE_U = 16;
    private static final long PTE_G = 32;
    private static final long PTE_A = 64;
    private static final long PTE_D = 128;
    private static final long PTE_RESERVED = 0xffc0_0000_0000_0000L;

    final Tlb tlb = new Tlb();

    /// The TLB table that loads and stores of the hart use right now.
    long dataTable;

    private final Hart hart;
    private final PhysicalMemory memory;
    private final Bus bus;
    private final Trap trap;

    private int dataSlot;
    private int dataKind;
    private Privilege dataMode = Privilege.MACHINE;
    private Privilege fetchMode = Privilege.MACHINE;
    private boolean userMemory;
    private boolean executableReadable;
    private int fetchSlot;
    private Tlb.FetchTable fetchTable;
    private boolean transientRights;

    // What the last walk found.
    private long leafAddress;
    private int leafLevel;
    private boolean leafReadable;
    private boolean leafGlobal;

    Mmu(Hart hart, PhysicalMemory memory, Bus bus, Trap trap) {
        this.hart = hart;
        this.memory = memory;
        this.bus = bus;
        this.trap = trap;
        this.fetchTable = tlb.fetchTable(tlb.machine(), false);
        this.dataTable = tlb.table(tlb.machine(), Tlb.SUPERVISOR);
    }

    /// Chooses the tables for the hart's mode, satp, MPRV, SUM and MXR. After every change of any of them.
    void select() {
        PrivilegedState state = hart.state;
        fetchMode = state.mode;
        dataMode = state.dataMode();
        userMemory = state.userMemoryAccess();
        executableReadable = state.executableReadable();
        boolean translated = state.translates();
        int asid = state.asid();
        int space = translated && (fetchMode != Privilege.MACHINE || dataMode != Privilege.MACHINE) ? tlb.space(asid) : tlb.bare();
        fetchSlot = switch (fetchMode) {
            case USER -> space;
            case SUPERVISOR -> translated ? tlb.shared(asid) : space;
            case MACHINE -> tlb.machine();
        };
        fetchTable = tlb.fetchTable(fetchSlot, fetchMode == Privilege.USER);
        dataKind = kind();
        transientRights = executableReadable || fetchMode == Privilege.MACHINE && dataMode != Privilege.MACHINE;
        if (transientRights) {
            dataSlot = tlb.emptyTransient();
        } else if (dataMode == Privilege.MACHINE) {
            dataSlot = tlb.machine();
        } else {
            dataSlot = translated && dataKind == Tlb.SUPERVISOR ? tlb.shared(asid) : space;
        }
        dataTable = tlb.table(dataSlot, dataKind);
    }

    private int kind() {
        return switch (dataMode) {
            case USER -> Tlb.USER;
            case SUPERVISOR -> userMemory ? Tlb.SUPERVISOR_USER_MEMORY : Tlb.SUPERVISOR;
            case MACHINE -> Tlb.SUPERVISOR;
        };
    }

    // ---- fetch

    /// The decoded page at a virtual address.
    CodePage codePage(long pc) {
        CodePage page = fetchTable.find(pc);
        return page != null ? page : codePageSlow(pc);
    }

    /// Translated code at a virtual address; null when none is known without a walk.
    @Nullable Region regionAt(long pc) {
        CodePage page = fetchTable.find(pc);
        return page == null ? null : page.region((int) (pc & 4095) >>> 1);
    }

    /// The decoded page at a virtual address; null when it has to be looked up.
    @Nullable CodePage knownPage(long pc) {
        return fetchTable.find(pc);
    }

    /// Whether the page at a virtual address need not be looked up.
    boolean isKnown(long pc) {
        return knownPage(pc) != null;
    }

    /// Remembers where translated code is that has just been looked up, unless PMP splits its page, which is then checked at
    /// every jump into it.
    void remember(long pc, Region region) {
        if (fetchTable.find(pc) != null) {
            fetchTable.jumps.put(pc, region);
        }
    }

    /// Where translated code is, under the current mapping.
    JumpCache jumps() {
        return fetchTable.jumps;
    }

    private CodePage codePageSlow(long pc) {
        hart.counters.codePages++;
        while (true) {
            int flushes = tlb.flushes();
            CodePage page = codePageOnce(pc, flushes);
            if (page != null) {
                return page;
            }
        }
    }

    /// Null when the hart has served a fence while it waited for the page: the translation may be old then.
    private @Nullable CodePage codePageOnce(long pc, int flushes) {
        long address = translate(pc, FETCH, fetchMode);
        int level = leafLevel;
        boolean global = leafGlobal;
        if (!memory.contains(address, 2) || !hart.state.pmp.allows(address, 2, Pmp.EXECUTE, machine(fetchMode))) {
            throw trap.with(Trap.FETCH_ACCESS, pc);
        }
        int index = memory.pageIndex(address);
        memory.beforeMapping(index);
        CodePage page = memory.codePage(hart, index);
        if (tlb.flushes() != flushes) {
            return null;
        }
        // A page that PMP splits is looked up again for every jump into it; straight-line code inside is not checked.
        if (hart.state.pmp.uniform(address)) {
            if (!global) {
                tlb.claim(fetchSlot, hart.state.asid());
            }
            tlb.putFetch(fetchSlot, fetchMode == Privilege.USER, pc, page, level);
        }
        return page;
    }

    /// The instruction at a virtual address that has just been executed.
    int instructionBits(long pc) {
        CodePage page = codePage(pc);
        int slot = (int) (pc & 4095) >>> 1;
        int low = page.halfword(slot);
        if (Instructions.isCompressed(low)) {
            return low;
        }
        int high = slot == CodePage.SLOTS - 1 ? codePage(pc + 2).halfword(0) : page.halfword(slot + 1);
        return low | high << 16;
    }

    // ---- data

    /// A load that missed the TLB, zero-extended. `bytes` is 1, 2, 4 or 8.
    long load(long va, int bytes) {
        if ((va & 4095) > 4096 - bytes) {
            return loadAcrossPages(va, bytes);
        }
        long address = reach(va, bytes, LOAD);
        if (memory.contains(address, bytes)) {
            return loadHost(memory.hostAddress(address), bytes);
        }
        try {
            if ((address & bytes - 1) != 0) {
                throw BusFault.UNMAPPED;
            }
            return bus.load(address, bytes);
        } catch (BusFault nobody) {
            throw trap.with(Trap.LOAD_ACCESS, va);
        }
    }

    /// A load for translated code: from RAM, or it throws before anything has happened.
    long loadMemory(long va, int bytes) {
        if ((va & 4095) > 4096 - bytes) {
            return loadAcrossPages(va, bytes);
        }
        long address = reach(va, bytes, LOAD);
        if (!memory.contains(address, bytes)) {
            throw trap.with(Trap.LOAD_ACCESS, va);
        }
        return loadHost(memory.hostAddress(address), bytes);
    }

    /// A store for translated code: to RAM, or it throws before anything has happened.
    void storeMemory(long va, long value, int bytes) {
        if ((va & 4095) > 4096 - bytes) {
            storeAcrossPages(va, value, bytes);
            return;
        }
        long address = reach(va, bytes, STORE);
        if (!memory.contains(address, bytes)) {
            throw trap.with(Trap.STORE_ACCESS, va);
        }
        storeHost(memory.hostAddress(address), value, bytes);
    }

    private long loadAcrossPages(long va, int bytes) {
        long second = (va | 4095) + 1;
        int inFirst = (int) (second - va);
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            long address = reach(va + i, 1, LOAD);
            if (!memory.contains(address, 1)) {
                throw trap.with(Trap.LOAD_ACCESS, i < inFirst ? va : second);
            }
            value |= loadHost(memory.hostAddress(address), 1) << 8 * i;
        }
        return value;
    }

    private static long loadHost(long host, int bytes) {
        return switch (bytes) {
            case 1 -> Raw.loadByte(host) & 0xffL;
            case 2 -> Raw.loadShort(host) & 0xffffL;
            case 4 -> Raw.loadInt(host) & 0xffff_ffffL;
            default -> Raw.loadLong(host);
        };
    }

    /// A store that missed the TLB.
    void store(long va, long value, int bytes) {
        if ((va & 4095) > 4096 - bytes) {
            storeAcrossPages(va, value, bytes);
            return;
        }
        long address = reach(va, bytes, STORE);
        if (memory.contains(address, bytes)) {
            storeHost(memory.hostAddress(address), value, bytes);
            return;
        }
        try {
            if ((address & bytes - 1) != 0) {
                throw BusFault.UNMAPPED;
            }
            bus.store(address, bytes, bytes == 8 ? value : value & (1L << 8 * bytes) - 1);
        } catch (BusFault nobody) {
            throw trap.with(Trap.STORE_ACCESS, va);
        }
    }

    private void storeAcrossPages(long va, long value, int bytes) {
        long second = (va | 4095) + 1;
        int inFirst = (int) (second - va);
        // Both pages first: a store that faults on the second one must not have changed the first.
        long first = reach(va, inFirst, STORE);
        long rest = reach(second, bytes - inFirst, STORE);
        if (!memory.contains(first, inFirst) || !memory.contains(rest, bytes - inFirst)) {
            throw trap.with(Trap.STORE_ACCESS, memory.contains(first, inFirst) ? second : va);
        }
        for (int i = 0; i < bytes; i++) {
            long address = i < inFirst ? first + i : rest + (i - inFirst);
            Raw.storeByte(memory.hostAddress(address), (byte) (value >>> 8 * i));
        }
    }

    private static void storeHost(long host, long value, int bytes) {
        switch (bytes) {
            case 1 -> Raw.storeByte(host, (byte) value);
            case 2 -> Raw.storeShort(host, (short) value);
            case 4 -> Raw.storeInt(host, (int) value);
            default -> Raw.storeLong(host, value);
        }
    }

    /// The host address for an atomic access, which must be naturally aligned and in RAM.
    ///
    /// @param access [#LOAD] for LR, [#STORE] for SC and AMOs
    long atomic(long va, int bytes, int access) {
        if ((va & bytes - 1) != 0) {
            throw trap.with(access == LOAD ? Trap.LOAD_MISALIGNED : Trap.STORE_MISALIGNED, va);
        }
        long entry = Tlb.entry(dataTable, va);
        if (Raw.loadLong(access == LOAD ? entry : entry + 8) == (va & -4096)) {
            return va + Raw.loadLong(entry + 16);
        }
        long address = reach(va, bytes, access);
        if (!memory.contains(address, bytes)) {
            throw trap.with(ACCESS_FAULT[access], va);
        }
        return memory.hostAddress(address);
    }

    /// Translates and checks an access inside one page, and fills the TLB when RAM is behind it.
    ///
    /// @return the guest-physical address
    private long reach(long va, int bytes, int access) {
        long entry = Tlb.entry(dataTable, va);
        boolean hit = Tlb.hits(entry, va, access);
        if (!hit && isElsewhere(entry, va, access)) {
            hart.counters.recalled++;
            hit = true;
        }
        if (hit) {
            return memory.base() + ((long) Tlb.page(entry) << PhysicalMemory.PAGE_SHIFT) + (va & 4095);
        }
        if (access == STORE) {
            int page = Tlb.revokedPage(entry, va);
            if (page >= 0) {
                hart.counters.restored++;
                memory.beforeWritableMapping(page);
                tlb.restoreWrites(dataSlot, dataKind, va);
                return memory.base() + ((long) page << PhysicalMemory.PAGE_SHIFT) + (va & 4095);
            }
        }
        hart.counters.filled++;
        long address = translate(va, access, dataMode);
        Pmp pmp = hart.state.pmp;
        if (!pmp.allows(address, bytes, RIGHT[access], machine(dataMode))) {
            throw trap.with(ACCESS_FAULT[access], va);
        }
        if (memory.contains(address, bytes)) {
            fill(va, address, access);
        }
        return address;
    }

    /// Whether another part of the TLB has the translation; it is in its place then.
    private boolean isElsewhere(long entry, long va, int access) {
        return tlb.recall(dataSlot, dataKind, va) && Tlb.hits(entry, va, access)
                || dataKind == Tlb.SUPERVISOR_USER_MEMORY && tlb.share(dataSlot, va) && Tlb.hits(entry, va, access);
    }

    private void fill(long va, long address, int access) {
        int index = memory.pageIndex(address);
        long page = address & -4096;
        boolean machineMode = machine(dataMode);
        Pmp pmp = hart.state.pmp;
        memory.beforeMapping(index);
        if (access == STORE) {
            memory.beforeWritableMapping(index);
        }
        if (pmp.uniform(page)) {
            boolean readable = leafReadable && pmp.allows(page, 4096, Pmp.READ, machineMode);
            if (!leafGlobal) {
                tlb.claim(dataSlot, hart.state.asid());
            }
            tlb.put(dataSlot, dataKind, va, memory.hostAddress(address), index, leafLevel, readable, access == STORE);
        }
    }

    private static boolean machine(Privilege mode) {
        return mode == Privilege.MACHINE;
    }

    // ---- translation

    /// Virtual to guest-physical, with every check but PMP of the final address; sets what the last walk found.
    private long translate(long va, int access, Privilege mode) {
        PrivilegedState state = hart.state;
        if (mode == Privilege.MACHINE || !state.translates()) {
            leafLevel = 0;
            leafReadable = true;
            leafGlobal = false;
            // Physical addresses have 56 bits.
            if (va >>> 56 != 0) {
                throw trap.with(ACCESS_FAULT[access], va);
            }
            return va;
        }
        if (va << 64 - 39 >> 64 - 39 != va) {
            throw trap.with(PAGE_FAULT[access], va);
        }
        while (true) {
            if (walk(va, access, mode, state.rootTable())) {
                return leafAddress;
            }
        }
    }

    /// One walk of the page table.
    ///
    /// @return false when the entry changed under our hands and the walk must be made again
    private boolean walk(long va, int access, Privilege mode, long table) {
        hart.counters.walks++;
        leafGlobal = false;
        for (int level = SV39_LEVELS - 1; level >= 0; level--) {
            long entryAddress = table + ((va >>> 12 + 9 * level & 511) << 3);
            if (!memory.contains(entryAddress, 8) || !hart.state.pmp.allows(entryAddress, 8, Pmp.READ, false)) {
                throw trap.with(ACCESS_FAULT[access], va);
            }
            long host = memory.hostAddress(entryAddress);
            long pte = Raw.loadLongVolatile(host);
            if ((pte & PTE_V) == 0 || (pte & (PTE_R | PTE_W)) == PTE_W || (pte & PTE_RESERVED) != 0) {
                throw trap.with(PAGE_FAULT[access], va);
            }
            // What lies behind a global entry is global.
            leafGlobal |= (pte & PTE_G) != 0;
            if ((pte & (PTE_R | PTE_X)) == 0) {
                if ((pte & (PTE_A | PTE_D | PTE_U)) != 0) {
                    throw trap.with(PAGE_FAULT[access], va);
                }
                table = pte >>> 10 << 12;
                continue;
            }
            return leaf(va, access, mode, level, pte, entryAddress, host);
        }
        throw trap.with(PAGE_FAULT[access], va);
    }

    private boolean leaf(long va, int access, Privilege mode, int level, long pte, long entryAddress, long host) {
        long offsetMask = (4096L << 9 * level) - 1;
        long frame = pte >>> 10 << 12;
        if (!permits(pte, access, mode) || (frame & offsetMask) != 0) {
            throw trap.with(PAGE_FAULT[access], va);
        }
        long wanted = pte | PTE_A | (access == STORE ? PTE_D : 0);
        if (wanted != pte) {
            if (!hart.state.pmp.allows(entryAddress, 8, Pmp.WRITE, false)) {
                throw trap.with(ACCESS_FAULT[access], va);
            }
            if (!Raw.swapIfEqualLong(host, pte, wanted)) {
                return false;
            }
            memory.pageTableUpdated(memory.pageIndex(entryAddress));
        }
        leafAddress = frame & ~offsetMask | va & offsetMask;
        leafLevel = level;
        leafReadable = permits(pte, LOAD, mode);
        return true;
    }

    private boolean permits(long pte, int access, Privilege mode) {
        boolean userPage = (pte & PTE_U) != 0;
        if (mode == Privilege.USER ? !userPage : userPage && (access == FETCH || !userMemory)) {
            return false;
        }
        return switch (access) {
            case LOAD -> (pte & PTE_R) != 0 || executableReadable && (pte & PTE_X) != 0;
            case STORE -> (pte & PTE_W) != 0;
            default -> (pte & PTE_X) != 0;
        };
    }
}
