package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where the newest content of each byte is, held against an array that says it of each byte.
class PastIndexTest {
    private static final int BYTES = 30_000;
    private static final long NOBODYS = PastIndex.BASE;

    private final PastIndex index = new PastIndex();
    private final Random random = new Random(1);

    /// Which entry has a byte, and which of its bytes it is; or zeros, or nobody's.
    private final long[] places = new long[BYTES];
    private final long[] skips = new long[BYTES];

    /// @param common length that most changes have: so short that there are many runs, or so long that they go over many
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 100, 5000})
    void theNewestOfEachByteIsFound(int common) {
        Arrays.fill(places, NOBODYS);
        for (int entry = 0; entry < 20_000; entry++) {
            int length = random.nextInt(200) == 0 ? random.nextInt(BYTES / 4) : random.nextInt(common + 1);
            int from = random.nextInt(BYTES - length);
            put(from, from + length, random.nextInt(8) == 0 ? PastIndex.Leaf.ZEROS : new Journal.Place(entry % 7, 64L * entry, 0).packed());
            if (entry % 100 == 0) {
                int at = random.nextInt(BYTES);
                checkFrom(at, at + random.nextInt(BYTES - at + 1));
            }
        }
        checkFrom(0, BYTES);
    }

    @Test
    void whatALongChangeCoversIsGoneAndNoMore() {
        for (int end = 10; end < 10_000; end += 10) {
            var many = new PastIndex();
            for (int at = 0; at < 10_000; at += 10) {
                many.put(at, at + 10, placeOf(at));
            }
            many.put(5, end, PastIndex.Leaf.ZEROS);

            assertThat(many.runs(0, end + 10)).containsExactly(
                    new PastIndex.Run(0, 5, placeOf(0), 0), new PastIndex.Run(5, end, PastIndex.Leaf.ZEROS, 0),
                    new PastIndex.Run(end, end + 10, placeOf(end), 0));
        }
    }

    private static long placeOf(int at) {
        return new Journal.Place(1, at, 0).packed();
    }

    private void put(int from, int to, long place) {
        index.put(from, to, place);
        Arrays.fill(places, from, to, place);
        for (int at = from; at < to; at++) {
            skips[at] = at - from;
        }
    }

    private void checkFrom(int from, int to) {
        long at = from;
        for (PastIndex.Run run : index.runs(from, to)) {
            assertThat(run.offset()).isEqualTo(at);
            for (; at < run.end(); at++) {
                checkByte((int) at, run);
            }
        }
        assertThat(at).isEqualTo(to);
    }

    private void checkByte(int at, PastIndex.Run run) {
        long skip = run.isWritten() ? run.skip() + at - run.offset() : 0;
        if (run.packed() != places[at] || run.isWritten() && skip != skips[at]) {
            assertThat(run.packed()).as("of byte " + at + " in " + run).isEqualTo(places[at]);
            assertThat(skip).as("of byte " + at + " in " + run).isEqualTo(skips[at]);
        }
    }
}
