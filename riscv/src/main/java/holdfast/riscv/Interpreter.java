package holdfast.riscv;

import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import java.util.List;

/// Executes decoded instructions ([Packed]) one after the other.
///
/// The loop is one method, and stays under the 8,000 bytecodes past which HotSpot never compiles a method. It keeps in
/// locals what translated code will keep in locals too: the decoded page, the position in it, and how many
/// instructions are left. Whatever may change privilege, translation or interrupt state ends the pass, so that
/// none of that has to be looked at between ordinary instructions.
final class Interpreter {
    static {
        // C2 leaves out calls into classes that are not loaded, and throws the whole loop away when it comes to one.
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        for (Class<?> callee : List.of(
                Arithmetic.class,
                Atomics.class,
                BitManipulation.class,
                FloatUnit.class,
                Fp32.class,
                Fp64.class,
                FpCore.class,
                FpInteger.class,
                Instructions.class,
                MemoryFence.class,
                Region.Another.class,
                Region.One.class,
                SystemUnit.class,
                Trap.class)) {
            try {
                lookup.ensureInitialized(callee);
            } catch (IllegalAccessException broken) {
                throw new ExceptionInInitializerError(broken);
            }
        }
    }

    private final Hart hart;

    /// A page with a single instruction; everything around it leaves.
    private final long[] single = new long[CodePage.SLOTS + 2];

    private int singleSlot;

    /// Every so many entries into regions one is looked at. Slices end near large regions alone, and a prime is never in step
    /// with a loop of regions.
    private static final int SAMPLED_ENTRIES = 61;

    private int untilSample = SAMPLED_ENTRIES;

    Interpreter(Hart hart) {
        this.hart = hart;
        Arrays.fill(single, Op.PAGE_END);
    }

    /// Executes until the hart's slice ends, or until an instruction that ends the pass. Traps are taken on the way.
    void execute() {
        while (!pass() && hart.goesOn()) {
            // in the handler
        }
    }

    /// @return false when a trap was taken
    @SuppressWarnings("LabelledBreakTarget") // the ways an instruction can end, without a test on the common one
    private boolean pass() {
        Hart h = hart;
        Mmu mmu = h.mmu;
        long[] x = h.x;
        long[] f = h.f;
        int hot = h.hotJumps();
        long table = mmu.dataTable;
        long end = h.sliceEnd(); // the retired count at which `left` is zero
        long left = end - h.retired();
        long pc = h.pc();
        long base = 0;
        int i = 0;
        try {
            outer:
            while (left != 0) {
                base = pc & -4096;
                i = (int) (pc & 4095) >>> 1;
                CodePage page = mmu.codePage(pc);
                long[] code = page.code;
                char[] heat = page.heat;
                if (++heat[i] == hot) {
                    h.hot(page, i, left);
                }
                while (true) {
                    long d = code[i];
                    int w = (int) d;
                    int step = w >>> 9 & 3;
                    int rd = w >>> 11 & 63;
                    long a = x[w >>> 17 & 31];
                    long b = x[w >>> 22 & 31];
                    stop:
                    {
                        slow:
                        {
                            jump:
                            {
                                switch (w & 0x1ff) {
                                    case Op.UNDECODED -> {
                                        page.decode(i);
                                        continue;
                                    }
                                    case Op.CROSSING -> {
                                        code = alone(i, decodeCrossing(base + 2L * i, (int) (d >> 32)));
                                        continue;
                                    }
                                    case Op.PAGE_END -> {
                                        pc = base + 2L * i;
                                        continue outer;
                                    }
                                    case Op.REGION -> {
                                        Region region = h.entersRegions() ? page.region(i) : null;
                                        if (region != null && left < region.instructions) {
                                            left = h.refill((int) left, region);
                                            end = h.sliceEnd();
                                            if (left == 0) {
                                                pc = base + 2L * i;
                                                break outer;
                                            }
                                        }
                                        if (region == null || left < region.instructions) {
                                            code = alone(i, region == null ? page.plain(i) : region.first());
                                            continue;
                                        }
                                        mmu.remember(base + 2L * i, region);
                                        int after = chain(region, base, (int) left);
                                        h.counters.left(h, end - left, after);
                                        end = h.sliceEnd();
                                        pc = h.pc();
                                        table = mmu.dataTable;
                                        if (after < 0) {
                                            left = ~after;
                                            base = pc & -4096;
                                            i = (int) (pc & 4095) >>> 1;
                                            page = mmu.codePage(pc);
                                            heat = page.heat;
                                            code = alone(i, page.plain(i));
                                            continue;
                                        }
                                        left = after;
                                        continue outer;
                                    }
                                    case Op.LUI -> x[rd] = d >> 32;
                                    case Op.AUIPC -> x[rd] = base + 2L * i + (d >> 32);
                                    case Op.JAL -> {
                                        x[rd] = base + 2L * (i + step);
                                        step = (int) (d >> 33);
                                        break jump;
                                    }
                                    case Op.JALR -> {
                                        long target = a + (d >> 32) & -2;
                                        x[rd] = base + 2L * (i + step);
                                        if ((target & -4096) == base) {
                                            step = ((int) (target & 4095) >>> 1) - i;
                                            break jump;
                                        }
                                        pc = target;
                                        left--;
                                        continue outer;
                                    }
                                    case Op.BEQ -> {
                                        if (a == b) {
                                            step = (int) (d >> 33);
                                            break jump;
                                        }
                                    }
                                    case Op.BNE -> {
                                        if (a != b) {
                                            step = (int) (d >> 33);
                                            break jump;
                                        }
                                    }
                                    case Op.BLT -> {
                                        if (a < b) {
                                            step = (int) (d >> 33);
                                            break jump;
                                        }
                                    }
                                    case Op.BGE -> {
                                        if (a >= b) {
                                            step = (int) (d >> 33);
                                            break jump;
                                        }
                                    }
                                    case Op.BLTU -> {
                                        if (Long.compareUnsigned(a, b) < 0) {
                                            step = (int) (d >> 33);
                                            break jump;
                                        }
                                    }
                                    case Op.BGEU -> {
                                        if (Long.compareUnsigned(a, b) >= 0) {
                                            step = (int) (d >> 33);
                                            break jump;
                                        }
                                    }
                                    case Op.LB -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4096)) {
                                            x[rd] = (byte) slowLoad(va, 1, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadByte(va + Raw.loadLong(entry + 16));
                                    }
                                    case Op.LH -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4095)) {
                                            x[rd] = (short) slowLoad(va, 2, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadShort(va + Raw.loadLong(entry + 16));
                                    }
                                    case Op.LW -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4093)) {
                                            x[rd] = (int) slowLoad(va, 4, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadInt(va + Raw.loadLong(entry + 16));
                                    }
                                    case Op.LD -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4089)) {
                                            x[rd] = slowLoad(va, 8, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadLong(va + Raw.loadLong(entry + 16));
                                    }
                                    case Op.LBU -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4096)) {
                                            x[rd] = slowLoad(va, 1, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadByte(va + Raw.loadLong(entry + 16)) & 0xff;
                                    }
                                    case Op.LHU -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4095)) {
                                            x[rd] = slowLoad(va, 2, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadShort(va + Raw.loadLong(entry + 16)) & 0xffff;
                                    }
                                    case Op.LWU -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4093)) {
                                            x[rd] = slowLoad(va, 4, end - left);
                                            break slow;
                                        }
                                        x[rd] = Raw.loadInt(va + Raw.loadLong(entry + 16)) & 0xffff_ffffL;
                                    }
                                    case Op.SB -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry + 8) != (va & -4096)) {
                                            slowStore(va, b, 1, end - left);
                                            break slow;
                                        }
                                        Raw.storeByte(va + Raw.loadLong(entry + 16), (byte) b);
                                    }
                                    case Op.SH -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry + 8) != (va & -4095)) {
                                            slowStore(va, b, 2, end - left);
                                            break slow;
                                        }
                                        Raw.storeShort(va + Raw.loadLong(entry + 16), (short) b);
                                    }
                                    case Op.SW -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry + 8) != (va & -4093)) {
                                            slowStore(va, b, 4, end - left);
                                            break slow;
                                        }
                                        Raw.storeInt(va + Raw.loadLong(entry + 16), (int) b);
                                    }
                                    case Op.SD -> {
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry + 8) != (va & -4089)) {
                                            slowStore(va, b, 8, end - left);
                                            break slow;
                                        }
                                        Raw.storeLong(va + Raw.loadLong(entry + 16), b);
                                    }
                                    case Op.ADDI -> x[rd] = a + (d >> 32);
                                    case Op.SLTI -> x[rd] = a < d >> 32 ? 1 : 0;
                                    case Op.SLTIU -> x[rd] = Long.compareUnsigned(a, d >> 32) < 0 ? 1 : 0;
                                    case Op.XORI -> x[rd] = a ^ d >> 32;
                                    case Op.ORI -> x[rd] = a | d >> 32;
                                    case Op.ANDI -> x[rd] = a & d >> 32;
                                    case Op.SLLI -> x[rd] = a << (int) (d >> 32);
                                    case Op.SRLI -> x[rd] = a >>> (int) (d >> 32);
                                    case Op.SRAI -> x[rd] = a >> (int) (d >> 32);
                                    case Op.ADD -> x[rd] = a + b;
                                    case Op.SUB -> x[rd] = a - b;
                                    case Op.SLL -> x[rd] = a << (int) b;
                                    case Op.SLT -> x[rd] = a < b ? 1 : 0;
                                    case Op.SLTU -> x[rd] = Long.compareUnsigned(a, b) < 0 ? 1 : 0;
                                    case Op.XOR -> x[rd] = a ^ b;
                                    case Op.SRL -> x[rd] = a >>> (int) b;
                                    case Op.SRA -> x[rd] = a >> (int) b;
                                    case Op.OR -> x[rd] = a | b;
                                    case Op.AND -> x[rd] = a & b;
                                    case Op.ADDIW -> x[rd] = (int) a + (int) (d >> 32);
                                    case Op.SLLIW -> x[rd] = (int) a << (int) (d >> 32);
                                    case Op.SRLIW -> x[rd] = (int) a >>> (int) (d >> 32);
                                    case Op.SRAIW -> x[rd] = (int) a >> (int) (d >> 32);
                                    case Op.ADDW -> x[rd] = (int) a + (int) b;
                                    case Op.SUBW -> x[rd] = (int) a - (int) b;
                                    case Op.SLLW -> x[rd] = (int) a << (int) b;
                                    case Op.SRLW -> x[rd] = (int) a >>> (int) b;
                                    case Op.SRAW -> x[rd] = (int) a >> (int) b;
                                    case Op.MUL -> x[rd] = a * b;
                                    case Op.MULH -> x[rd] = Math.multiplyHigh(a, b);
                                    case Op.MULHSU -> x[rd] = Arithmetic.multiplyHighSignedUnsigned(a, b);
                                    case Op.MULHU -> x[rd] = Math.unsignedMultiplyHigh(a, b);
                                    case Op.DIV -> x[rd] = Arithmetic.divide(a, b);
                                    case Op.DIVU -> x[rd] = Arithmetic.divideUnsigned(a, b);
                                    case Op.REM -> x[rd] = Arithmetic.remainder(a, b);
                                    case Op.REMU -> x[rd] = Arithmetic.remainderUnsigned(a, b);
                                    case Op.MULW -> x[rd] = (int) a * (int) b;
                                    case Op.DIVW -> x[rd] = Arithmetic.divideWord((int) a, (int) b);
                                    case Op.DIVUW -> x[rd] = Arithmetic.divideUnsignedWord((int) a, (int) b);
                                    case Op.REMW -> x[rd] = Arithmetic.remainderWord((int) a, (int) b);
                                    case Op.REMUW -> x[rd] = Arithmetic.remainderUnsignedWord((int) a, (int) b);
                                    case Op.ADD_UW -> x[rd] = BitManipulation.addUnsignedWord(a, b);
                                    case Op.SH1ADD -> x[rd] = BitManipulation.shift1Add(a, b);
                                    case Op.SH2ADD -> x[rd] = BitManipulation.shift2Add(a, b);
                                    case Op.SH3ADD -> x[rd] = BitManipulation.shift3Add(a, b);
                                    case Op.ANDN -> x[rd] = a & ~b;
                                    case Op.ORN -> x[rd] = a | ~b;
                                    case Op.XNOR -> x[rd] = ~(a ^ b);
                                    case Op.SEXT_B -> x[rd] = (byte) a;
                                    case Op.SEXT_H -> x[rd] = (short) a;
                                    case Op.ZEXT_H -> x[rd] = a & 0xffff;
                                    case Op.FLW -> {
                                        FloatUnit.enable(h);
                                        f[rd] = Fp32.box((int) slowLoad(a + (d >> 32), 4, end - left));
                                        break slow;
                                    }
                                    case Op.FLD -> {
                                        FloatUnit.enable(h);
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry) != (va & -4089)) {
                                            f[rd] = slowLoad(va, 8, end - left);
                                            break slow;
                                        }
                                        f[rd] = Raw.loadLong(va + Raw.loadLong(entry + 16));
                                    }
                                    case Op.FSW -> {
                                        FloatUnit.check(h);
                                        slowStore(a + (d >> 32), f[w >>> 22 & 31], 4, end - left);
                                        break slow;
                                    }
                                    case Op.FSD -> {
                                        FloatUnit.check(h);
                                        long va = a + (d >> 32);
                                        long entry = table + (va >>> 7 & Tlb.INDEX_MASK);
                                        if (Raw.loadLong(entry + 8) != (va & -4089)) {
                                            slowStore(va, f[w >>> 22 & 31], 8, end - left);
                                            break slow;
                                        }
                                        Raw.storeLong(va + Raw.loadLong(entry + 16), f[w >>> 22 & 31]);
                                    }
                                    case Op.FENCE -> {
                                        if (SystemUnit.fence(h, (int) (d >> 32))) {
                                            break stop;
                                        }
                                    }
                                    case Op.CSRRW, Op.CSRRS, Op.CSRRC, Op.CSRRWI, Op.CSRRSI, Op.CSRRCI -> {
                                        h.retired(end - left);
                                        x[rd] = SystemUnit.csr(h, d, a);
                                        table = mmu.dataTable;
                                        if (h.passEnds()) {
                                            break stop;
                                        }
                                    }
                                    case Op.ECALL, Op.EBREAK, Op.SRET, Op.MRET -> {
                                        h.retired(end - left);
                                        h.pc(base + 2L * i);
                                        SystemUnit.transfer(h, w & 0x1ff);
                                        pc = h.pc();
                                        table = mmu.dataTable;
                                        if (--left == 0 || h.passEnds()) {
                                            break outer;
                                        }
                                        continue outer;
                                    }
                                    case Op.SFENCE_VMA, Op.FENCE_I -> {
                                        SystemUnit.local(h, d);
                                        pc = base + 2L * (i + step);
                                        left--;
                                        continue outer;
                                    }
                                    case Op.WFI -> {
                                        SystemUnit.local(h, d);
                                        break stop;
                                    }
                                    case Op.ILLEGAL -> throw h.trap().with(Trap.ILLEGAL_INSTRUCTION, d >>> 32);
                                    default -> {
                                        int op = w & 0x1ff;
                                        if (op >= Op.ADD_UW) {
                                            x[rd] = BitManipulation.execute(op, a, op >= Op.SLLI_UW ? d >> 32 : b);
                                        } else if (op >= Op.FMADD_S) {
                                            FloatUnit.execute(h, d);
                                        } else {
                                            h.retired(end - left);
                                            Atomics.execute(h, d);
                                        }
                                    }
                                }
                                i += step;
                                if (--left != 0) {
                                    continue;
                                }
                                pc = base + 2L * i;
                                break outer;
                            }
                            // A taken jump inside the page, or by its displacement out of it.
                            i += step;
                            left--;
                            if (left != 0 && i >>> 11 == 0) {
                                if (++heat[i] == hot) {
                                    h.hot(page, i, left);
                                }
                                continue;
                            }
                            pc = base + 2L * i;
                            continue outer;
                        }
                        // After a slow access: a device may have raised an interrupt, which is taken right after this instruction.
                        if (!h.attention()) {
                            i += step;
                            if (--left != 0) {
                                continue;
                            }
                            pc = base + 2L * i;
                            break outer;
                        }
                    }
                    pc = base + 2L * (i + step);
                    left--;
                    break outer;
                }
            }
            h.pc(pc);
            h.retired(end - left);
            return true;
        } catch (Trap trap) {
            h.pc(base + 2L * i);
            h.retired(end - left);
            SystemUnit.fillIllegal(h, trap);
            h.enter(trap);
            return false;
        }
    }

    /// Runs a region, and whatever regions control goes to from there, as [Region#run] does.
    private int chain(Region first, long firstBase, int instructionsLeft) {
        Hart h = hart;
        Mmu mmu = h.mmu;
        Region region = first;
        long base = firstBase;
        int left = instructionsLeft;
        while (true) {
            if (--untilSample == 0) {
                untilSample = SAMPLED_ENTRIES;
                h.sampled(region);
            }
            left = region.run(h, h.x, h.f, mmu.dataTable, base, left);
            if (left <= 0) {
                return left;
            }
            long pc = h.pc();
            JumpCache jumps = mmu.jumps(); // of the privilege that control has gone to
            Region next = jumps.find(pc);
            if (next == null) {
                next = mmu.regionAt(pc);
                if (next == null) {
                    return left;
                }
                jumps.put(pc, next);
            }
            if (left < next.instructions) {
                return left;
            }
            region = next;
            base = pc & -4096;
        }
    }

    /// The page in which `instruction` stands alone: one that crosses into the next page, or one under translated code.
    private long[] alone(int slot, long instruction) {
        single[singleSlot] = Op.PAGE_END;
        singleSlot = slot;
        single[slot] = instruction;
        return single;
    }

    private long slowLoad(long va, int bytes, long retired) {
        hart.retired(retired);
        return hart.mmu.load(va, bytes);
    }

    private void slowStore(long va, long value, int bytes, long retired) {
        hart.retired(retired);
        hart.mmu.store(va, value, bytes);
    }

    /// The 32-bit instruction whose second half is in the next page.
    private long decodeCrossing(long pc, int low) {
        int high = hart.mmu.codePage(pc + 2).halfword(0);
        return Instructions.decode(low | high << 16);
    }
}
