package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// What the differential tests cannot show because a peer gets it wrong, and what is worth a second opinion.
class BitManipulationTest {
    private final SplittableRandom random = new SplittableRandom(5);

    @Test
    void aWordOfZeroHas32ZerosWhateverIsAboveIt() {
        assertThat(BitManipulation.execute(Op.CTZW, 0xff00_0000_0000L, 0)).isEqualTo(32);
        assertThat(BitManipulation.execute(Op.CLZW, -1L << 32, 0)).isEqualTo(32);
        assertThat(BitManipulation.execute(Op.CTZW, 0x8000_0000L, 0)).isEqualTo(31);
        assertThat(BitManipulation.execute(Op.CTZ, 0, 0)).isEqualTo(64);
    }

    @Test
    void productsWithoutCarriesAreSumsOfShiftsWithoutCarries() {
        for (int round = 0; round < 1000; round++) {
            long a = random.nextLong();
            long b = random.nextLong() >>> random.nextInt(64);
            BigInteger product = BigInteger.ZERO;
            BigInteger shifted = new BigInteger(Long.toUnsignedString(a));
            for (int bit = 0; bit < 64; bit++) {
                if ((b >>> bit & 1) != 0) {
                    product = product.xor(shifted.shiftLeft(bit));
                }
            }
            assertThat(BitManipulation.execute(Op.CLMUL, a, b)).isEqualTo(product.longValue());
            assertThat(BitManipulation.execute(Op.CLMULR, a, b)).isEqualTo(product.shiftRight(63).longValue());
            assertThat(BitManipulation.execute(Op.CLMULH, a, b)).isEqualTo(product.shiftRight(64).longValue());
        }
    }

    @Test
    void everyByteIsAllOnesUnlessItIsZero() {
        assertThat(BitManipulation.execute(Op.ORC_B, 0x0100_8000_ff00_7f10L, 0)).isEqualTo(0xff00_ff00_ff00_ffffL);
    }
}
