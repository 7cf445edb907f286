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

    /// Leaving costs about what so many instructions gain where none of them misses.
    private static final long MISS_COSTS = 10_000;

    /// Misses that come together, as after a change of address space.
    private static final long PATIENCE = 100 * MISS_COSTS;

    /// How often it was found running, which tells how much time is spent in it. Harts may lose each other's counts.
    int samples;

    /// What has been made of the code; null when no other will be.
    @Nullable RegionForm form;

    /// The hart's count of retired instructions when an access last missed and control left the region.
    private long missedAt;

    private long patience = PATIENCE;

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

    /// An access has missed and control has left the region.
    ///
    /// @param retired by the hart
    /// @return whether that happens too often; that is said once
    boolean missed(long retired) {
        long since = Math.clamp(retired - missedAt, 0, PATIENCE);
        missedAt = retired;
        long before = patience;
        if (before >= 0) {
            patience = Math.min(before + since, PATIENCE) - MISS_COSTS;
        }
        return before >= 0 && patience < 0;
    }

    /// Nothing came of it: it has to show anew what it is like.
    void again() {
        samples = 0;
        patience = PATIENCE;
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
