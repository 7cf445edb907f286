package holdfast.riscv;

/// Which addresses may lie in a leaf above 4 KiB that has been cached: all that do, and few others. A flush of an address
/// outside has one place to look.
final class SuperpageFilter {
    private static final int HALVES = 2;

    /// By half of the address space, as sets of hashes.
    private final long[] megapages = new long[HALVES];

    private final long[] gigapages = new long[HALVES];

    void add(long va, int level) {
        if (level == 1) {
            megapages[half(va)] |= 1L << (va >>> 21);
        } else if (level == 2) {
            gigapages[half(va)] |= 1L << (va >>> 30);
        }
    }

    boolean mayCover(long va) {
        return (megapages[half(va)] >>> (va >>> 21) & 1 | gigapages[half(va)] >>> (va >>> 30) & 1) != 0;
    }

    void clear() {
        megapages[0] = 0;
        megapages[1] = 0;
        gigapages[0] = 0;
        gigapages[1] = 0;
    }

    private static int half(long va) {
        return (int) (va >>> 63);
    }
}
