package holdfast.riscv;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;

/// The instructions that a region was made of, and where in its page they are.
final class RegionCode {
    /// In order.
    private final char[] slots;
    private final long[] instructions;

    /// @param bySlot decoded ([Packed])
    RegionCode(Map<Integer, Long> bySlot) {
        slots = new char[bySlot.size()];
        instructions = new long[slots.length];
        int i = 0;
        for (Map.Entry<Integer, Long> instruction : bySlot.entrySet()) {
            slots[i] = (char) (int) instruction.getKey();
            instructions[i++] = instruction.getValue();
        }
    }

    boolean has(int slot) {
        return Arrays.binarySearch(slots, (char) slot) >= 0;
    }

    /// Whether the page has the same instructions there.
    boolean isIn(CodePage page) {
        for (int i = 0; i < slots.length; i++) {
            if (page.plain(slots[i]) != instructions[i]) {
                return false;
            }
        }
        return true;
    }

    /// Whether an instruction has one of these halfwords.
    boolean isHit(BitSet halfwords) {
        for (int i = 0; i < slots.length; i++) {
            int next = halfwords.nextSetBit(slots[i]);
            if (next >= 0 && next < slots[i] + Packed.lengthHalfwords(instructions[i])) {
                return true;
            }
        }
        return false;
    }
}
