package holdfast.riscv;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// One page of RAM as decoded instructions ([Packed]), one slot a halfword, filled as they are first executed. Shared by all
/// harts.
///
/// They are decoded from a copy of the page's bytes. A store to the page sets its decoded form aside, whatever the store hits:
/// from then on the page may be mapped writable, and further stores cost nothing. The next hart that comes to execute it
/// compares the page with the copy, and drops each instruction and each region of which a halfword has changed. All else stays.
///
/// Slots are written without locks: every writer computes the same value from the same bytes, or finds that they have changed
/// and does it again. The two slots past the end, which sequential execution runs into, are [Op#PAGE_END].
final class CodePage {
    static final int SLOTS = PhysicalMemory.PAGE_BYTES / 2;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private enum State {
        /// Stored to. Next: [#COMPARED], by a hart that executes the page.
        ASIDE,
        /// Being compared. Next: [#EXECUTABLE]; [#ASIDE] again, by a store meanwhile.
        COMPARED,
        /// Mapped writable nowhere. Next: [#ASIDE], by a store.
        EXECUTABLE
    }

    final long[] code = new long[SLOTS + 2];

    /// Whether a hart has looked the page up since this was last cleared.
    volatile boolean used;

    /// How often control came to a slot by a jump.
    final char[] heat = new char[SLOTS];

    /// Guest-physical.
    final long address;

    private final long host;
    private final AtomicReference<State> state = new AtomicReference<>(State.ASIDE);

    /// What the page held when it was last compared; changed by words, since half of an aligned instruction is no instruction.
    private final byte[] bytes = new byte[PhysicalMemory.PAGE_BYTES];

    private boolean compared;

    /// What set the decoded form aside, or one of those that did.
    private DropCause cause = DropCause.GUEST_STORE;

    /// Translated code by the slot where it is entered; such a slot's instruction is [Op#REGION].
    private @Nullable Region @Nullable [] regions;

    /// @param host address of the page's first byte
    CodePage(long host, long address) {
        this.host = host;
        this.address = address;
        Arrays.fill(code, SLOTS, SLOTS + 2, Op.PAGE_END);
    }

    /// Decodes the instruction at a slot and remembers it.
    void decode(int slot) {
        long decoded = plain(slot);
        code[slot] = decoded;
        Raw.fullFence(); // pairs with the one in drop: either the change is seen here, or what was just written is dropped there
        for (long now = plain(slot); now != decoded; now = plain(slot)) {
            decoded = now;
            code[slot] = decoded;
            Raw.fullFence();
        }
    }

    /// The instruction at a slot, whether or not translated code starts there.
    long plain(int slot) {
        if (slot == SLOTS - 1) {
            int low = halfword(slot);
            return Instructions.isCompressed(low)
                    ? Instructions.decode(low)
                    : Packed.pack(Op.CROSSING, 0, 0, 0, 0, 0, low);
        }
        int bits = (int) INT.get(bytes, 2 * slot);
        return Instructions.decode(Instructions.isCompressed(bits) ? bits & 0xffff : bits);
    }

    int halfword(int slot) {
        return (short) SHORT.get(bytes, 2 * slot) & 0xffff;
    }

    // ---- translated code

    /// From now on control that comes to the slot enters the region, unless the instructions that the region was made of are no
    /// longer there.
    synchronized void install(int slot, Region region) {
        if (!region.code().isIn(this)) {
            heat[slot] = 0;
            return;
        }
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

    List<Region> regions() {
        var present = new ArrayList<Region>();
        @Nullable Region[] all = regions;
        for (int slot = 0; all != null && slot < SLOTS; slot++) {
            Region region = all[slot];
            if (region != null) {
                present.add(region);
            }
        }
        return present;
    }

    // ---- what stores do to it

    boolean isExecutable() {
        return state.get() == State.EXECUTABLE;
    }

    /// The page's bytes change.
    ///
    /// @return whether a hart may have found the page executable since it was last set aside
    boolean setAside(DropCause by) {
        if (state.get() == State.ASIDE) {
            return false;
        }
        cause = by;
        return state.getAndSet(State.ASIDE) != State.ASIDE;
    }

    /// From now on a store is noticed here. One hart at a time, until [#compare].
    void beginComparing() {
        state.set(State.COMPARED);
    }

    /// Brings the decoded form up to date. No hart has the page mapped writable, but for one that stores meanwhile: then it stays
    /// set aside, and the caller goes on as if it had looked before the store.
    ///
    /// @param now room for the page's bytes
    void compare(byte[] now, @Nullable Profile watching) {
        Raw.copyOut(host, now, 0, now.length);
        if (compared) {
            BitSet different = differences(now);
            var dropped = new ArrayList<Region>();
            int instructions = different.isEmpty() ? 0 : drop(now, different, dropped);
            if (watching != null) {
                watching.compared(this, cause, instructions, dropped);
            }
        } else {
            System.arraycopy(now, 0, bytes, 0, now.length);
            compared = true;
        }
        state.compareAndSet(State.COMPARED, State.EXECUTABLE);
    }

    /// The halfwords that are other ones in `now`.
    private BitSet differences(byte[] now) {
        var different = new BitSet();
        for (int from = 0; from < bytes.length; ) {
            int equal = Arrays.mismatch(bytes, from, bytes.length, now, from, bytes.length);
            if (equal < 0) {
                break;
            }
            int slot = (from + equal) / 2;
            different.set(slot);
            from = 2 * slot + 2;
        }
        return different;
    }

    /// Takes the new bytes over, and forgets every instruction and every region of which a halfword has changed. Other harts may
    /// be executing the page: each sees the old or the new, until its next `fence.i`.
    ///
    /// @param dropped gets the regions that are gone
    /// @return how many decoded instructions are gone
    private synchronized int drop(byte[] now, BitSet different, List<Region> dropped) {
        for (int slot = different.nextSetBit(0); slot >= 0; slot = different.nextSetBit(slot + 1)) {
            int word = 2 * slot & -4;
            INT.set(bytes, word, (int) INT.get(now, word));
        }
        Raw.fullFence();
        dropRegions(different, dropped);
        int instructions = 0;
        for (int slot = different.nextSetBit(0); slot >= 0; slot = different.nextSetBit(slot + 1)) {
            heat[slot] = 0;
            instructions += forget(slot);
            if (slot > 0 && Packed.lengthHalfwords(code[slot - 1]) == 2) {
                instructions += forget(slot - 1); // its second half
            }
        }
        return instructions;
    }

    private void dropRegions(BitSet different, List<Region> dropped) {
        @Nullable Region[] all = regions;
        if (all == null) {
            return;
        }
        for (Region region : regions()) {
            if (region.code().isHit(different)) {
                int slot = region.slot();
                all[slot] = null;
                code[slot] = Op.UNDECODED;
                heat[slot] = 0;
                dropped.add(region);
            }
        }
    }

    /// @return how many decoded instructions are gone
    private int forget(int slot) {
        int present = code[slot] == Op.UNDECODED ? 0 : 1;
        code[slot] = Op.UNDECODED;
        return present;
    }
}
