package holdfast.riscv;

/// Translated code for a region: up to some two hundred instructions of one page of RAM, entered at one of them.
///
/// It holds no address but what it is given: the same region serves every virtual mapping of its page, every address
/// space and every hart.
abstract class Region {
    /// No path through the region retires more instructions than this without looking at how many are left.
    final int instructions;

    /// The instruction at which it is entered, once somebody has asked; harts that ask at the same time find the same.
    private long first;

    Region(int instructions) {
        this.instructions = instructions;
    }

    /// The instruction at which it is entered.
    long first(CodePage page, int slot) {
        if (first == 0) {
            first = page.plain(slot);
        }
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
}
