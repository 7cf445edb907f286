package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReceivedTest {
    @Test
    void bytesCountOnceInWhateverOrderTheyCome() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            var received = new Received();
            var model = new BitSet();
            int size = 1 + random.nextInt(60);
            for (int i = 0; i < 40; i++) {
                int length = random.nextInt(1 + size / 4);
                int from = random.nextInt(size - length + 1);
                if (!model.get(from, from + length).isEmpty()) {
                    // Mostly passed over, so that some reads get all of their bytes.
                    if (random.nextInt(8) == 0) {
                        assertThat(received.add(from, length)).as("seed %d, round %d", seed, round).isFalse();
                        break;
                    }
                    continue;
                }
                assertThat(received.add(from, length)).as("seed %d, round %d", seed, round).isTrue();
                model.set(from, from + length);
                assertThat(received.isAll(size)).as("seed %d, round %d", seed, round).isEqualTo(model.cardinality() == size);
            }
        }
    }

    @Test
    void aFlockOfSingleBytesIsRefused() {
        var received = new Received();
        boolean taken = true;
        int count = 0;
        for (long at = 1; taken && at < 1 << 25; at += 2) {
            taken = received.add(at, 1);
            count++;
        }
        assertThat(taken).isFalse();
        assertThat(count).isEqualTo((1 << 16) + 1);
        received.clear();
        assertThat(received.add(0, 1)).isTrue();
    }
}
