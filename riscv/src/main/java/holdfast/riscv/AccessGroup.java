package holdfast.riscv;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Loads and stores of a block, one after the other, at displacements from one register that keeps its value meanwhile: the
/// registers that a function saves, the fields of a structure. The TLB is asked once for all of them, and for each alone when they
/// do not lie in one page or the page is not there.
///
/// What the TLB has said stays true to the end of the group: only a slow path can change it, and none is taken in a group whose
/// page was there.
///
/// @param first the slot of the first of them
/// @param register the address register
/// @param lowest the smallest displacement, in bytes
/// @param bytes from there to the end of the access furthest up
record AccessGroup(int first, int register, int lowest, int bytes, boolean loads, boolean stores) {
    /// With fewer there is no gain.
    private static final int ACCESSES_MIN = 2;

    /// The groups of a block, by the slots of their accesses.
    static Map<Integer, AccessGroup> of(RegionScan scan, RegionScan.Block block) {
        Map<Integer, AccessGroup> groups = new HashMap<>();
        List<Integer> run = new ArrayList<>();
        int register = 0;
        for (int slot : block.slots) {
            long d = scan.instruction(slot);
            int op = Packed.op(d);
            boolean access = isAccess(op);
            if (access && Packed.rs1(d) != register || isOther(op)) {
                close(scan, run, groups);
                register = access ? Packed.rs1(d) : 0;
            }
            if (access && register != 0) {
                run.add(slot);
            }
            if ((RegionScan.defines(d) >>> register & 1) != 0) {
                close(scan, run, groups);
                register = 0;
            }
        }
        close(scan, run, groups);
        return groups;
    }

    private static void close(RegionScan scan, List<Integer> run, Map<Integer, AccessGroup> groups) {
        if (run.size() >= ACCESSES_MIN) {
            int lowest = Integer.MAX_VALUE;
            int end = Integer.MIN_VALUE;
            boolean loads = false;
            boolean stores = false;
            for (int slot : run) {
                long d = scan.instruction(slot);
                lowest = Math.min(lowest, Packed.immediate(d));
                end = Math.max(end, Packed.immediate(d) + bytes(Packed.op(d)));
                loads |= isLoad(Packed.op(d));
                stores |= !isLoad(Packed.op(d));
            }
            int register = Packed.rs1(scan.instruction(run.getFirst()));
            AccessGroup group = new AccessGroup(run.getFirst(), register, lowest, end - lowest, loads, stores);
            run.forEach(slot -> groups.put(slot, group));
        }
        run.clear();
    }

    private static boolean isAccess(int op) {
        return op >= Op.LB && op <= Op.SD || op >= Op.FLW && op <= Op.FSD;
    }

    /// Whether an instruction that is none of these may take a slow path.
    private static boolean isOther(int op) {
        return op >= Op.FENCE && op <= Op.AMOMAXU_D;
    }

    private static boolean isLoad(int op) {
        return op >= Op.LB && op <= Op.LWU || op == Op.FLW || op == Op.FLD;
    }

    private static int bytes(int op) {
        return switch (op) {
            case Op.LB, Op.LBU, Op.SB -> 1;
            case Op.LH, Op.LHU, Op.SH -> 2;
            case Op.LW, Op.LWU, Op.SW, Op.FLW, Op.FSW -> 4;
            default -> 8;
        };
    }
}
