package holdfast.riscv;

/// What one hart has done, in plain numbers that only its own thread changes, and only where it is slow anyway. Other threads
/// may read them meanwhile and see them a little late.
final class HartCounters {
    private static final int TRAP_CAUSES = 16;

    /// Whether somebody wants to know why translated code is left; to find that out takes a look at where control goes.
    boolean exitsCounted;

    /// The count of retired instructions that the hart was restored with: what is counted here began there.
    long retiredBefore;

    /// Instructions retired in translated code, counted with the exits.
    long translated;

    final long[] exits = new long[ExitCause.values().length];

    /// Data accesses that missed the TLB's first level: found in the second, …
    long recalled;

    /// … stores to a page whose write mapping had been taken back, …
    long restored;

    /// … and those that had to be translated.
    long filled;

    /// Pages of code that had to be looked up.
    long codePages;

    /// Walks of a page table, for data and for code.
    long walks;

    /// Exceptions by their cause.
    final long[] traps = new long[TRAP_CAUSES];

    long interrupts;

    /// Calls that firmware of ours answered.
    long firmwareCalls;

    /// Control has come back from translated code.
    ///
    /// @param before the count of retired instructions when it went there
    /// @param after what the last region returned
    void left(Hart hart, long before, int after) {
        if (exitsCounted) {
            translated += hart.sliceEnd() - (after < 0 ? ~after : after) - before;
            exits[ExitCause.of(hart, after).ordinal()]++;
        }
    }

    /// Data accesses that missed the TLB's first level.
    long misses() {
        return recalled + restored + filled;
    }
}
