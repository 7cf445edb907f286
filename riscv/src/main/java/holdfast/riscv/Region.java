package holdfast.riscv;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Translated code for a region: up to some two hundred instructions of one page of RAM, entered at one of them.
///
/// It holds no address but what it is given: the same region serves every virtual mapping of its page, every address
/// space and every hart.
abstract class Region {
    /// No path through the region retires more instructions than this without looking at how many are left.
    final int instructions;

    /// How often it was found running, which tells how much time is spent in it. Harts may lose each other's counts.
    int samples;

    /// What it was defined from, for another definition that C2 will compile; null when there will be none.
    byte @Nullable [] classFile;

    /// Whether another translation has taken its place.
    volatile boolean replaced;

    private @Nullable RegionCode code;

    /// Its size in bytecodes, if a [Profile] wants to know.
    int bytecodeBytes;

    /// Where it is entered.
    private @Nullable CodePage page;

    private int slot;

    /// The instruction at which it is entered.
    private long first;

    Region(int instructions) {
        this.instructions = instructions;
    }

    void madeOf(RegionCode madeOf) {
        code = madeOf;
    }

    /// What it was made of.
    RegionCode code() {
        return Objects.requireNonNull(code);
    }

    void installed(CodePage inPage, int atSlot) {
        page = inPage;
        slot = atSlot;
        first = inPage.plain(atSlot);
    }

    /// The page in which it is entered, unless it has been dropped there.
    CodePage page() {
        return Objects.requireNonNull(page);
    }

    int slot() {
        return slot;
    }

    long first() {
        return first;
    }

    /// Executes until control leaves the region, a trap, or fewer than [#instructions] are left at a backward jump. On
    /// return the hart's pc and registers are up to date.
    ///
    /// @param table the TLB table for loads and stores
    /// @param base virtual address of the page
    /// @param left instructions that may retire, at least [#instructions]
    /// @return how many are left; its complement when the instruction at the pc has not been executed and must be, by the
    ///     interpreter (which takes the trap, reaches the device, …)
    abstract int run(Hart h, long[] x, long[] f, long table, long base, int left);

    /// With the next, a region that is never run: C2 takes for granted that a class is the only one of its kind, and compiles
    /// the interpreter's loop anew when there is another. With two there before, nothing is taken for granted.
    static final class One extends Region {
        One() {
            super(0);
        }

        @Override
        int run(Hart h, long[] x, long[] f, long table, long base, int left) {
            throw new AssertionError("nothing is translated here");
        }
    }

    static final class Another extends Region {
        Another() {
            super(0);
        }

        @Override
        int run(Hart h, long[] x, long[] f, long table, long base, int left) {
            throw new AssertionError("nothing is translated here");
        }
    }
}
