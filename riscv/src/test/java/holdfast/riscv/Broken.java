package holdfast.riscv;

import java.io.DataInput;
import java.io.IOException;
import java.util.BitSet;

/// Stand-ins for calls of the processor, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// An AMO that is a load and a store.
    static long addLong(long address, long value) {
        long old = Raw.loadLong(address);
        Thread.yield(); // on a busy host the other hart would seldom run just here
        Raw.storeLong(address, old + value);
        return old;
    }

    /// An SC that compares and then stores; or a page-table update that is dropped, depending on who calls.
    static boolean swapIfEqualInt(long address, int expected, int value) {
        boolean equal = Raw.loadInt(address) == expected;
        if (equal) {
            Thread.yield();
            Raw.storeInt(address, value);
        }
        return equal;
    }

    /// The accessed and dirty bits are not written.
    static boolean swapIfEqualLong(long address, long expected, long value) {
        return true;
    }

    /// `sfence.vma` by ASID flushes nothing.
    static void flushSpace(Tlb tlb, int asid) {}

    /// `sfence.vma` by address flushes nothing.
    static void flushAddress(Tlb tlb, long va) {}

    /// Every translation is taken for a global one.
    static void claim(Tlb tlb, int slot, int asid) {}

    /// The second level of the TLB keeps what the first one has flushed.
    static void flush(VictimTable victims, int table) {}

    /// The same for one address.
    static void flush(VictimTable victims, int table, long va) {}

    /// Always round to nearest, ties to even.
    static int rounding(Hart h, long d) {
        return Fcsr.RNE;
    }

    /// Stores of devices leave no mark.
    static void markDirty(PhysicalMemory memory, int page) {}

    /// Timers are noticed one instruction late.
    static long timerDeadline(PrivilegedState state, long now) {
        long deadline = state.timerDeadline(now);
        return deadline == Long.MAX_VALUE ? deadline : deadline + 1;
    }

    /// The restored hart's timer is not armed.
    static void restore(PrivilegedState state, DataInput in) throws IOException {
        state.restore(in);
        state.supervisorTimer(Long.MAX_VALUE);
    }

    /// The result of `divuw` is not sign-extended.
    static long divideUnsignedWord(int a, int b) {
        return Arithmetic.divideUnsignedWord(a, b) & 0xffff_ffffL;
    }

    /// PMP allows everything.
    static boolean allows(Pmp pmp, long start, long length, int right, boolean machineMode) {
        return true;
    }

    /// Code whose page was stored to is executed as it was.
    static void setAside(PhysicalMemory memory, int page, DropCause cause) {}

    /// Pages that nobody executes stay decoded.
    static void drop(PhysicalMemory memory, int page, CodePage decoded) {}

    /// Every instruction is taken to be of two bytes.
    static int lengthHalfwords(long packed) {
        return 1;
    }

    /// Regions are not looked at.
    static boolean isHit(RegionCode region, BitSet halfwords) {
        return false;
    }

    /// Nothing is the same any more.
    static BitSet differences(CodePage page, byte[] now) {
        var all = new BitSet();
        all.set(0, CodePage.SLOTS);
        return all;
    }

    /// A region is installed whatever its page holds by now.
    static boolean isIn(RegionCode region, CodePage page) {
        return true;
    }

    /// A fence between hart threads that orders nothing.
    static void fullFence() {}

    /// Write mappings of a page stay when it is decoded.
    static void call(Mailbox mailbox, Runnable action, Hart self) {}

    /// The short path is taken before inexact has been raised.
    static boolean settled(Fcsr c, int rm) {
        return rm == Fcsr.RNE;
    }

    /// The error of a result raises nothing.
    static long withError(Fcsr c, double result, double error) {
        return Double.doubleToRawLongBits(result);
    }

    /// Nothing that is pending wakes a hart.
    static boolean wakeable(PrivilegedState state, long now) {
        return false;
    }

    /// Tiny results are taken for ordinary ones.
    static boolean isOrdinary(double result) {
        return Double.isFinite(result);
    }
}
