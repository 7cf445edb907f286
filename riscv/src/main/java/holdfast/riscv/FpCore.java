package holdfast.riscv;

/// IEEE-754 arithmetic in integers alone, for every format, operand and rounding mode: what [Fp32] and [Fp64] fall
/// back to when the host's own arithmetic would not give the exact flags. Each operation forms its exact result, or
/// enough digits of it and a sticky bit, and leaves rounding to [FpFormat#pack].
final class FpCore {
    private FpCore() {}

    static long add(FpFormat format, Fcsr c, long a, long b, int rm) {
        if (isSpecial(format, a) || isSpecial(format, b)) {
            return addSpecial(format, c, a, b);
        }
        if (format.isZero(a) || format.isZero(b)) {
            return addZero(format, a, b, rm);
        }
        boolean swap = format.magnitude(a) < format.magnitude(b);
        long large = swap ? b : a;
        long small = swap ? a : b;
        int exponent = format.exponent(large);
        long digits = format.significand(large);
        long addend = FpFormat.shiftRightSticky(format.significand(small), exponent - format.exponent(small));
        boolean negative = format.isNegative(large);
        long sum = negative == format.isNegative(small) ? digits + addend : digits - addend;
        return sum == 0 ? format.zero(rm == Fcsr.RDN) : format.pack(c, negative, exponent + 1, sum, rm);
    }

    static long sub(FpFormat format, Fcsr c, long a, long b, int rm) {
        return add(format, c, a, b ^ format.signBit(), rm);
    }

    private static long addSpecial(FpFormat format, Fcsr c, long a, long b) {
        if (format.isNaN(a) || format.isNaN(b)) {
            return quietNaN(format, c, format.isSignaling(a) || format.isSignaling(b));
        }
        if (format.isInfinite(a) && format.isInfinite(b) && a != b) {
            return quietNaN(format, c, true);
        }
        return format.isInfinite(a) ? a : b;
    }

    /// The sum of two finite numbers, at least one of them zero.
    private static long addZero(FpFormat format, long a, long b, int rm) {
        if (format.isZero(a) && format.isZero(b)) {
            return a == b ? a : format.zero(rm == Fcsr.RDN);
        }
        return format.isZero(a) ? b : a;
    }

    static long mul(FpFormat format, Fcsr c, long a, long b, int rm) {
        if (format.isNaN(a) || format.isNaN(b)) {
            return quietNaN(format, c, format.isSignaling(a) || format.isSignaling(b));
        }
        boolean negative = format.isNegative(a) != format.isNegative(b);
        boolean zero = format.isZero(a) || format.isZero(b);
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return zero ? quietNaN(format, c, true) : format.infinity(negative);
        }
        if (zero) {
            return format.zero(negative);
        }
        long x = format.significand(a);
        long y = format.significand(b);
        // The leading digit of the 128-bit product is its bit 124 or 125.
        long high = Math.multiplyHigh(x, y);
        long low = x * y;
        long digits = high << 2 | low >>> 62 | (low << 2 == 0 ? 0 : 1);
        return format.pack(c, negative, format.exponent(a) + format.exponent(b) + 1, digits, rm);
    }

    static long div(FpFormat format, Fcsr c, long a, long b, int rm) {
        if (format.isNaN(a) || format.isNaN(b)) {
            return quietNaN(format, c, format.isSignaling(a) || format.isSignaling(b));
        }
        if (format.isInfinite(a) && format.isInfinite(b) || format.isZero(a) && format.isZero(b)) {
            return quietNaN(format, c, true);
        }
        boolean negative = format.isNegative(a) != format.isNegative(b);
        if (format.isInfinite(a)) {
            return format.infinity(negative);
        }
        if (format.isZero(b)) {
            c.flags |= Fcsr.DZ;
            return format.infinity(negative);
        }
        if (format.isInfinite(b) || format.isZero(a)) {
            return format.zero(negative);
        }
        long digits = quotient(format.significand(a) >>> 10, format.significand(b) >>> 10);
        return format.pack(c, negative, format.exponent(a) - format.exponent(b) + 2, digits, rm);
    }

    /// x / y × 2^61 with a sticky bit, for numbers of 53 digits: schoolbook division, ten digits at a time.
    private static long quotient(long x, long y) {
        long quotient = x / y;
        long rest = x % y;
        for (int step = 0; step < 6; step++) {
            rest <<= 10;
            quotient = quotient << 10 | rest / y;
            rest %= y;
        }
        return quotient << 1 | (rest == 0 ? 0 : 1);
    }

    static long sqrt(FpFormat format, Fcsr c, long a, int rm) {
        if (format.isNaN(a)) {
            return quietNaN(format, c, format.isSignaling(a));
        }
        if (format.isZero(a)) {
            return a;
        }
        if (format.isNegative(a)) {
            return quietNaN(format, c, true);
        }
        if (format.isInfinite(a)) {
            return a;
        }
        int exponent = format.exponent(a);
        // An even power of two goes outside; what stays under the root is at least 1 and below 4.
        long digits = squareRoot(format.significand(a) << (exponent & 1));
        return format.pack(c, false, (exponent >> 1) + 3, digits, rm);
    }

    /// √(x / 2^62) × 2^60 with a sticky bit, digit by digit as on paper; x is unsigned and at least 2^62.
    private static long squareRoot(long x) {
        long root = 0;
        long rest = 0;
        long digits = x;
        for (int step = 0; step < 60; step++) {
            rest = rest << 2 | digits >>> 62;
            digits <<= 2;
            long trial = root << 2 | 1;
            root <<= 1;
            if (rest >= trial) {
                rest -= trial;
                root |= 1;
            }
        }
        return root << 1 | (rest == 0 ? 0 : 1);
    }

    /// a × b + d with one rounding.
    static long fma(FpFormat format, Fcsr c, long a, long b, long d, int rm) {
        boolean negative = format.isNegative(a) != format.isNegative(b);
        boolean invalidProduct =
                format.isInfinite(a) && format.isZero(b) || format.isZero(a) && format.isInfinite(b);
        // RISC-V, unlike x86, raises invalid for ∞ × 0 + NaN also when that NaN is quiet.
        if (invalidProduct || format.isNaN(a) || format.isNaN(b) || format.isNaN(d)) {
            boolean signaling = format.isSignaling(a) || format.isSignaling(b) || format.isSignaling(d);
            return quietNaN(format, c, invalidProduct || signaling);
        }
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return addSpecial(format, c, format.infinity(negative), d);
        }
        if (format.isInfinite(d)) {
            return d;
        }
        if (format.isZero(a) || format.isZero(b)) {
            return addZero(format, format.zero(negative), d, rm);
        }
        if (format.isZero(d)) {
            return mul(format, c, a, b, rm);
        }
        return fmaFinite(format, c, a, b, d, rm);
    }

    /// All three are finite and not zero. Product and addend are aligned as 128-bit numbers whose bit 126 has the
    /// same weight: the larger's leading digit is at bit 125 or 126, and a digit is lost to the sticky bit only when
    /// the two are so far apart that the sum keeps all digits that matter.
    private static long fmaFinite(FpFormat format, Fcsr c, long a, long b, long d, int rm) {
        long x = format.significand(a);
        long y = format.significand(b);
        long productHigh = Math.multiplyHigh(x, y) << 1 | x * y >>> 63;
        long productLow = x * y << 1;
        long addendHigh = format.significand(d);
        long addendLow = 0;
        int productExponent = format.exponent(a) + format.exponent(b) + 1;
        int addendExponent = format.exponent(d);
        int shift = productExponent - addendExponent;
        if (shift >= 0) {
            addendLow = lowShiftedRightSticky(addendHigh, addendLow, shift);
            addendHigh = shift > 63 ? 0 : addendHigh >>> shift;
        } else {
            productLow = lowShiftedRightSticky(productHigh, productLow, -shift);
            productHigh = -shift > 63 ? 0 : productHigh >>> -shift;
        }
        int exponent = Math.max(productExponent, addendExponent);
        boolean productNegative = format.isNegative(a) != format.isNegative(b);
        boolean addendNegative = format.isNegative(d);
        if (productNegative == addendNegative) {
            long low = productLow + addendLow;
            long high = productHigh + addendHigh + (Long.compareUnsigned(low, productLow) < 0 ? 1 : 0);
            return pack128(format, c, productNegative, exponent, high, low, rm);
        }
        long low = productLow - addendLow;
        long high = productHigh - addendHigh - (Long.compareUnsigned(productLow, addendLow) < 0 ? 1 : 0);
        if (high < 0) {
            return pack128(format, c, addendNegative, exponent, low == 0 ? -high : ~high, -low, rm);
        }
        return pack128(format, c, productNegative, exponent, high, low, rm);
    }

    /// The low half of a 128-bit number shifted right, with all that is lost gathered in bit 0.
    private static long lowShiftedRightSticky(long high, long low, int count) {
        if (count == 0) {
            return low;
        }
        if (count > 63) {
            return FpFormat.shiftRightSticky(high, count - 64) | (low == 0 ? 0 : 1);
        }
        return high << -count | FpFormat.shiftRightSticky(low, count);
    }

    /// Rounds a 128-bit number whose bit 126 weighs 2^exponent; zero takes the sign of an exact difference.
    private static long pack128(FpFormat format, Fcsr c, boolean negative, int exponent, long high, long low, int rm) {
        if (high == 0) {
            return low == 0 ? format.zero(rm == Fcsr.RDN) : format.pack(c, negative, exponent - 63, low, rm);
        }
        int shift = Long.numberOfLeadingZeros(high);
        long digits = shift == 0 ? high : high << shift | low >>> -shift;
        return format.pack(c, negative, exponent + 1 - shift, digits | (low << shift == 0 ? 0 : 1), rm);
    }

    /// The integer `magnitude`, taken as unsigned, or its negative.
    static long fromInteger(FpFormat format, Fcsr c, boolean negative, long magnitude, int rm) {
        return magnitude == 0 ? 0 : format.pack(c, negative, 63, magnitude, rm);
    }

    static long convert(FpFormat from, FpFormat to, Fcsr c, long a, int rm) {
        if (from.isNaN(a)) {
            return quietNaN(to, c, from.isSignaling(a));
        }
        boolean negative = from.isNegative(a);
        if (from.isInfinite(a)) {
            return to.infinity(negative);
        }
        return from.isZero(a) ? to.zero(negative) : to.pack(c, negative, from.exponent(a) + 1, from.significand(a), rm);
    }

    private static boolean isSpecial(FpFormat format, long a) {
        return format.magnitude(a) >= format.infinity();
    }

    private static long quietNaN(FpFormat format, Fcsr c, boolean invalid) {
        if (invalid) {
            c.flags |= Fcsr.NV;
        }
        return format.canonicalNaN();
    }
}
