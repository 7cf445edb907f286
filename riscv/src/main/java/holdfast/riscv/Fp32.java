package holdfast.riscv;

import static holdfast.riscv.FpFormat.BINARY32;
import static holdfast.riscv.FpFormat.BINARY64;
import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;

/// The "F" extension: IEEE-754 binary32 arithmetic on raw bit patterns, as [Fp64] does for binary64; operands are
/// already unboxed. Error terms are simpler here, since products of two `float`s are exact as `double`s.
final class Fp32 {
    private static final int SIGN = Integer.MIN_VALUE;
    private static final long BOX = 0xffff_ffff_0000_0000L;
    private static final int CANONICAL_NAN = 0x7fc0_0000;

    private Fp32() {}

    /// A register's value for a narrow result: all ones above it.
    static long box(int pattern) {
        return BOX | pattern & 0xffff_ffffL;
    }

    /// A register's value as a narrow operand: what is not properly boxed counts as the canonical NaN.
    static int unbox(long register) {
        return register >>> 32 == 0xffff_ffffL ? (int) register : CANONICAL_NAN;
    }

    /// Finite, and large enough not to be tiny before rounding.
    static boolean isOrdinary(float result) {
        float magnitude = Math.abs(result);
        return magnitude > Float.MIN_NORMAL && magnitude < Float.POSITIVE_INFINITY;
    }

    private static int inexact(Fcsr c, float result) {
        c.flags |= Fcsr.NX;
        return floatToRawIntBits(result);
    }

    static int add(Fcsr c, int a, int b, int rm) {
        float sum = intBitsToFloat(a) + intBitsToFloat(b);
        // Sums that come out tiny are exact.
        if (Fcsr.settled(c, rm) && Math.abs(sum) < Float.POSITIVE_INFINITY) {
            return floatToRawIntBits(sum);
        }
        return addSlow(c, a, b, rm);
    }

    static int sub(Fcsr c, int a, int b, int rm) {
        return add(c, a, b ^ SIGN, rm);
    }

    private static int addSlow(Fcsr c, int a, int b, int rm) {
        double x = intBitsToFloat(a);
        double y = intBitsToFloat(b);
        float sum = intBitsToFloat(a) + intBitsToFloat(b);
        if (rm == Fcsr.RNE && Math.abs(sum) < Float.POSITIVE_INFINITY) {
            return isSum(x, y, sum) ? floatToRawIntBits(sum) : inexact(c, sum);
        }
        return (int) FpCore.add(BINARY32, c, wide(a), wide(b), rm);
    }

    /// Whether x + y = sum exactly. They are `float`s or a product of two, so nothing here overflows or underflows.
    private static boolean isSum(double x, double y, float sum) {
        double rounded = x + y;
        double yPart = rounded - x;
        return rounded == sum && (x - (rounded - yPart)) + (y - yPart) == 0;
    }

    static int mul(Fcsr c, int a, int b, int rm) {
        float product = intBitsToFloat(a) * intBitsToFloat(b);
        if (Fcsr.settled(c, rm) && isOrdinary(product)) {
            return floatToRawIntBits(product);
        }
        return mulSlow(c, a, b, rm);
    }

    private static int mulSlow(Fcsr c, int a, int b, int rm) {
        float product = intBitsToFloat(a) * intBitsToFloat(b);
        if ((double) intBitsToFloat(a) * (double) intBitsToFloat(b) == product) {
            return floatToRawIntBits(product);
        }
        if (rm == Fcsr.RNE && isOrdinary(product)) {
            return inexact(c, product);
        }
        return (int) FpCore.mul(BINARY32, c, wide(a), wide(b), rm);
    }

    static int div(Fcsr c, int a, int b, int rm) {
        float quotient = intBitsToFloat(a) / intBitsToFloat(b);
        if (Fcsr.settled(c, rm) && isOrdinary(quotient)) {
            return floatToRawIntBits(quotient);
        }
        return divSlow(c, a, b, rm);
    }

    private static int divSlow(Fcsr c, int a, int b, int rm) {
        float quotient = intBitsToFloat(a) / intBitsToFloat(b);
        if ((double) quotient * (double) intBitsToFloat(b) == intBitsToFloat(a)) {
            return floatToRawIntBits(quotient);
        }
        if (rm == Fcsr.RNE && isOrdinary(quotient)) {
            return inexact(c, quotient);
        }
        return (int) FpCore.div(BINARY32, c, wide(a), wide(b), rm);
    }

    static int sqrt(Fcsr c, int a, int rm) {
        // The root of a float, rounded to double and then to float, is the root rounded once: 53 >= 2 x 24 + 2 digits.
        float root = (float) Math.sqrt(intBitsToFloat(a));
        // A root is never tiny, nor infinite unless its operand was.
        if (Fcsr.settled(c, rm) && root > 0 && root < Float.POSITIVE_INFINITY) {
            return floatToRawIntBits(root);
        }
        return sqrtSlow(c, a, root, rm);
    }

    private static int sqrtSlow(Fcsr c, int a, float root, int rm) {
        if ((double) root * (double) root == intBitsToFloat(a)) {
            return floatToRawIntBits(root);
        }
        if (rm == Fcsr.RNE && root > 0 && root < Float.POSITIVE_INFINITY) {
            return inexact(c, root);
        }
        return (int) FpCore.sqrt(BINARY32, c, wide(a), rm);
    }

    /// a × b + d, rounded once. The subtracting and negating instructions flip signs of `a` and `d` first.
    static int fma(Fcsr c, int a, int b, int d, int rm) {
        float result = Math.fma(intBitsToFloat(a), intBitsToFloat(b), intBitsToFloat(d));
        if (Fcsr.settled(c, rm) && isOrdinary(result)) {
            return floatToRawIntBits(result);
        }
        return fmaSlow(c, a, b, d, rm);
    }

    private static int fmaSlow(Fcsr c, int a, int b, int d, int rm) {
        float result = Math.fma(intBitsToFloat(a), intBitsToFloat(b), intBitsToFloat(d));
        if (rm == Fcsr.RNE && Math.abs(result) < Float.POSITIVE_INFINITY) {
            double product = (double) intBitsToFloat(a) * (double) intBitsToFloat(b);
            if (isSum(product, intBitsToFloat(d), result)) {
                return floatToRawIntBits(result);
            }
            if (isOrdinary(result)) {
                return inexact(c, result);
            }
        }
        return (int) FpCore.fma(BINARY32, c, wide(a), wide(b), wide(d), rm);
    }

    static int min(Fcsr c, int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        return x < y ? a : y < x ? b : minMaxSlow(c, a, b, a | b);
    }

    static int max(Fcsr c, int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        return x > y ? a : y > x ? b : minMaxSlow(c, a, b, a & b);
    }

    /// Equal or unordered operands. `equal` is what is due for equal ones: they differ at most in the sign of zero.
    private static int minMaxSlow(Fcsr c, int a, int b, int equal) {
        raiseIfSignaling(c, a, b);
        if (!isNaN(a)) {
            return isNaN(b) ? a : equal;
        }
        return isNaN(b) ? CANONICAL_NAN : b;
    }

    static boolean eq(Fcsr c, int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (Float.isNaN(x) || Float.isNaN(y)) {
            raiseIfSignaling(c, a, b);
        }
        return x == y;
    }

    static boolean lt(Fcsr c, int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (Float.isNaN(x) || Float.isNaN(y)) {
            c.flags |= Fcsr.NV;
        }
        return x < y;
    }

    static boolean le(Fcsr c, int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (Float.isNaN(x) || Float.isNaN(y)) {
            c.flags |= Fcsr.NV;
        }
        return x <= y;
    }

    private static void raiseIfSignaling(Fcsr c, int a, int b) {
        if (BINARY32.isSignaling(wide(a)) || BINARY32.isSignaling(wide(b))) {
            c.flags |= Fcsr.NV;
        }
    }

    private static boolean isNaN(int a) {
        return BINARY32.isNaN(wide(a));
    }

    static int sgnj(int a, int b) {
        return a & ~SIGN | b & SIGN;
    }

    static int sgnjn(int a, int b) {
        return a & ~SIGN | ~b & SIGN;
    }

    static int sgnjx(int a, int b) {
        return a ^ b & SIGN;
    }

    static long classify(int a) {
        return BINARY32.classify(wide(a));
    }

    static long toI32(Fcsr c, int a, int rm) {
        float value = intBitsToFloat(a);
        if (Fcsr.truncationSettled(c, rm) && Math.abs(value) < 0x1p31f) {
            return (int) value;
        }
        return FpInteger.toI32(c, value, rm);
    }

    static long toU32(Fcsr c, int a, int rm) {
        float value = intBitsToFloat(a);
        if (Fcsr.truncationSettled(c, rm) && value >= 0 && value < 0x1p32f) {
            return (int) (long) value;
        }
        return FpInteger.toU32(c, value, rm);
    }

    static long toI64(Fcsr c, int a, int rm) {
        float value = intBitsToFloat(a);
        if (Fcsr.truncationSettled(c, rm) && Math.abs(value) < 0x1p63f) {
            return (long) value;
        }
        return FpInteger.toI64(c, value, rm);
    }

    static long toU64(Fcsr c, int a, int rm) {
        float value = intBitsToFloat(a);
        if (Fcsr.truncationSettled(c, rm) && value >= 0 && value < 0x1p63f) {
            return (long) value;
        }
        return FpInteger.toU64(c, value, rm);
    }

    /// Takes the low half of `x`.
    static int fromI32(Fcsr c, long x, int rm) {
        return fromI64(c, (int) x, rm);
    }

    /// Takes the low half of `x`.
    static int fromU32(Fcsr c, long x, int rm) {
        return fromI64(c, x & 0xffff_ffffL, rm);
    }

    static int fromI64(Fcsr c, long x, int rm) {
        if (Fcsr.settled(c, rm) || Math.abs(x) >>> 24 == 0) {
            return floatToRawIntBits((float) x);
        }
        return (int) FpCore.fromInteger(BINARY32, c, x < 0, Math.abs(x), rm);
    }

    static int fromU64(Fcsr c, long x, int rm) {
        if (x >>> 24 == 0) {
            return floatToRawIntBits((float) x);
        }
        return (int) FpCore.fromInteger(BINARY32, c, false, x, rm);
    }

    /// To binary64: exact, whatever the mode, except that NaN becomes the canonical one.
    static long toF64(Fcsr c, int a) {
        float value = intBitsToFloat(a);
        if (Float.isNaN(value)) {
            return FpCore.convert(BINARY32, BINARY64, c, wide(a), Fcsr.RNE);
        }
        return Double.doubleToRawLongBits(value);
    }

    private static long wide(int pattern) {
        return pattern & 0xffff_ffffL;
    }
}
