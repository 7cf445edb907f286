package holdfast.riscv;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One page of RAM as decoded instructions ([Packed]), one slot a halfword, filled as they are first executed.
///
/// Slots are written without locks: every writer computes the same value from the same bytes. The two slots past
/// the end, which sequential execution runs into, are [Op#PAGE_END].
final class CodePage {
    static final int SLOTS = PhysicalMemory.PAGE_BYTES / 2;

    final long[] code = new long[SLOTS + 2];

    /// False while write mappings of the page are still being revoked.
    volatile boolean ready;

    /// Whether a hart has looked the page up since this was last cleared.
    volatile boolean used;

    /// How often control came to a slot by a jump.
    final char[] heat = new char[SLOTS];

    /// Translated code by the slot where it is entered; such a slot's instruction is [Op#REGION].
    private @Nullable Region @Nullable [] regions;

    private final long host;

    /// Guest-physical.
    final long address;

    /// What has been translated of the page: counted for a [Profile] alone.
    int regionCount;

    int bytecodeBytes;

    CodePage(long host, long address) {
        this.host = host;
        this.address = address;
        Arrays.fill(code, SLOTS, SLOTS + 2, Op.PAGE_END);
    }

    /// Decodes the instruction at a slot and remembers it.
    void decode(int slot) {
        code[slot] = plain(slot);
    }

    /// The instruction at a slot, whether or not translated code starts there.
    long plain(int slot) {
        if (slot == SLOTS - 1) {
            int low = halfword(slot);
            return Instructions.isCompressed(low)
                    ? Instructions.decode(low)
                    : Packed.pack(Op.CROSSING, 0, 0, 0, 0, 0, low);
        }
        // In one load: another hart may replace an aligned instruction while it is executed here, and either the old or the
        // new one is right, but not half of each.
        int bits = Raw.loadInt(host + 2L * slot);
        return Instructions.decode(Instructions.isCompressed(bits) ? bits & 0xffff : bits);
    }

    /// From now on control that comes to the slot enters the region.
    void install(int slot, Region region) {
        @Nullable Region[] all = regions;
        if (all == null) {
            all = new Region[SLOTS];
            regions = all;
        }
        region.installed(this, slot);
        all[slot] = region;
        VarHandle.releaseFence();
        code[slot] = Op.REGION;
    }

    /// The region entered at a slot whose instruction is [Op#REGION]; null while another thread's writes are on their way.
    @Nullable Region region(int slot) {
        @Nullable Region[] all = regions;
        return all == null ? null : all[slot];
    }

    int halfword(int slot) {
        return Raw.loadShort(host + 2L * slot) & 0xffff;
    }
}
