package holdfast.riscv;

/// What translated code calls. The fast paths are small enough for HotSpot to inline; the slow paths are calls.
///
/// `site` says where in the region a call stands: the instruction's slot << 8 | how many instructions of its block come
/// before it. From that and `left` a trap finds the pc and the exact count of retired instructions. With [#LEAVES] in it, a constant
/// like the rest, a miss of the TLB leaves the region.
final class Translated {
    /// Of a site.
    static final int LEAVES = 1 << 31;

    private static final Trap MISS = new Trap().with(Trap.MISS, 0);

    private Translated() {}

    static long lb(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4096)
                ? Raw.loadByte(va + Raw.loadLong(entry + 16))
                : (byte) leaveOrLoad(h, va, 1, left, site);
    }

    static long lh(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4095)
                ? Raw.loadShort(va + Raw.loadLong(entry + 16))
                : (short) leaveOrLoad(h, va, 2, left, site);
    }

    static long lw(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4093)
                ? Raw.loadInt(va + Raw.loadLong(entry + 16))
                : (int) leaveOrLoad(h, va, 4, left, site);
    }

    static long ld(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4089)
                ? Raw.loadLong(va + Raw.loadLong(entry + 16))
                : leaveOrLoad(h, va, 8, left, site);
    }

    static long lbu(Hart h, long table, long va, int left, int site) {
        return lb(h, table, va, left, site) & 0xff;
    }

    static long lhu(Hart h, long table, long va, int left, int site) {
        return lh(h, table, va, left, site) & 0xffff;
    }

    static long lwu(Hart h, long table, long va, int left, int site) {
        return lw(h, table, va, left, site) & 0xffff_ffffL;
    }

    static void sb(Hart h, long table, long va, long value, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        if (Raw.loadLong(entry + 8) == (va & -4096)) {
            Raw.storeByte(va + Raw.loadLong(entry + 16), (byte) value);
        } else {
            leaveOrStore(h, va, value, 1, left, site);
        }
    }

    static void sh(Hart h, long table, long va, long value, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        if (Raw.loadLong(entry + 8) == (va & -4095)) {
            Raw.storeShort(va + Raw.loadLong(entry + 16), (short) value);
        } else {
            leaveOrStore(h, va, value, 2, left, site);
        }
    }

    static void sw(Hart h, long table, long va, long value, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        if (Raw.loadLong(entry + 8) == (va & -4093)) {
            Raw.storeInt(va + Raw.loadLong(entry + 16), (int) value);
        } else {
            leaveOrStore(h, va, value, 4, left, site);
        }
    }

    static void sd(Hart h, long table, long va, long value, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        if (Raw.loadLong(entry + 8) == (va & -4089)) {
            Raw.storeLong(va + Raw.loadLong(entry + 16), value);
        } else {
            leaveOrStore(h, va, value, 8, left, site);
        }
    }

    private static long leaveOrLoad(Hart h, long va, int bytes, int left, int site) {
        if (site < 0) {
            throw missed(h, left, site);
        }
        return slowLoad(h, va, bytes, left, site);
    }

    private static void leaveOrStore(Hart h, long va, long value, int bytes, int left, int site) {
        if (site < 0) {
            throw missed(h, left, site);
        }
        slowStore(h, va, value, bytes, left, site);
    }

    private static long leaveOrAddress(Hart h, long va, int bytes, int access, int left, int site) {
        if (site < 0) {
            throw missed(h, left, site);
        }
        return slowAddress(h, va, bytes, access, left, site);
    }

    /// The same for all: for C2 to throw it is a jump to the handler.
    private static Trap missed(Hart h, int left, int site) {
        h.at(site & ~LEAVES, left);
        return MISS;
    }

    private static long slowLoad(Hart h, long va, int bytes, int left, int site) {
        h.at(site, left);
        return h.mmu.loadMemory(va, bytes);
    }

    private static void slowStore(Hart h, long va, long value, int bytes, int left, int site) {
        h.at(site, left);
        h.mmu.storeMemory(va, value, bytes);
    }

    // ---- groups of accesses

    /// @return what is added to an address of the group to get the host's; 0 if every access is looked up for itself
    static long groupOfLoads(long table, long va, int bytes) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4096) && isInOnePage(va, bytes) ? Raw.loadLong(entry + 16) : 0;
    }

    static long groupOfStores(long table, long va, int bytes) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry + 8) == (va & -4096) && isInOnePage(va, bytes) ? Raw.loadLong(entry + 16) : 0;
    }

    static long groupOfBoth(long table, long va, int bytes) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4096) ? groupOfStores(table, va, bytes) : 0;
    }

    static boolean isInOnePage(long va, int bytes) {
        return (va & 4095) <= 4096 - bytes;
    }

    static long groupedlb(Hart h, long table, long addend, long va, int left, int site) {
        return addend != 0 ? Raw.loadByte(va + addend) : loadOutOfGroup(h, table, va, 1, left, site);
    }

    static long groupedlh(Hart h, long table, long addend, long va, int left, int site) {
        return addend != 0 ? Raw.loadShort(va + addend) : loadOutOfGroup(h, table, va, 2, left, site);
    }

    static long groupedlw(Hart h, long table, long addend, long va, int left, int site) {
        return addend != 0 ? Raw.loadInt(va + addend) : loadOutOfGroup(h, table, va, 4, left, site);
    }

    static long groupedld(Hart h, long table, long addend, long va, int left, int site) {
        return addend != 0 ? Raw.loadLong(va + addend) : loadOutOfGroup(h, table, va, 8, left, site);
    }

    static long groupedlbu(Hart h, long table, long addend, long va, int left, int site) {
        return groupedlb(h, table, addend, va, left, site) & 0xff;
    }

    static long groupedlhu(Hart h, long table, long addend, long va, int left, int site) {
        return groupedlh(h, table, addend, va, left, site) & 0xffff;
    }

    static long groupedlwu(Hart h, long table, long addend, long va, int left, int site) {
        return groupedlw(h, table, addend, va, left, site) & 0xffff_ffffL;
    }

    static void groupedsb(Hart h, long table, long addend, long va, long value, int left, int site) {
        if (addend != 0) {
            Raw.storeByte(va + addend, (byte) value);
        } else {
            storeOutOfGroup(h, table, va, value, 1, left, site);
        }
    }

    static void groupedsh(Hart h, long table, long addend, long va, long value, int left, int site) {
        if (addend != 0) {
            Raw.storeShort(va + addend, (short) value);
        } else {
            storeOutOfGroup(h, table, va, value, 2, left, site);
        }
    }

    static void groupedsw(Hart h, long table, long addend, long va, long value, int left, int site) {
        if (addend != 0) {
            Raw.storeInt(va + addend, (int) value);
        } else {
            storeOutOfGroup(h, table, va, value, 4, left, site);
        }
    }

    static void groupedsd(Hart h, long table, long addend, long va, long value, int left, int site) {
        if (addend != 0) {
            Raw.storeLong(va + addend, value);
        } else {
            storeOutOfGroup(h, table, va, value, 8, left, site);
        }
    }

    /// The group's page was not there, or they lie in two. Where nothing else is a call, this is none either.
    private static long loadOutOfGroup(Hart h, long table, long va, int bytes, int left, int site) {
        return site < 0 ? lookUpLoad(h, table, va, bytes, left, site) : aloneLoad(h, table, va, bytes, left, site);
    }

    private static void storeOutOfGroup(Hart h, long table, long va, long value, int bytes, int left, int site) {
        if (site < 0) {
            lookUpStore(h, table, va, value, bytes, left, site);
        } else {
            aloneStore(h, table, va, value, bytes, left, site);
        }
    }

    private static long aloneLoad(Hart h, long table, long va, int bytes, int left, int site) {
        return lookUpLoad(h, table, va, bytes, left, site);
    }

    private static void aloneStore(Hart h, long table, long va, long value, int bytes, int left, int site) {
        lookUpStore(h, table, va, value, bytes, left, site);
    }

    private static long lookUpLoad(Hart h, long table, long va, int bytes, int left, int site) {
        return switch (bytes) {
            case 1 -> lb(h, table, va, left, site);
            case 2 -> lh(h, table, va, left, site);
            case 4 -> lw(h, table, va, left, site);
            default -> ld(h, table, va, left, site);
        };
    }

    private static void lookUpStore(Hart h, long table, long va, long value, int bytes, int left, int site) {
        switch (bytes) {
            case 1 -> sb(h, table, va, value, left, site);
            case 2 -> sh(h, table, va, value, left, site);
            case 4 -> sw(h, table, va, value, left, site);
            default -> sd(h, table, va, value, left, site);
        }
    }

    /// The host address for LR of a word.
    static long loadWordAddress(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4093) ? va + Raw.loadLong(entry + 16) : leaveOrAddress(h, va, 4, Mmu.LOAD, left, site);
    }

    /// The host address for LR of a doubleword.
    static long loadDoublewordAddress(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry) == (va & -4089) ? va + Raw.loadLong(entry + 16) : leaveOrAddress(h, va, 8, Mmu.LOAD, left, site);
    }

    /// The host address for SC or an AMO on a word.
    static long storeWordAddress(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry + 8) == (va & -4093) ? va + Raw.loadLong(entry + 16) : leaveOrAddress(h, va, 4, Mmu.STORE, left, site);
    }

    /// The host address for SC or an AMO on a doubleword.
    static long storeDoublewordAddress(Hart h, long table, long va, int left, int site) {
        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
        return Raw.loadLong(entry + 8) == (va & -4089) ? va + Raw.loadLong(entry + 16) : leaveOrAddress(h, va, 8, Mmu.STORE, left, site);
    }

    private static long slowAddress(Hart h, long va, int bytes, int access, int left, int site) {
        h.at(site, left);
        return h.mmu.atomic(va, bytes, access);
    }

    static long csr(Hart h, long d, long operand, int left, int site) {
        h.at(site, left);
        return SystemUnit.csr(h, d, operand);
    }

    /// After an instruction that wrote a CSR: how many instructions are left, none if the pass has to end.
    static int afterCsr(Hart h, int left) {
        return h.passEnds() ? h.endSlice(left) : left;
    }

    /// `ecall`. Only user mode's is a plain trap: the interpreter sees to the others.
    ///
    /// @return as [Region#run] does
    static int environmentCall(Hart h, long base, int left, int site) {
        h.at(site, left);
        h.pc(base + 2L * h.siteSlot());
        int now = left - h.siteRetired();
        Trap call = h.trap().with(Trap.ECALL_U + h.state.mode.encoding(), 0);
        if (h.state.mode != Privilege.USER) {
            return ~now;
        }
        h.enter(call);
        return h.goesOn() ? now : h.endSlice(now);
    }

    /// `sret`.
    ///
    /// @return as [Region#run] does
    static int supervisorReturn(Hart h, long base, int left, int site) {
        h.at(site, left);
        h.pc(base + 2L * h.siteSlot());
        SystemUnit.transfer(h, Op.SRET);
        return afterCsr(h, left - h.siteRetired() - 1);
    }

    /// `sfence.vma`.
    ///
    /// @param base of the region's page
    /// @return whether the page is known to be mapped there still, so that execution may go on in it
    static boolean fenceTranslations(Hart h, long d, long address, long asid, long base, int left, int site) {
        h.at(site, left);
        SystemUnit.fenceTranslations(h, d, address, asid);
        return h.mmu.isKnown(base);
    }

    /// Before every floating-point instruction that only reads floating-point state.
    static void floatCheck(Hart h, int left, int site) {
        if (!h.state.floatEnabled()) {
            if (site < 0) {
                throw missed(h, left, site);
            }
            h.at(site, left);
            FloatUnit.check(h);
        }
    }

    /// Before every other floating-point instruction.
    static void floatEnable(Hart h, int left, int site) {
        if (!h.state.floatIsDirty()) {
            if (site < 0) {
                throw missed(h, left, site);
            }
            h.at(site, left);
            FloatUnit.enable(h);
        }
    }

    /// Translated code takes the dynamic rounding mode to be round-to-nearest-even; with another one the instruction is left to
    /// the interpreter.
    static void nearest(Hart h, int left, int site) {
        if (h.state.fcsr.rounding != Fcsr.RNE) {
            h.at(site, left);
            throw SystemUnit.illegal(h);
        }
    }

    /// At a backward jump with too few instructions left for another round.
    static int refill(Hart h, int left, Region region) {
        return h.refill(left, region);
    }

    /// After the registers have been written back: where the trapped instruction is. It is executed again by the
    /// interpreter, which takes the trap in the ordinary way or does what translated code cannot.
    static int trapped(Trap trap, Hart h, Region region, long base, int left) {
        if (trap == MISS) {
            h.missed(region);
        }
        h.pc(base + 2L * h.siteSlot());
        return ~(left - h.siteRetired());
    }
}
