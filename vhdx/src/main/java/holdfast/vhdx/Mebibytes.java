package holdfast.vhdx;

/// Everything large in a VHDX file begins at a multiple of 1 MiB.
final class Mebibytes {
    static final long ONE = 1 << 20;

    private Mebibytes() {}

    /// Negative offsets are none.
    static boolean isMultiple(long bytes) {
        return bytes >= 0 && bytes % ONE == 0;
    }

    static long roundUp(long bytes) {
        return Math.addExact(bytes, ONE - 1) / ONE * ONE;
    }
}
