package holdfast.riscv;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Finds the instructions of a region and its basic blocks, and for each block which registers may hold values that are
/// not in the register file yet.
///
/// Registers are numbered 0–31 for x and 32–63 for f; sets of them are bit masks.
final class RegionScan {
    /// A straight run of instructions.
    static final class Block {
        final int start;
        final List<Integer> slots = new ArrayList<>();
        long defined;
        long dirtyAtStart;

        Block(int start) {
            this.start = start;
        }
    }

    final int entry;
    final Map<Integer, Long> code = new TreeMap<>();
    final List<Block> blocks = new ArrayList<>();
    long registers;

    private final CodePage page;
    private final BitSet leaders = new BitSet();

    RegionScan(CodePage page, int entry, int instructionsMax) {
        this.page = page;
        this.entry = entry;
        collect(instructionsMax);
        split();
        findDirty();
    }

    /// Breadth first from the entry, so that a region cut off at its limit is compact.
    private void collect(int instructionsMax) {
        Deque<Integer> pending = new ArrayDeque<>();
        pending.add(entry);
        leaders.set(entry);
        while (!pending.isEmpty() && code.size() < instructionsMax) {
            int slot = pending.poll();
            while (slot < CodePage.SLOTS && !code.containsKey(slot) && code.size() < instructionsMax) {
                long d = page.plain(slot);
                if (!RegionCompiler.translates(d)) {
                    break;
                }
                code.put(slot, d);
                registers |= uses(d) | defines(d);
                int op = Packed.op(d);
                if (isBranch(op) || op == Op.JAL && Packed.rd(d) == Packed.DISCARD) {
                    int target = target(slot, d);
                    if (target >= 0 && target < CodePage.SLOTS) {
                        leaders.set(target);
                        pending.add(target);
                    }
                    if (!isBranch(op)) {
                        break;
                    }
                    leaders.set(slot + Packed.lengthHalfwords(d));
                } else if (op == Op.JAL || op == Op.JALR) {
                    break;
                }
                slot += Packed.lengthHalfwords(d);
            }
        }
        registers &= ~1L;
    }

    /// What follows an instruction but not in the order of slots (code that overlaps itself) starts a block too.
    private void findOverlaps() {
        int last = -1;
        for (int at : code.keySet()) {
            if (last >= 0) {
                int next = last + Packed.lengthHalfwords(instruction(last));
                if (next != at) {
                    leaders.set(next);
                }
            }
            last = at;
        }
    }

    long instruction(int slot) {
        Long d = code.get(slot);
        if (d == null) {
            throw new IllegalStateException("slot " + slot + " is not in the region");
        }
        return d;
    }

    static boolean fallsThrough(long d) {
        int op = Packed.op(d);
        return op != Op.JAL && op != Op.JALR;
    }

    private void split() {
        findOverlaps();
        int expected = -1;
        Block block = null;
        for (Map.Entry<Integer, Long> instruction : code.entrySet()) {
            int slot = instruction.getKey();
            if (block == null || slot != expected || leaders.get(slot)) {
                block = new Block(slot);
                blocks.add(block);
            }
            block.slots.add(slot);
            block.defined |= defines(instruction.getValue());
            expected = slot + Packed.lengthHalfwords(instruction.getValue());
        }
    }

    /// Forward: dirty at the start of a block is what is dirty at the end of any block that leads to it.
    private void findDirty() {
        Map<Integer, Block> byStart = new TreeMap<>();
        blocks.forEach(block -> byStart.put(block.start, block));
        for (boolean changed = true; changed; ) {
            changed = false;
            for (Block block : blocks) {
                long dirty = block.dirtyAtStart | block.defined;
                for (int next : successors(block)) {
                    Block successor = byStart.get(next);
                    if (successor != null && (dirty & ~successor.dirtyAtStart) != 0) {
                        successor.dirtyAtStart |= dirty;
                        changed = true;
                    }
                }
            }
        }
    }

    private List<Integer> successors(Block block) {
        int last = block.slots.getLast();
        long d = instruction(last);
        int op = Packed.op(d);
        int next = last + Packed.lengthHalfwords(d);
        if (isBranch(op)) {
            return List.of(next, target(last, d));
        }
        if (op == Op.JAL) {
            return Packed.rd(d) == Packed.DISCARD ? List.of(target(last, d)) : List.of();
        }
        return op == Op.JALR ? List.of() : List.of(next);
    }

    boolean contains(int slot) {
        return code.containsKey(slot);
    }

    static boolean isBranch(int op) {
        return op >= Op.BEQ && op <= Op.BGEU;
    }

    static int target(int slot, long d) {
        return slot + (Packed.immediate(d) >> 1);
    }

    static long defines(long d) {
        long mask = 0;
        for (Operand operand : Instructions.operands(Packed.op(d))) {
            if (operand == Operand.RD && Packed.rd(d) != Packed.DISCARD) {
                mask |= 1L << Packed.rd(d);
            } else if (operand == Operand.FD) {
                mask |= 1L << 32 + Packed.rd(d);
            }
        }
        return mask;
    }

    static long uses(long d) {
        long mask = 0;
        for (Operand operand : Instructions.operands(Packed.op(d))) {
            mask |= switch (operand) {
                case RS1 -> 1L << Packed.rs1(d);
                case RS2 -> 1L << Packed.rs2(d);
                case FS1 -> 1L << 32 + Packed.rs1(d);
                case FS2 -> 1L << 32 + Packed.rs2(d);
                case FS3 -> 1L << 32 + Packed.rs3(d);
                default -> 0;
            };
        }
        return mask;
    }
}
