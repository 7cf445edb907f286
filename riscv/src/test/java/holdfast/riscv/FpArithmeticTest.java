package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.riscv.FpReference.Outcome;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// [Fp32] and [Fp64] against exact fractions: results and flags, in every rounding mode, with no flag accrued yet (the
/// long way) and with inexact already set (the short way).
class FpArithmeticTest {

    private static final int RANDOM_TUPLES = 3_000;

    @ParameterizedTest
    @EnumSource(FpOperation.class)
    void agreesWithExactFractionsOnCornerOperands(FpOperation operation) {
        List<Long> first = FpOperands.corners(operation.operandKind(0));
        List<Long> second = operation.operandCount() > 1 ? FpOperands.corners(operation.operandKind(1)) : List.of(0L);
        // Every third one as an addend: all of them cubed would take minutes.
        List<Long> third = operation.operandCount() > 2 ? everyThird(FpOperands.corners(operation.operandKind(2))) : List.of(0L);
        boolean cubed = third.size() > 1;
        for (long a : cubed ? everyThird(first) : first) {
            for (long b : cubed ? everyThird(second) : second) {
                for (long d : third) {
                    checkEveryMode(operation, a, b, d, "");
                }
            }
        }
    }

    private static List<Long> everyThird(List<Long> corners) {
        return IntStream.range(0, corners.size())
                .filter(index -> index % 3 == 0)
                .mapToObj(corners::get)
                .toList();
    }

    @ParameterizedTest
    @EnumSource(FpOperation.class)
    void agreesWithExactFractionsOnRandomOperands(FpOperation operation) {
        long seed = System.nanoTime();
        var random = new SplittableRandom(seed);
        for (int tuple = 0; tuple < RANDOM_TUPLES; tuple++) {
            long a = FpOperands.random(operation.operandKind(0), random);
            long b = operation.operandCount() > 1 ? FpOperands.random(operation.operandKind(1), random) : 0;
            long d = operation.operandCount() > 2 ? FpOperands.random(operation.operandKind(2), random) : 0;
            checkEveryMode(operation, a, b, d, " seed " + seed);
        }
    }

    private static void checkEveryMode(FpOperation operation, long a, long b, long d, String seed) {
        for (int rm = Fcsr.RNE; rm <= Fcsr.RMM; rm++) {
            Outcome expected = operation.reference(a, b, d, rm);
            check(operation, operation.ours(0, a, b, d, rm), expected, a, b, d, rm, seed);
            Outcome sticky = new Outcome(expected.bits(), expected.flags() | Fcsr.NX);
            check(operation, operation.ours(Fcsr.NX, a, b, d, rm), sticky, a, b, d, rm, seed);
        }
    }

    private static void check(
            FpOperation operation, Outcome ours, Outcome expected, long a, long b, long d, int rm, String seed) {
        if (!ours.equals(expected)) {
            String what = String.format("%s %x %x %x rm %d%s", operation.mnemonic, a, b, d, rm, seed);
            assertThat(ours).as(what).isEqualTo(expected);
        }
    }
}
