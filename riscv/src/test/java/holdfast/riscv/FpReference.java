package holdfast.riscv;

import java.math.BigInteger;

/// IEEE-754 arithmetic as one would explain it: exact fractions of big integers, rounded at the end. Slow, and shares
/// nothing with the code under test. One instance is one binary format.
record FpReference(int exponentBits, int fractionBits) {

    static final FpReference BINARY32 = new FpReference(8, 23);
    static final FpReference BINARY64 = new FpReference(11, 52);

    private static final int NX = 1;
    private static final int UF = 2;
    private static final int OF = 4;
    private static final int DZ = 8;
    private static final int NV = 16;

    /// What an operation gives: a pattern or integer, and the flags it raises.
    record Outcome(long bits, int flags) {
        @Override
        public String toString() {
            return Long.toHexString(bits) + " flags " + flags;
        }
    }

    private record Fraction(BigInteger numerator, BigInteger denominator) {
        static Fraction scaled(BigInteger integer, int power) {
            return power >= 0
                    ? new Fraction(integer.shiftLeft(power), BigInteger.ONE)
                    : new Fraction(integer, BigInteger.ONE.shiftLeft(-power));
        }

        Fraction plus(Fraction other) {
            return new Fraction(
                    numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                    denominator.multiply(other.denominator));
        }

        Fraction times(Fraction other) {
            return new Fraction(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
        }

        Fraction over(Fraction other) {
            return new Fraction(numerator.multiply(other.denominator), denominator.multiply(other.numerator));
        }

        boolean isNegative() {
            return numerator.signum() * denominator.signum() < 0;
        }

        Fraction magnitude() {
            return new Fraction(numerator.abs(), denominator.abs());
        }

        /// How often 2^power goes into it, rounded by the mode; and whether that was exact.
        Count count(int power, boolean negative, int rm) {
            Fraction scaled = times(scaled(BigInteger.ONE, -power));
            BigInteger[] parts = scaled.numerator.divideAndRemainder(scaled.denominator);
            int half = parts[1].shiftLeft(1).compareTo(scaled.denominator);
            boolean inexact = parts[1].signum() != 0;
            boolean up = switch (rm) {
                case 0 -> half > 0 || half == 0 && parts[0].testBit(0);
                case 1 -> false;
                case 2 -> negative && inexact;
                case 3 -> !negative && inexact;
                case 4 -> half >= 0;
                default -> throw new IllegalArgumentException("rounding mode " + rm);
            };
            return new Count(up ? parts[0].add(BigInteger.ONE) : parts[0], inexact);
        }

        /// The power of two of the leading digit of a positive number.
        int exponent() {
            int guess = numerator.bitLength() - denominator.bitLength();
            return scaled(BigInteger.ONE, guess).isAbove(this) ? guess - 1 : guess;
        }

        boolean isAbove(Fraction other) {
            return numerator.multiply(other.denominator).compareTo(other.numerator.multiply(denominator)) > 0;
        }
    }

    private record Count(BigInteger value, boolean inexact) {}

    private int bias() {
        return (1 << exponentBits - 1) - 1;
    }

    private int exponentMin() {
        return 1 - bias();
    }

    private long fraction(long a) {
        return a & (1L << fractionBits) - 1;
    }

    private int field(long a) {
        return (int) (a >>> fractionBits) & (1 << exponentBits) - 1;
    }

    private boolean negative(long a) {
        return (a >>> exponentBits + fractionBits & 1) != 0;
    }

    private boolean isNaN(long a) {
        return field(a) == (1 << exponentBits) - 1 && fraction(a) != 0;
    }

    private boolean isSignaling(long a) {
        return isNaN(a) && fraction(a) >>> fractionBits - 1 == 0;
    }

    private boolean isInfinite(long a) {
        return field(a) == (1 << exponentBits) - 1 && fraction(a) == 0;
    }

    private boolean isZero(long a) {
        return field(a) == 0 && fraction(a) == 0;
    }

    private long nan() {
        return (1L << exponentBits + 1) - 1 << fractionBits - 1;
    }

    private long signed(boolean negative, long magnitude) {
        return negative ? magnitude | 1L << exponentBits + fractionBits : magnitude;
    }

    private long infinity(boolean negative) {
        return signed(negative, (1L << exponentBits) - 1 << fractionBits);
    }

    private long largest(boolean negative) {
        return infinity(negative) - 1;
    }

    long negate(long a) {
        return a ^ 1L << exponentBits + fractionBits;
    }

    private Fraction value(long a) {
        long digits = field(a) == 0 ? fraction(a) : fraction(a) | 1L << fractionBits;
        Fraction magnitude = Fraction.scaled(BigInteger.valueOf(digits), Math.max(field(a), 1) - bias() - fractionBits);
        return negative(a) ? magnitude.times(Fraction.scaled(BigInteger.ONE.negate(), 0)) : magnitude;
    }

    private Outcome exact(long bits) {
        return new Outcome(bits, 0);
    }

    private Outcome invalid() {
        return new Outcome(nan(), NV);
    }

    private Outcome nanOf(long... operands) {
        for (long operand : operands) {
            if (isSignaling(operand)) {
                return invalid();
            }
        }
        return exact(nan());
    }

    /// The format's number for an exact, non-zero value.
    private Outcome round(Fraction exact, int rm) {
        boolean negative = exact.isNegative();
        Fraction magnitude = exact.magnitude();
        int exponent = magnitude.exponent();
        int quantum = Math.max(exponent, exponentMin()) - fractionBits;
        Count rounded = magnitude.count(quantum, negative, rm);
        Fraction unbounded = Fraction.scaled(magnitude.count(exponent - fractionBits, negative, rm).value, exponent - fractionBits);
        boolean tiny = Fraction.scaled(BigInteger.ONE, exponentMin()).isAbove(unbounded);
        Fraction result = Fraction.scaled(rounded.value, quantum);
        if (!Fraction.scaled(BigInteger.ONE, bias() + 1).isAbove(result)) {
            boolean toInfinity = rm == 0 || rm == 4 || rm == (negative ? 2 : 3);
            return new Outcome(toInfinity ? infinity(negative) : largest(negative), OF | NX);
        }
        int flags = !rounded.inexact ? 0 : tiny ? UF | NX : NX;
        return new Outcome(signed(negative, encode(rounded.value, quantum)), flags);
    }

    private long encode(BigInteger digits, int quantum) {
        BigInteger normalised = digits;
        int power = quantum;
        while (normalised.bitLength() > fractionBits + 1) {
            normalised = normalised.shiftRight(1);
            power++;
        }
        long pattern = normalised.longValueExact();
        boolean subnormal = pattern >>> fractionBits == 0;
        return subnormal ? pattern : ((long) (power + fractionBits + bias()) << fractionBits) | fraction(pattern);
    }

    private Outcome roundOrZero(Fraction exact, boolean zeroSignsAgree, boolean zeroNegative, int rm) {
        if (exact.numerator.signum() == 0) {
            return exact(signed(zeroSignsAgree ? zeroNegative : rm == 2, 0));
        }
        return round(exact, rm);
    }

    Outcome add(long a, long b, int rm) {
        if (isNaN(a) || isNaN(b)) {
            return nanOf(a, b);
        }
        if (isInfinite(a) || isInfinite(b)) {
            boolean opposed = isInfinite(a) && isInfinite(b) && negative(a) != negative(b);
            return opposed ? invalid() : exact(isInfinite(a) ? a : b);
        }
        return roundOrZero(value(a).plus(value(b)), negative(a) == negative(b), negative(a), rm);
    }

    Outcome mul(long a, long b, int rm) {
        if (isNaN(a) || isNaN(b)) {
            return nanOf(a, b);
        }
        boolean negative = negative(a) != negative(b);
        if (isInfinite(a) || isInfinite(b)) {
            return isZero(a) || isZero(b) ? invalid() : exact(infinity(negative));
        }
        return roundOrZero(value(a).times(value(b)), true, negative, rm);
    }

    Outcome div(long a, long b, int rm) {
        if (isNaN(a) || isNaN(b)) {
            return nanOf(a, b);
        }
        boolean negative = negative(a) != negative(b);
        if (isInfinite(a)) {
            return isInfinite(b) ? invalid() : exact(infinity(negative));
        }
        if (isInfinite(b)) {
            return exact(signed(negative, 0));
        }
        if (isZero(b)) {
            return isZero(a) ? invalid() : new Outcome(infinity(negative), DZ);
        }
        return roundOrZero(value(a).over(value(b)), true, negative, rm);
    }

    Outcome sqrt(long a, int rm) {
        if (isNaN(a)) {
            return nanOf(a);
        }
        if (isZero(a)) {
            return exact(a);
        }
        if (negative(a)) {
            return invalid();
        }
        if (isInfinite(a)) {
            return exact(a);
        }
        // 700 more digits than any number has, and a last one that says whether the root goes on.
        Fraction scaled = value(a).times(Fraction.scaled(BigInteger.ONE, 2 * 1400));
        BigInteger[] root = scaled.numerator.divide(scaled.denominator).sqrtAndRemainder();
        BigInteger digits = root[0].shiftLeft(1).add(root[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE);
        return round(Fraction.scaled(digits, -1401), rm);
    }

    Outcome fma(long a, long b, long d, int rm) {
        boolean invalidProduct = isInfinite(a) && isZero(b) || isZero(a) && isInfinite(b);
        if (invalidProduct) {
            return invalid();
        }
        if (isNaN(a) || isNaN(b) || isNaN(d)) {
            return nanOf(a, b, d);
        }
        boolean negative = negative(a) != negative(b);
        if (isInfinite(a) || isInfinite(b)) {
            return isInfinite(d) && negative(d) != negative ? invalid() : exact(infinity(negative));
        }
        if (isInfinite(d)) {
            return exact(d);
        }
        return roundOrZero(value(a).times(value(b)).plus(value(d)), negative == negative(d), negative, rm);
    }

    private int compare(long a, long b) {
        if (isZero(a) && isZero(b)) {
            return 0;
        }
        return Long.compare(order(a), order(b));
    }

    private long order(long a) {
        long magnitude = a & (1L << exponentBits + fractionBits) - 1;
        return negative(a) ? -1 - magnitude : magnitude;
    }

    Outcome min(long a, long b) {
        return extreme(a, b, -1);
    }

    Outcome max(long a, long b) {
        return extreme(a, b, 1);
    }

    private Outcome extreme(long a, long b, int wanted) {
        int flags = isSignaling(a) || isSignaling(b) ? NV : 0;
        if (isNaN(a) || isNaN(b)) {
            return new Outcome(!isNaN(a) ? a : !isNaN(b) ? b : nan(), flags);
        }
        return exact(Long.compare(order(a), order(b)) == wanted ? a : b);
    }

    Outcome eq(long a, long b) {
        if (isNaN(a) || isNaN(b)) {
            return new Outcome(0, nanOf(a, b).flags);
        }
        return exact(compare(a, b) == 0 ? 1 : 0);
    }

    Outcome lt(long a, long b) {
        return isNaN(a) || isNaN(b) ? new Outcome(0, NV) : exact(compare(a, b) < 0 ? 1 : 0);
    }

    Outcome le(long a, long b) {
        return isNaN(a) || isNaN(b) ? new Outcome(0, NV) : exact(compare(a, b) <= 0 ? 1 : 0);
    }

    Outcome classify(long a) {
        int position;
        if (isNaN(a)) {
            position = isSignaling(a) ? 8 : 9;
        } else if (isInfinite(a)) {
            position = negative(a) ? 0 : 7;
        } else if (isZero(a)) {
            position = negative(a) ? 3 : 4;
        } else if (field(a) == 0) {
            position = negative(a) ? 2 : 5;
        } else {
            position = negative(a) ? 1 : 6;
        }
        return exact(1L << position);
    }

    /// To an integer of `bits` bits, as a 64-bit register value.
    Outcome toInteger(long a, int rm, int bits, boolean signed) {
        BigInteger low = signed ? BigInteger.ONE.shiftLeft(bits - 1).negate() : BigInteger.ZERO;
        BigInteger high = BigInteger.ONE.shiftLeft(signed ? bits - 1 : bits).subtract(BigInteger.ONE);
        if (isNaN(a) || isInfinite(a)) {
            return new Outcome(register(!isNaN(a) && negative(a) ? low : high, bits), NV);
        }
        Count count = value(a).magnitude().count(0, negative(a), rm);
        BigInteger integer = negative(a) ? count.value.negate() : count.value;
        if (integer.compareTo(low) < 0 || integer.compareTo(high) > 0) {
            return new Outcome(register(negative(a) ? low : high, bits), NV);
        }
        return new Outcome(register(integer, bits), count.inexact ? NX : 0);
    }

    private static long register(BigInteger value, int bits) {
        return bits == 32 ? value.intValue() : value.longValue();
    }

    Outcome fromInteger(long x, int rm, int bits, boolean signed) {
        long extended = bits == 64 ? x : signed ? (int) x : x & 0xffff_ffffL;
        BigInteger value = BigInteger.valueOf(extended);
        if (!signed && extended < 0) {
            value = value.add(BigInteger.ONE.shiftLeft(64));
        }
        return roundOrZero(Fraction.scaled(value, 0), true, false, rm);
    }

    Outcome convertTo(FpReference to, long a, int rm) {
        if (isNaN(a)) {
            return new Outcome(to.nan(), nanOf(a).flags);
        }
        if (isInfinite(a)) {
            return exact(to.infinity(negative(a)));
        }
        return to.roundOrZero(value(a), true, negative(a), rm);
    }
}
