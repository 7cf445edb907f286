package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Noise;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RollbackTest {
    /// A disk that has lived, opened again, with what it was at a mark in the middle.
    private record Lived(Protected there, long mark, byte[] marked, byte[] last) {}

    private static Lived lived(long seed, Way way) throws Exception {
        var random = new Random(seed);
        Protected there = Protected.begin(way);
        changes(there, random, 30);
        long mark = there.disk().mark("middle");
        byte[] marked = there.content();
        changes(there, random, 30);
        byte[] last = there.content();
        there.disk().close();
        return new Lived(there.cutAndRecorded(there.time(), random), mark, marked, last);
    }

    private static void changes(Protected there, Random random, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            int offset = 512 * random.nextInt(Protected.BYTES / 512 - 8);
            int length = 512 * (1 + random.nextInt(8));
            if (random.nextInt(4) == 0) {
                there.blocking().discard(offset, length);
            } else {
                there.blocking().write(offset, Noise.of(random.nextLong()).bytes(length));
            }
        }
    }

    private static Rollback.Result run(Protected there, long sequence) throws Exception {
        return Rollback.run(there.disk(), Protected::base, there.segments(), sequence, "before");
    }

    @ParameterizedTest
    @EnumSource
    void aDiskBecomesWhatItWasAndThatCanBeUndone(Way way) throws Exception {
        Lived lived = lived(1, way);
        Rollback.Result there = run(lived.there, lived.mark);
        assertThat(lived.there.content()).isEqualTo(lived.marked);
        assertThat(there.differentBytes()).isPositive();
        lived.there.disk().close();
        assertThat(lived.there.past(there.markBefore())).isEqualTo(lived.last);
        assertThat(lived.there.past(lived.mark)).isEqualTo(lived.marked);

        Protected again = lived.there.cutAndRecorded(lived.there.time(), new Random(2));
        run(again, there.markBefore());
        assertThat(again.content()).isEqualTo(lived.last);
        again.disk().close();
        assertThat(again.past(again.last())).isEqualTo(lived.last);
    }

    @ParameterizedTest
    @EnumSource
    void whatWasNotChangedSinceIsNotTouched(Way way) throws Exception {
        Lived lived = lived(3, way);
        assertThat(run(lived.there, lived.there.last()).differentBytes()).isZero();
        assertThat(lived.there.content()).isEqualTo(lived.last);
    }

    @ParameterizedTest
    @EnumSource
    void whenItIsInterruptedAnywhereItIsDoneAgain(Way way) throws Exception {
        Lived lived = lived(4, way);
        int begun = lived.there.time();
        run(lived.there, lived.mark);
        lived.there.disk().close();
        var random = new Random(5);
        int between = 0;
        for (int time = begun; time <= lived.there.time(); time++) {
            Protected found = lived.there.cutAndRecorded(time, random);
            byte[] content = found.content();
            assertThat(found.past(lived.mark)).as("the journal, cut at %d", time).isEqualTo(lived.marked);
            between += Arrays.equals(content, lived.last) || Arrays.equals(content, lived.marked) ? 0 : 1;
            run(found, lived.mark);
            assertThat(found.content()).as("cut at %d", time).isEqualTo(lived.marked);
        }
        assertThat(between).as("disks in the midst of it").isPositive();
    }
}
