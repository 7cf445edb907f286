package holdfast.riscv;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Stand-ins for calls of the translator and of what translated code calls, each wrong in one way; [TranslatorMutantsTest]
/// puts them in place.
final class BrokenTranslator {
    private BrokenTranslator() {}

    /// The results of loads are not written back.
    static long defines(long d) {
        return RegionCompiler.translates(d) && Packed.op(d) <= Op.LWU && Packed.op(d) >= Op.LB ? 0 : RegionScan.defines(d);
    }

    /// One instruction too many is counted before a trap in the middle of a block.
    static int siteRetired(Hart hart) {
        return hart.siteRetired() + 1;
    }

    /// Where translated code of a page is, is never forgotten.
    static void clearPage(JumpCache jumps, long va) {}

    /// Code of user mode is looked up where that of supervisor mode is.
    static Tlb.FetchTable fetchTable(Tlb tlb, int slot, boolean user) {
        return tlb.fetchTable(Tlb.SHARED, false);
    }

    /// Code of one address space is left to the next.
    static void claim(Tlb tlb, int slot, int asid) {}

    /// Accesses at one register are taken to lie in one page.
    static boolean isInOnePage(long va, int bytes) {
        return true;
    }

    /// Fences, and whatever else is emitted by this call, are left out.
    static CodeBuilder invokestatic(CodeBuilder code, ClassDesc owner, String name, MethodTypeDesc type) {
        return code;
    }

    /// A fence that orders stores before loads is taken for one that does not.
    static MemoryFence of(int operands) {
        return MemoryFence.TSO;
    }

    /// Atomic instructions are those of a lone hart.
    static byte[] compile(RegionScan scan, boolean alone, RegionForm form, String className) {
        return RegionCompiler.compile(scan, true, form, className);
    }

    /// A halfword is not sign-extended.
    static short loadShort(long address) {
        return (short) (Raw.loadShort(address) & 0x7fff);
    }

    /// Nobody looks at what runs.
    static void sampled(Translator translator, Region region, int weight) {}

    /// The pass goes on, whatever was written.
    static int afterCsr(Hart hart, int left) {
        return left;
    }

    /// Nobody looks at what misses.
    static void missing(Translator translator, Region region) {}

    private static int refills;

    /// A loop that has used up its slice goes on, some times.
    static int refill(Hart hart, int left, Region region) {
        return ++refills < 10 ? left + 1000 : hart.refill(left, region);
    }

    /// Pages stay writable through entries that the first level of the TLB has given up.
    static void revokeWrites(VictimTable victims, int page) {}

    /// A page is taken to be mapped where it was, whatever has been fenced.
    static boolean isKnown(Mmu mmu, long pc) {
        return true;
    }

    /// Enabling interrupts is not followed by a look at them.
    static boolean passEnds(Hart hart) {
        return false;
    }
}
