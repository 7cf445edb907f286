package holdfast.riscv;

/// Which addresses may lie in a leaf above 4 KiB that has been cached: all that do, and few others. A flush of an address
/// outside has one place to look.
final class SuperpageFilter {
    private long megapages;
    private long gigapages;

    void add(long va, int level) {
        if (level == 1) {
            megapages |= 1L << (va >>> 21);
        } else if (level == 2) {
            gigapages |= 1L << (va >>> 30);
        }
    }

    boolean mayCover(long va) {
        return (megapages >>> (va >>> 21) & 1 | gigapages >>> (va >>> 30) & 1) != 0;
    }

    void clear() {
        megapages = 0;
        gigapages = 0;
    }
}
