package holdfast.riscv;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

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

    /// A jump through a register is looked for this near for what else it may lead to: the rest of its function.
    private static final int COMPUTED_REACH = 512;

    private static final int COMPUTED_MAX = 16;

    final int entry;
    final Map<Integer, Long> code = new TreeMap<>();
    final List<Block> blocks = new ArrayList<>();
    long registers;

    private final CodePage page;
    private final int warm;
    private final @Nullable RegionCode only;
    private final BitSet leaders = new BitSet();
    private final BitSet indirect = new BitSet();
    private final Deque<Integer> pending = new ArrayDeque<>();

    /// @param warm jumps to a place without which it is left out of the region
    RegionScan(CodePage page, int entry, int instructionsMax, int warm) {
        this(page, entry, instructionsMax, warm, null);
    }

    /// Of code that a region has been made of before, whatever is warm by now.
    RegionScan(CodePage page, int entry, RegionCode again) {
        this(page, entry, Integer.MAX_VALUE, 0, again);
    }

    private RegionScan(CodePage page, int entry, int instructionsMax, int warm, @Nullable RegionCode only) {
        this.page = page;
        this.entry = entry;
        this.warm = warm;
        this.only = only;
        collect(instructionsMax);
        split();
        indirect.stream().filter(slot -> !code.containsKey(slot)).boxed().toList().forEach(indirect::clear);
        findDirty();
    }

    /// Where jumps through a register may lead inside the region: after calls, and where computed jumps have led so far.
    int[] indirectTargets() {
        return indirect.stream().toArray();
    }

    /// Breadth first from the entry, so that a region cut off at its limit is compact.
    private void collect(int instructionsMax) {
        pending.add(entry);
        leaders.set(entry);
        while (!pending.isEmpty() && code.size() < instructionsMax) {
            int slot = pending.poll();
            while (slot < CodePage.SLOTS && !code.containsKey(slot) && code.size() < instructionsMax) {
                long d = page.plain(slot);
                if (!RegionCompiler.translates(d) || only != null && !only.has(slot)) {
                    break;
                }
                code.put(slot, d);
                registers |= uses(d) | defines(d);
                int next = slot + Packed.lengthHalfwords(d);
                if (!collectTargets(slot, d, next)) {
                    break;
                }
                slot = next;
            }
        }
        registers &= ~1L;
    }

    /// @return whether control can go on to the next instruction
    private boolean collectTargets(int slot, long d, int next) {
        int op = Packed.op(d);
        if (isBranch(op)) {
            follow(target(slot, d), warm);
            leaders.set(next);
        } else if (op == Op.JAL) {
            boolean call = Packed.rd(d) != Packed.DISCARD;
            follow(target(slot, d), call ? warm : 0);
            if (call) {
                followIndirect(next);
            }
            return false;
        } else if (op == Op.JALR) {
            if (Packed.rd(d) != Packed.DISCARD) {
                followIndirect(next);
            } else if (Packed.rs1(d) != RETURN_ADDRESS) {
                followComputed(slot);
            }
            return false;
        } else if (isTransfer(op)) {
            return false;
        } else if (isSystem(op) || op == Op.SFENCE_VMA) {
            leaders.set(next);
        }
        return true;
    }

    private static final int RETURN_ADDRESS = 1;

    private boolean isWarm(int slot, int jumps) {
        return only == null ? page.heat[slot] >= jumps : only.has(slot);
    }

    private void follow(int target, int jumps) {
        if (target >= 0 && target < CodePage.SLOTS && isWarm(target, jumps)) {
            leaders.set(target);
            pending.add(target);
        }
    }

    private void followIndirect(int slot) {
        if (slot < CodePage.SLOTS && isWarm(slot, warm)) {
            indirect.set(slot);
            follow(slot, 0);
        }
    }

    private void followComputed(int from) {
        int found = 0;
        int end = Math.min(from + COMPUTED_REACH, CodePage.SLOTS);
        for (int slot = Math.max(from - COMPUTED_REACH, 0); slot < end && found < COMPUTED_MAX; slot++) {
            if (page.heat[slot] >= Math.max(warm, 1) && isWarm(slot, warm)) {
                followIndirect(slot);
                found++;
            }
        }
    }

    /// What was left out as a target may have come in as the instruction after another one.
    private void findTargets() {
        code.forEach((slot, d) -> {
            int op = Packed.op(d);
            if ((isBranch(op) || op == Op.JAL) && code.containsKey(target(slot, d))) {
                leaders.set(target(slot, d));
            }
        });
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
        return op != Op.JAL && op != Op.JALR && !isTransfer(op);
    }

    private void split() {
        findTargets();
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
            return List.of(target(last, d));
        }
        if (isTransfer(op)) {
            return List.of();
        }
        return op == Op.JALR ? indirect.stream().boxed().toList() : List.of(next);
    }

    boolean contains(int slot) {
        return code.containsKey(slot);
    }

    /// Whether the instruction may end the pass.
    static boolean isSystem(int op) {
        return op >= Op.CSRRW && op <= Op.CSRRCI;
    }

    /// Whether control goes to another privilege, and so to other code.
    static boolean isTransfer(int op) {
        return op == Op.ECALL || op == Op.SRET;
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
