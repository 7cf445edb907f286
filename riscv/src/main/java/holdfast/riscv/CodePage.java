package holdfast.riscv;

import java.util.Arrays;

/// One page of RAM as decoded instructions ([Packed]), one slot a halfword, filled as they are first executed.
///
/// Slots are written without locks: every writer computes the same value from the same bytes. The two slots past
/// the end, which sequential execution runs into, are [Op#PAGE_END].
final class CodePage {
    static final int SLOTS = PhysicalMemory.PAGE_BYTES / 2;

    final long[] code = new long[SLOTS + 2];

    /// False while write mappings of the page are still being revoked.
    volatile boolean ready;

    private final long host;

    CodePage(long host) {
        this.host = host;
        Arrays.fill(code, SLOTS, SLOTS + 2, Op.PAGE_END);
    }

    /// Decodes the instruction at a slot and remembers it.
    void decode(int slot) {
        int low = halfword(slot);
        if (Instructions.isCompressed(low)) {
            code[slot] = Instructions.decode(low);
        } else if (slot == SLOTS - 1) {
            code[slot] = Packed.pack(Op.CROSSING, 0, 0, 0, 0, 0, low);
        } else {
            code[slot] = Instructions.decode(low | halfword(slot + 1) << 16);
        }
    }

    int halfword(int slot) {
        return Raw.loadShort(host + 2L * slot) & 0xffff;
    }
}
