package holdfast.riscv;

/// Integer operations that are more than one Java operator (unprivileged specification, "M" extension).
final class Arithmetic {
    private Arithmetic() {}

    static long lessThan(long a, long b) {
        return a < b ? 1 : 0;
    }

    static long lessThanUnsigned(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? 1 : 0;
    }

    static long multiplyHighSignedUnsigned(long a, long b) {
        // b as unsigned is b + 2^64 when its top bit is set.
        return Math.multiplyHigh(a, b) + (a & b >> 63);
    }

    static long divide(long a, long b) {
        // Overflow (the smallest number by −1) wraps in Java as it does here.
        return b == 0 ? -1 : a / b;
    }

    static long divideUnsigned(long a, long b) {
        return b == 0 ? -1 : Long.divideUnsigned(a, b);
    }

    static long remainder(long a, long b) {
        return b == 0 ? a : a % b;
    }

    static long remainderUnsigned(long a, long b) {
        return b == 0 ? a : Long.remainderUnsigned(a, b);
    }

    static long divideWord(int a, int b) {
        return b == 0 ? -1 : a / b;
    }

    static long divideUnsignedWord(int a, int b) {
        return b == 0 ? -1 : Integer.divideUnsigned(a, b);
    }

    static long remainderWord(int a, int b) {
        return b == 0 ? a : a % b;
    }

    static long remainderUnsignedWord(int a, int b) {
        return b == 0 ? a : Integer.remainderUnsigned(a, b);
    }
}
