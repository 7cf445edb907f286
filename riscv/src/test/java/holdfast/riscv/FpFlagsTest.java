package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// The exception flags one by one, and that the short paths are short.
class FpFlagsTest {
    private static final long ONE = Double.doubleToRawLongBits(1);
    private static final long THREE = Double.doubleToRawLongBits(3);
    private static final long LARGEST = Double.doubleToRawLongBits(Double.MAX_VALUE);
    private static final long SMALLEST_NORMAL = Double.doubleToRawLongBits(Double.MIN_NORMAL);
    private static final int INLINED_BYTES_MAX = 100;

    private final Fcsr c = new Fcsr();

    private int raised(Runnable operation) {
        c.flags = 0;
        operation.run();
        return c.flags;
    }

    @Test
    void aRoundedResultIsInexactAndAnExactOneRaisesNothing() {
        assertThat(raised(() -> Fp64.div(c, ONE, THREE, Fcsr.RNE))).isEqualTo(Fcsr.NX);
        assertThat(raised(() -> Fp64.add(c, LARGEST, ONE, Fcsr.RNE))).isEqualTo(Fcsr.NX);
        assertThat(raised(() -> Fp64.mul(c, THREE, THREE, Fcsr.RNE))).isZero();
        assertThat(raised(() -> Fp64.fma(c, THREE, THREE, LARGEST, Fcsr.RNE))).isEqualTo(Fcsr.NX);
        assertThat(raised(() -> Fp32.div(c, 0x3f80_0000, 0x4040_0000, Fcsr.RNE))).isEqualTo(Fcsr.NX);
    }

    @Test
    void everyOtherFlagHasItsCause() {
        assertThat(raised(() -> Fp64.div(c, ONE, 0, Fcsr.RNE))).isEqualTo(Fcsr.DZ);
        assertThat(raised(() -> Fp64.div(c, 0, 0, Fcsr.RNE))).isEqualTo(Fcsr.NV);
        assertThat(raised(() -> Fp64.mul(c, LARGEST, THREE, Fcsr.RNE))).isEqualTo(Fcsr.OF | Fcsr.NX);
        assertThat(raised(() -> Fp64.div(c, SMALLEST_NORMAL, THREE, Fcsr.RNE))).isEqualTo(Fcsr.UF | Fcsr.NX);
    }

    @Test
    void flagsOnceRaisedStayAndOthersJoinThem() {
        c.flags = Fcsr.NX | Fcsr.DZ;
        Fp64.mul(c, LARGEST, THREE, Fcsr.RNE);
        assertThat(c.flags).isEqualTo(Fcsr.NX | Fcsr.DZ | Fcsr.OF);
        Fp64.div(c, SMALLEST_NORMAL, THREE, Fcsr.RNE);
        assertThat(c.flags).isEqualTo(Fcsr.NX | Fcsr.DZ | Fcsr.OF | Fcsr.UF);
    }

    @Test
    void tininessIsDetectedAfterRounding() {
        // The product is the smallest normal number times 1 - 2^-104: a little too small, until it is rounded to nearest.
        long slightlyMore = Double.doubleToRawLongBits(Math.nextUp(Double.MIN_NORMAL));
        long slightlyLess = Double.doubleToRawLongBits(1 - 0x1p-52);
        assertThat(raised(() -> Fp64.mul(c, slightlyMore, slightlyLess, Fcsr.RNE))).isEqualTo(Fcsr.NX);
        assertThat(raised(() -> Fp64.mul(c, slightlyMore, slightlyLess, Fcsr.RTZ))).isEqualTo(Fcsr.UF | Fcsr.NX);
    }

    @Test
    void shortPathsAreSmallEnoughToBeInlined() throws IOException {
        for (Class<?> type : new Class<?>[] {Fp32.class, Fp64.class}) {
            try (InputStream bytes = type.getResourceAsStream(type.getSimpleName() + ".class")) {
                for (MethodModel method : ClassFile.of().parse(Objects.requireNonNull(bytes).readAllBytes()).methods()) {
                    if (!method.flags().has(AccessFlag.PRIVATE)) {
                        assertThat(method.findAttribute(Attributes.code()).orElseThrow().codeLength())
                                .as(type.getSimpleName() + "." + method.methodName())
                                .isLessThanOrEqualTo(INLINED_BYTES_MAX);
                    }
                }
            }
        }
    }
}
