package holdfast.riscv;

import static holdfast.riscv.FpFormat.BINARY32;
import static holdfast.riscv.FpFormat.BINARY64;
import static java.lang.Double.doubleToRawLongBits;
import static java.lang.Double.longBitsToDouble;

/// The "D" extension: IEEE-754 binary64 arithmetic on raw bit patterns, with RISC-V's NaNs, flags and rounding modes.
///
/// `rm` is a resolved rounding mode, 0 to 4. Every operation has a short path for the case that nothing is left to
/// report (see [Fcsr#settled]) and the host's result is beyond doubt; what is called next computes the exact error of
/// the host's result, and only what is special, tiny or rounded otherwise goes to [FpCore]. The short paths are kept
/// under HotSpot's inlining limits: the interpreter and translated code both call them.
final class Fp64 {
    /// Between these bounds error terms neither overflow nor lose digits to underflow.
    private static final double ERROR_EXACT_MIN = 0x1p-900;

    private static final double ERROR_EXACT_MAX = 0x1p1000;

    private Fp64() {}

    /// A subnormal or zero result of the host is not proof of exactness, except for sums; the smallest normal number
    /// may be tiny before rounding.
    private static boolean isOrdinary(double result) {
        double magnitude = Math.abs(result);
        return magnitude > Double.MIN_NORMAL && magnitude < Double.POSITIVE_INFINITY;
    }

    private static boolean errorIsExact(double magnitude) {
        return magnitude > ERROR_EXACT_MIN && magnitude < ERROR_EXACT_MAX;
    }

    private static long withError(Fcsr c, double result, double error) {
        if (error != 0) {
            c.flags |= Fcsr.NX;
        }
        return doubleToRawLongBits(result);
    }

    static long add(Fcsr c, long a, long b, int rm) {
        double sum = longBitsToDouble(a) + longBitsToDouble(b);
        // Sums that come out tiny are exact.
        if (Fcsr.settled(c, rm) && Math.abs(sum) < Double.POSITIVE_INFINITY) {
            return doubleToRawLongBits(sum);
        }
        return addSlow(c, a, b, rm);
    }

    static long sub(Fcsr c, long a, long b, int rm) {
        return add(c, a, b ^ Long.MIN_VALUE, rm);
    }

    private static long addSlow(Fcsr c, long a, long b, int rm) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (rm == Fcsr.RNE && Math.abs(x) < ERROR_EXACT_MAX && Math.abs(y) < ERROR_EXACT_MAX) {
            return withError(c, x + y, sumError(x, y));
        }
        return FpCore.add(BINARY64, c, a, b, rm);
    }

    /// x + y − (x + y rounded to nearest), exactly (Knuth's two-sum).
    private static double sumError(double x, double y) {
        double sum = x + y;
        double yPart = sum - x;
        return (x - (sum - yPart)) + (y - yPart);
    }

    static long mul(Fcsr c, long a, long b, int rm) {
        double product = longBitsToDouble(a) * longBitsToDouble(b);
        if (Fcsr.settled(c, rm) && isOrdinary(product)) {
            return doubleToRawLongBits(product);
        }
        return mulSlow(c, a, b, rm);
    }

    private static long mulSlow(Fcsr c, long a, long b, int rm) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        double product = x * y;
        if (product == 0 && (x == 0 || y == 0)) {
            return doubleToRawLongBits(product);
        }
        if (rm == Fcsr.RNE && errorIsExact(Math.abs(product))) {
            return withError(c, product, Math.fma(x, y, -product));
        }
        return FpCore.mul(BINARY64, c, a, b, rm);
    }

    static long div(Fcsr c, long a, long b, int rm) {
        double quotient = longBitsToDouble(a) / longBitsToDouble(b);
        if (Fcsr.settled(c, rm) && isOrdinary(quotient)) {
            return doubleToRawLongBits(quotient);
        }
        return divSlow(c, a, b, rm);
    }

    private static long divSlow(Fcsr c, long a, long b, int rm) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        double quotient = x / y;
        if (rm == Fcsr.RNE && errorIsExact(Math.abs(x)) && errorIsExact(Math.abs(quotient))) {
            return withError(c, quotient, Math.fma(-quotient, y, x));
        }
        return FpCore.div(BINARY64, c, a, b, rm);
    }

    static long sqrt(Fcsr c, long a, int rm) {
        double root = Math.sqrt(longBitsToDouble(a));
        // A root is never tiny, nor infinite unless its operand was.
        if (Fcsr.settled(c, rm) && root > 0 && root < Double.POSITIVE_INFINITY) {
            return doubleToRawLongBits(root);
        }
        return sqrtSlow(c, a, rm);
    }

    private static long sqrtSlow(Fcsr c, long a, int rm) {
        double x = longBitsToDouble(a);
        if (rm == Fcsr.RNE && errorIsExact(x)) {
            double root = Math.sqrt(x);
            return withError(c, root, Math.fma(-root, root, x));
        }
        return FpCore.sqrt(BINARY64, c, a, rm);
    }

    /// a × b + d, rounded once. The subtracting and negating instructions flip signs of `a` and `d` first.
    static long fma(Fcsr c, long a, long b, long d, int rm) {
        double result = Math.fma(longBitsToDouble(a), longBitsToDouble(b), longBitsToDouble(d));
        if (Fcsr.settled(c, rm) && isOrdinary(result)) {
            return doubleToRawLongBits(result);
        }
        return fmaSlow(c, a, b, d, rm);
    }

    private static long fmaSlow(Fcsr c, long a, long b, long d, int rm) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        double z = longBitsToDouble(d);
        double product = x * y;
        // If the product alone is exact, then so is the error of adding to it.
        boolean exactProduct = errorIsExact(Math.abs(product)) && Math.fma(x, y, -product) == 0;
        if (rm == Fcsr.RNE && exactProduct && Math.abs(z) < ERROR_EXACT_MAX) {
            return withError(c, product + z, sumError(product, z));
        }
        return FpCore.fma(BINARY64, c, a, b, d, rm);
    }

    static long min(Fcsr c, long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        return x < y ? a : y < x ? b : minMaxSlow(c, a, b, a | b);
    }

    static long max(Fcsr c, long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        return x > y ? a : y > x ? b : minMaxSlow(c, a, b, a & b);
    }

    /// Equal or unordered operands. `equal` is what is due for equal ones: they differ at most in the sign of zero.
    private static long minMaxSlow(Fcsr c, long a, long b, long equal) {
        raiseIfSignaling(c, a, b);
        if (!isNaN(a)) {
            return isNaN(b) ? a : equal;
        }
        return isNaN(b) ? BINARY64.canonicalNaN() : b;
    }

    static boolean eq(Fcsr c, long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (Double.isNaN(x) || Double.isNaN(y)) {
            raiseIfSignaling(c, a, b);
        }
        return x == y;
    }

    static boolean lt(Fcsr c, long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (Double.isNaN(x) || Double.isNaN(y)) {
            c.flags |= Fcsr.NV;
        }
        return x < y;
    }

    static boolean le(Fcsr c, long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (Double.isNaN(x) || Double.isNaN(y)) {
            c.flags |= Fcsr.NV;
        }
        return x <= y;
    }

    private static void raiseIfSignaling(Fcsr c, long a, long b) {
        if (BINARY64.isSignaling(a) || BINARY64.isSignaling(b)) {
            c.flags |= Fcsr.NV;
        }
    }

    private static boolean isNaN(long a) {
        return BINARY64.isNaN(a);
    }

    static long sgnj(long a, long b) {
        return a & Long.MAX_VALUE | b & Long.MIN_VALUE;
    }

    static long sgnjn(long a, long b) {
        return a & Long.MAX_VALUE | ~b & Long.MIN_VALUE;
    }

    static long sgnjx(long a, long b) {
        return a ^ b & Long.MIN_VALUE;
    }

    static long classify(long a) {
        return BINARY64.classify(a);
    }

    static long toI32(Fcsr c, long a, int rm) {
        double value = longBitsToDouble(a);
        if (Fcsr.truncationSettled(c, rm) && Math.abs(value) < 0x1p31) {
            return (int) value;
        }
        return FpInteger.toI32(c, value, rm);
    }

    static long toU32(Fcsr c, long a, int rm) {
        double value = longBitsToDouble(a);
        if (Fcsr.truncationSettled(c, rm) && value >= 0 && value < 0x1p32) {
            return (int) (long) value;
        }
        return FpInteger.toU32(c, value, rm);
    }

    static long toI64(Fcsr c, long a, int rm) {
        double value = longBitsToDouble(a);
        if (Fcsr.truncationSettled(c, rm) && Math.abs(value) < 0x1p63) {
            return (long) value;
        }
        return FpInteger.toI64(c, value, rm);
    }

    static long toU64(Fcsr c, long a, int rm) {
        double value = longBitsToDouble(a);
        if (Fcsr.truncationSettled(c, rm) && value >= 0 && value < 0x1p63) {
            return (long) value;
        }
        return FpInteger.toU64(c, value, rm);
    }

    /// Exact, whatever the mode. Takes the low half of `x`.
    static long fromI32(Fcsr c, long x, int rm) {
        return doubleToRawLongBits((int) x);
    }

    /// Exact, whatever the mode. Takes the low half of `x`.
    static long fromU32(Fcsr c, long x, int rm) {
        return doubleToRawLongBits((double) (x & 0xffff_ffffL));
    }

    static long fromI64(Fcsr c, long x, int rm) {
        if (Fcsr.settled(c, rm) || Math.abs(x) >>> 53 == 0) {
            return doubleToRawLongBits((double) x);
        }
        return FpCore.fromInteger(BINARY64, c, x < 0, Math.abs(x), rm);
    }

    static long fromU64(Fcsr c, long x, int rm) {
        if (x >>> 53 == 0) {
            return doubleToRawLongBits((double) x);
        }
        return FpCore.fromInteger(BINARY64, c, false, x, rm);
    }

    /// To binary32; the result is that format's pattern, not boxed.
    static int toF32(Fcsr c, long a, int rm) {
        double value = longBitsToDouble(a);
        float result = (float) value;
        if (result == value || Fcsr.settled(c, rm) && Fp32.isOrdinary(result)) {
            return Float.floatToRawIntBits(result);
        }
        return (int) FpCore.convert(BINARY64, BINARY32, c, a, rm);
    }
}
