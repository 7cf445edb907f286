package holdfast.riscv;

/// From a floating-point value to an integer register, by the tables of the "F" extension: what does not fit, and
/// NaN, raises invalid alone and gives the nearest bound (NaN counts as too large). Results are whole 64-bit register
/// values, so 32-bit ones are sign-extended, unsigned ones too.
///
/// Rounding a `double` to an integral `double` is exact in every mode, which makes these right for both formats.
final class FpInteger {
    private FpInteger() {}

    static long toI32(Fcsr c, double value, int rm) {
        double integral = integral(value, rm);
        if (integral >= -0x1p31 && integral < 0x1p31) {
            return settle(c, value, integral, (int) integral);
        }
        c.flags |= Fcsr.NV;
        return value < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static long toU32(Fcsr c, double value, int rm) {
        double integral = integral(value, rm);
        if (integral >= 0 && integral < 0x1p32) {
            return settle(c, value, integral, (int) (long) integral);
        }
        c.flags |= Fcsr.NV;
        return value < 0 ? 0 : -1;
    }

    static long toI64(Fcsr c, double value, int rm) {
        double integral = integral(value, rm);
        if (integral >= -0x1p63 && integral < 0x1p63) {
            return settle(c, value, integral, (long) integral);
        }
        c.flags |= Fcsr.NV;
        return value < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }

    static long toU64(Fcsr c, double value, int rm) {
        double integral = integral(value, rm);
        if (integral >= 0 && integral < 0x1p63) {
            return settle(c, value, integral, (long) integral);
        }
        if (integral >= 0 && integral < 0x1p64) {
            return settle(c, value, integral, (long) (integral - 0x1p63) ^ Long.MIN_VALUE);
        }
        c.flags |= Fcsr.NV;
        return value < 0 ? 0 : -1;
    }

    private static long settle(Fcsr c, double value, double integral, long result) {
        if (integral != value) {
            c.flags |= Fcsr.NX;
        }
        return result;
    }

    private static double integral(double value, int rm) {
        return switch (rm) {
            case Fcsr.RTZ -> truncated(value);
            case Fcsr.RDN -> Math.floor(value);
            case Fcsr.RUP -> Math.ceil(value);
            case Fcsr.RMM -> {
                double towardZero = truncated(value);
                yield Math.abs(value - towardZero) >= 0.5 ? towardZero + Math.copySign(1, value) : towardZero;
            }
            default -> Math.rint(value);
        };
    }

    private static double truncated(double value) {
        return value < 0 ? Math.ceil(value) : Math.floor(value);
    }
}
