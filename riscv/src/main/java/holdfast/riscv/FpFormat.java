package holdfast.riscv;

/// A binary interchange format of IEEE 754 (section 3.4): how its bit patterns divide, and how an exact value is
/// rounded into it. Patterns of narrower formats sit in the low bits of a `long`, zero-extended.
///
/// A finite non-zero number is taken apart into its sign, [#exponent] and [#significand]; subnormals come out
/// normalised, so that arithmetic need not know them. [#pack] is the only place that rounds.
record FpFormat(int exponentBits, int fractionBits) {
    static final FpFormat BINARY32 = new FpFormat(8, 23);
    static final FpFormat BINARY64 = new FpFormat(11, 52);

    /// The bit of a [#significand] that weighs 2^exponent.
    static final int SIGNIFICAND_BIT = 62;

    long signBit() {
        return 1L << exponentBits + fractionBits;
    }

    long infinity() {
        return (1L << exponentBits) - 1 << fractionBits;
    }

    /// The one NaN that arithmetic produces: positive, quiet, nothing else set.
    long canonicalNaN() {
        return infinity() | 1L << fractionBits - 1;
    }

    long magnitude(long pattern) {
        return pattern & signBit() - 1;
    }

    boolean isNegative(long pattern) {
        return (pattern & signBit()) != 0;
    }

    boolean isNaN(long pattern) {
        return magnitude(pattern) > infinity();
    }

    boolean isSignaling(long pattern) {
        return isNaN(pattern) && (pattern & 1L << fractionBits - 1) == 0;
    }

    boolean isInfinite(long pattern) {
        return magnitude(pattern) == infinity();
    }

    boolean isZero(long pattern) {
        return magnitude(pattern) == 0;
    }

    long zero(boolean negative) {
        return negative ? signBit() : 0;
    }

    long infinity(boolean negative) {
        return negative ? signBit() | infinity() : infinity();
    }

    /// The power of two of the leading digit of a finite, non-zero number.
    int exponent(long pattern) {
        int field = (int) (magnitude(pattern) >>> fractionBits);
        return field != 0 ? field - bias() : 1 - bias() - subnormalShift(pattern);
    }

    /// The digits of a finite, non-zero number with the leading one at bit [#SIGNIFICAND_BIT]; the bits below the
    /// format's own are zero.
    long significand(long pattern) {
        long fraction = pattern & (1L << fractionBits) - 1;
        boolean normal = magnitude(pattern) >>> fractionBits != 0;
        long digits = normal ? fraction | 1L << fractionBits : fraction << subnormalShift(pattern);
        return digits << SIGNIFICAND_BIT - fractionBits;
    }

    private int subnormalShift(long pattern) {
        return Long.numberOfLeadingZeros(magnitude(pattern)) - (63 - fractionBits);
    }

    /// The ten classes of FCLASS as one bit out of ten: −∞, negative normal, negative subnormal, −0, +0, positive
    /// subnormal, positive normal, +∞, signaling NaN, quiet NaN.
    long classify(long pattern) {
        if (isNaN(pattern)) {
            return isSignaling(pattern) ? 1L << 8 : 1L << 9;
        }
        int fromZero = isInfinite(pattern) ? 3 : magnitude(pattern) >>> fractionBits != 0 ? 2 : isZero(pattern) ? 0 : 1;
        return isNegative(pattern) ? 1L << 3 - fromZero : 1L << 4 + fromZero;
    }

    private int bias() {
        return (1 << exponentBits - 1) - 1;
    }

    /// Rounds the exact value `significand` × 2^(`exponent` − 63) into this format and accrues inexact, underflow
    /// and overflow; tininess is detected after rounding, as RISC-V has it.
    ///
    /// `significand` is unsigned and not zero. Its bit 0 may stand for any non-zero amount below it (a sticky bit),
    /// provided at least two more bits than the format's precision lie above it.
    long pack(Fcsr c, boolean negative, int exponent, long significand, int rm) {
        int leadingZeros = Long.numberOfLeadingZeros(significand);
        long digits = significand << leadingZeros;
        // One less than the exponent field: the leading digit, added below, makes up for it.
        int field = exponent - leadingZeros + bias() - 1;
        boolean tiny = field < -1 || field == -1 && !carries(negative, digits, rm);
        if (field < 0) {
            digits = shiftRightSticky(digits, -field);
            field = 0;
        }
        if (field >= (1 << exponentBits) - 2) {
            return overflow(c, negative, rm);
        }
        long magnitude = ((long) field << fractionBits) + rounded(negative, digits, rm);
        if (magnitude >= infinity()) {
            return overflow(c, negative, rm);
        }
        if (dropped(digits) != 0) {
            c.flags |= tiny ? Fcsr.UF | Fcsr.NX : Fcsr.NX;
        }
        return zero(negative) | magnitude;
    }

    private long overflow(Fcsr c, boolean negative, int rm) {
        c.flags |= Fcsr.OF | Fcsr.NX;
        boolean toInfinity = switch (rm) {
            case Fcsr.RTZ -> false;
            case Fcsr.RDN -> negative;
            case Fcsr.RUP -> !negative;
            default -> true;
        };
        return toInfinity ? infinity(negative) : infinity(negative) - 1;
    }

    /// Whether digits with their leading one at bit 63 round up to the next power of two.
    private boolean carries(boolean negative, long digits, int rm) {
        return rounded(negative, digits, rm) == 1L << fractionBits + 1;
    }

    private long rounded(boolean negative, long digits, int rm) {
        int dropBits = 63 - fractionBits;
        long kept = digits >>> dropBits;
        long rest = dropped(digits);
        long half = 1L << dropBits - 1;
        boolean up = switch (rm) {
            case Fcsr.RTZ -> false;
            case Fcsr.RDN -> negative && rest != 0;
            case Fcsr.RUP -> !negative && rest != 0;
            case Fcsr.RMM -> rest >= half;
            default -> rest > half || rest == half && (kept & 1) != 0;
        };
        return up ? kept + 1 : kept;
    }

    private long dropped(long digits) {
        return digits & (1L << 63 - fractionBits) - 1;
    }

    /// Shifts right, keeping in bit 0 whether anything was lost. `count` is at least 0.
    static long shiftRightSticky(long digits, int count) {
        if (count == 0) {
            return digits;
        }
        if (count > 63) {
            return digits == 0 ? 0 : 1;
        }
        return digits >>> count | (digits << -count == 0 ? 0 : 1);
    }
}
