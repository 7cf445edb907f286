package holdfast.riscv;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Operands that are hard on floating-point arithmetic, by kind: `f` binary64, `g` binary32, `x` integer register.
final class FpOperands {

    private FpOperands() {}

    /// Specials, both sides of every limit, and a few ordinary numbers; each with both signs.
    static List<Long> corners(char kind) {
        return switch (kind) {
            case 'f' -> floats(11, 52);
            case 'g' -> floats(8, 23);
            case 'x' -> integers();
            default -> throw new IllegalArgumentException("kind " + kind);
        };
    }

    private static List<Long> floats(int exponentBits, int fractionBits) {
        long one = (1L << exponentBits - 1) - 1 << fractionBits;
        long ulp = 1L << fractionBits;
        long infinity = (1L << exponentBits) - 1 << fractionBits;
        long quiet = 1L << fractionBits - 1;
        long[] magnitudes = {
            0, 1, 2, quiet, ulp - 1, ulp, ulp + 1, 2 * ulp - 1, 2 * ulp, // subnormals and the smallest normal numbers
            one - fractionBits * ulp, one - (fractionBits + 1) * ulp, one - (fractionBits + 2) * ulp + 1,
            one / 2, one / 2 / ulp * ulp, one - ulp, one - 1, one, one + 1, one + 2, one + quiet, one + quiet + 1,
            one + ulp, one + ulp + quiet, one + 2 * ulp - 1,
            one + 31 * ulp - 1, one + 31 * ulp, one + 31 * ulp + 1, one + 32 * ulp - 1, one + 32 * ulp,
            one + 63 * ulp - 1, one + 63 * ulp, one + 64 * ulp - 1, one + 64 * ulp, // where integers end
            one + fractionBits * ulp - 1, one + fractionBits * ulp + 1, one + (fractionBits + 1) * ulp + 1,
            infinity - ulp, infinity - ulp + 1, infinity - 1, infinity, // the largest
            infinity | 1, infinity | quiet - 1, infinity | quiet, infinity | quiet | 1, // NaNs
        };
        var corners = new ArrayList<Long>();
        for (long magnitude : magnitudes) {
            corners.add(magnitude);
            corners.add(magnitude | 1L << exponentBits + fractionBits);
        }
        return corners;
    }

    private static List<Long> integers() {
        var corners = new ArrayList<Long>();
        for (int bit : new int[] {0, 1, 22, 23, 24, 25, 30, 31, 32, 33, 51, 52, 53, 54, 61, 62, 63}) {
            for (int offset = -2; offset <= 2; offset++) {
                corners.add((1L << bit) + offset);
                corners.add(-((1L << bit) + offset));
            }
        }
        corners.add(0x0000_0080_0000_0000L + 0x4000);
        corners.add(0x7fff_ffff_ffff_fc00L);
        corners.add(0x7fff_ffff_ffff_fe00L);
        corners.add(0xffff_ffff_ffff_fc00L);
        return corners;
    }

    static long random(char kind, SplittableRandom random) {
        return switch (kind) {
            case 'f' -> randomFloat(random, 11, 52);
            case 'g' -> randomFloat(random, 8, 23);
            case 'x' -> random.nextLong() >> random.nextInt(64);
            default -> throw new IllegalArgumentException("kind " + kind);
        };
    }

    /// Uniform bits seldom meet: most numbers here have an exponent near one, near the smallest or near the largest,
    /// and a fraction of few digits, or of all zeros or ones but a few.
    private static long randomFloat(SplittableRandom random, int exponentBits, int fractionBits) {
        int fieldMax = (1 << exponentBits) - 1;
        int field = switch (random.nextInt(8)) {
            case 0 -> random.nextInt(fieldMax + 1);
            case 1 -> random.nextInt(4);
            case 2 -> fieldMax - random.nextInt(4);
            case 3 -> fieldMax / 4 + random.nextInt(fractionBits);
            case 4 -> random.nextInt(fractionBits + 4);
            case 5 -> fieldMax / 2 + random.nextInt(67) - 1;
            default -> fieldMax / 2 + random.nextInt(8) - 4;
        };
        long mask = (1L << fractionBits) - 1;
        long bits = random.nextLong() & mask;
        long fraction = switch (random.nextInt(6)) {
            case 0 -> bits & mask << random.nextInt(fractionBits + 1);
            case 1 -> bits >>> random.nextInt(fractionBits + 1);
            case 2 -> mask ^ bits >>> random.nextInt(fractionBits + 1);
            case 3 -> mask & mask << random.nextInt(fractionBits + 1) | 1L << random.nextInt(fractionBits);
            default -> bits;
        };
        return (long) random.nextInt(2) << exponentBits + fractionBits | (long) field << fractionBits | fraction;
    }
}
