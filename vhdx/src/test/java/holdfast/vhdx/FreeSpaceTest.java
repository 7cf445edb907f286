package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FreeSpaceTest {
    private static final long MIB = 1 << 20;

    private static FreeSpace used(int... ranges) {
        var used = new BitSet();
        for (int i = 0; i < ranges.length; i += 2) {
            used.set(ranges[i], ranges[i + 1]);
        }
        return new FreeSpace(used);
    }

    @Test
    void theLowestRunThatIsLongEnoughIsTaken() {
        FreeSpace space = used(0, 4, 5, 6, 8, 10);
        assertThat(space.take(MIB)).isEqualTo(4 * MIB);
        assertThat(space.take(2 * MIB)).isEqualTo(6 * MIB);
        assertThat(space.take(4 * MIB)).isEqualTo(10 * MIB);
        assertThat(space.take(MIB)).isEqualTo(14 * MIB);
    }

    @Test
    void whatIsGivenBackIsTakenBeforeAnythingHigher() {
        FreeSpace space = used(0, 10);
        assertThat(space.take(2 * MIB)).isEqualTo(10 * MIB);
        space.give(3 * MIB, 2 * MIB);
        assertThat(space.take(4 * MIB)).isEqualTo(12 * MIB);
        assertThat(space.take(2 * MIB)).isEqualTo(3 * MIB);
    }

    @Test
    void noMebibyteIsEverTakenTwice() {
        var random = new Random(1);
        var taken = new BitSet();
        FreeSpace space = used(0, 3);
        taken.set(0, 3);
        for (int i = 0; i < 5000; i++) {
            int length = 1 + random.nextInt(4);
            if (random.nextBoolean()) {
                int from = (int) (space.take(length * MIB) / MIB);
                assertThat(taken.get(from, from + length).isEmpty()).isTrue();
                taken.set(from, from + length);
            } else {
                int from = 3 + random.nextInt(taken.length());
                if (taken.nextClearBit(from) >= from + length) {
                    space.give(from * MIB, length * MIB);
                    taken.clear(from, from + length);
                }
            }
        }
    }
}
