package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.PowerCutModel;
import holdfast.testkit.Campaign;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is oldest in a journal is let go while the disk is used.
class RollerTest {
    private static final int BLOCK = PowerCutModel.BLOCK;
    private static final int BLOCKS = RollingDisk.BYTES / BLOCK;
    private static final int CHOICES = 2;

    private record Life(RollingDisk there, PowerCutModel model, int begun) {}

    private static Life life(Random random, int steps) throws Exception {
        return life(random, steps, Way.WRITE_THROUGH);
    }

    private static Life life(Random random, int steps, Way way) throws Exception {
        return life(random, steps, way, List.of(RollingDisk.Terms.LEAST));
    }

    /// @param steps under each of the terms, one after the other
    private static Life life(Random random, int steps, Way way, List<RollingDisk.Terms> terms) throws Exception {
        RollingDisk there = RollingDisk.begin(way, terms.getFirst());
        int begun = there.time();
        var model = new PowerCutModel(new byte[RollingDisk.BYTES]);
        for (int i = 0; i < steps * terms.size(); i++) {
            if (i > 0 && i % steps == 0) {
                there.keep(terms.get(i / steps));
            }
            int block = random.nextBoolean() ? random.nextInt(4) : random.nextInt(BLOCKS);
            byte[] data = PowerCutModel.content(random);
            switch (random.nextInt(9)) {
                case 0 -> {
                    there.blocking().flush();
                    model.promiseAll(there.time());
                }
                case 1 -> {
                    there.upkeep().step();
                    there.roll();
                }
                case 2 -> {
                    model.write(block, new byte[BLOCK], there.time());
                    there.blocking().discard((long) block * BLOCK, BLOCK);
                }
                case 3 -> {
                    model.write(block, data, there.time());
                    there.blocking().write((long) block * BLOCK, data, true);
                    model.promise(block, there.time());
                }
                default -> {
                    model.write(block, data, there.time());
                    there.blocking().write((long) block * BLOCK, data);
                }
            }
        }
        return new Life(there, model, begun);
    }

    @Test
    void whatIsKeptIsExactAndWhatIsOlderIsRefused() throws Exception {
        lookAtAll(life(new Random(5), 200).there);
    }

    @Test
    void soItIsWhereTheJournalIsWrittenFirst() throws Exception {
        lookAtAll(life(new Random(5), 200, Way.JOURNAL_FIRST).there);
    }

    private static void lookAtAll(RollingDisk there) throws Exception {
        byte[] content = there.content();
        Journal.End end = there.end();
        assertThat(end.oldest()).isGreaterThan(50);
        assertThat(there.segments().numbers().first()).isGreaterThan(3);
        MemorySegments ever = there.segments().ever();
        for (long sequence = end.oldest(); sequence <= end.sequence(); sequence++) {
            assertThat(there.past(sequence)).as("behind entry %d", sequence).isEqualTo(Sample.pastOverAny(ever, sequence));
        }
        assertThat(there.past(end.sequence())).isEqualTo(content);
        assertThatThrownBy(() -> there.past(end.oldest() - 1))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("has let go what was before entry " + end.oldest());
    }

    /// By its sequence, by a time, and by a mark.
    @Test
    void aPointBeforeTheWindowIsRefusedAndTheOldestIsNamed() throws Exception {
        RollingDisk there = RollingDisk.begin();
        there.blocking().write(0, PowerCutModel.content(new Random(1)));
        there.disk().mark("early");
        for (int i = 0; i < 40; i++) {
            there.blocking().write(0, PowerCutModel.content(new Random(i)));
        }
        there.disk().mark("late");
        assertThat(there.roll()).isTrue();
        Timeline timeline;
        try (Journal journal = Journal.open(there.segments())) {
            timeline = Timeline.of(journal);
        }
        long oldest = timeline.oldest();
        assertThat(oldest).isGreaterThan(20);
        String named = "oldest is seq:" + oldest;
        assertThatThrownBy(() -> timeline.find(new Target.Sequence(0), "journal")).hasMessageContaining(named);
        assertThatThrownBy(() -> timeline.find(new Target.Sequence(oldest - 1), "journal")).hasMessageContaining(named);
        Instant then = Timeline.instant(there.end().oldestNanos());
        assertThatThrownBy(() -> timeline.find(new Target.Time(then.minusSeconds(1)), "journal")).hasMessageContaining(named);
        assertThatThrownBy(() -> timeline.find(new Target.Mark("early"), "journal")).hasMessageContaining("has no mark early since entry " + oldest);
        assertThat(timeline.find(new Target.Time(then), "journal").sequence()).isEqualTo(oldest);
        assertThat(timeline.find(new Target.Sequence(oldest), "journal").sequence()).isEqualTo(oldest);
        assertThat(timeline.find(new Target.Mark("late"), "journal").reason()).isEqualTo("is mark late");
    }

    @Test
    void nothingIsLetGoWhileSomebodyLooksAtThePast() throws Exception {
        RollingDisk there = life(new Random(3), 60).there;
        there.base().inUse(true);
        long oldest = there.end().oldest();
        assertThat(there.roll()).isFalse();
        assertThat(there.end().oldest()).isEqualTo(oldest);
    }

    @Test
    void aSegmentThatIsMissingIsMissed() throws Exception {
        RollingDisk there = life(new Random(5), 200).there;
        for (int i = 0; i < 40; i++) {
            there.blocking().write(0, PowerCutModel.content(new Random(i)));
        }
        there.segments().remove(there.segments().numbers().first());
        assertThatThrownBy(there::end).isInstanceOf(OperatorError.class).hasMessageContaining("is not there, and is needed");
    }

    /// Nobody has flushed the volume when the round begins, and it loses what it can when the segments are gone.
    @Test
    void whatIsLetGoWasSettledInTheVolume() throws Exception {
        RollingDisk there = rolledOnce();
        for (int choice = 0; choice < 10; choice++) {
            RollingDisk found = there.cut(there.time(), new Random(choice));
            assertThat(found.past(found.end().sequence())).isEqualTo(found.content());
            assertThat(found.content()).isEqualTo(there.content());
        }
    }

    @Test
    void whatIsLetGoIsInTheBase() throws Exception {
        RollingDisk there = rolledOnce();
        for (int choice = 0; choice < 20; choice++) {
            RollingDisk found = there.cut(there.time() - choice % 5, new Random(choice));
            long oldest = found.end().oldest();
            assertThat(found.past(oldest)).isEqualTo(Sample.pastOverAny(there.segments().ever(), oldest));
        }
    }

    /// Each block twice: what is let go is not what the disk is now.
    private static RollingDisk rolledOnce() throws Exception {
        RollingDisk there = RollingDisk.begin();
        for (int i = 0; i < 60; i++) {
            there.blocking().write((long) i % 30 * BLOCK, PowerCutModel.content(new Random(i)));
        }
        assertThat(there.roll()).isTrue();
        return there;
    }

    /// A block is what it was in the base, after it was something else: the cut takes both changes from the volume, which reads right
    /// nevertheless, until the base takes on the first of them.
    @Test
    void whatIsPutRightIsTheVolumesOwn() throws Exception {
        for (int choice = 0; choice < 10; choice++) {
            RollingDisk there = RollingDisk.begin();
            there.blocking().write(0, PowerCutModel.content(new Random(1)));
            marks(there, "between", 30);
            there.blocking().write(0, new byte[BLOCK]);
            there.disk().mark("behind");
            RollingDisk found = there.cut(there.time(), new Random(choice));
            assertThat(found.content()).isEqualTo(new byte[RollingDisk.BYTES]);
            marks(found, "later", 30);
            found.roll();
            assertThat(found.content()).as("choice %d", choice).isEqualTo(new byte[RollingDisk.BYTES]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void afterAnyCutVolumeBaseAndJournalAgree(Way way) throws Exception {
        assertThat(cutEverywhere(1, 50, way)).isGreaterThan(300);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void theyAgreeAfterVeryManyCuts(Way way) throws Exception {
        Campaign.run("power cuts while a base takes on what is oldest, " + way, 100_000, seed -> cutEverywhere(seed, 60, way));
    }

    private static int cutEverywhere(long seed, int steps, Way way) throws Exception {
        return cutEverywhere(life(new Random(seed), steps, way), seed, 1);
    }

    /// @param each how many events there are between two cuts
    private static int cutEverywhere(Life life, long seed, int each) throws Exception {
        life.there.disk().close();
        MemorySegments ever = life.there.segments().ever();
        int cuts = 0;
        for (int time = life.begun; time <= life.there.time(); time += each) {
            for (int choice = 0; choice < CHOICES; choice++) {
                check(life, ever, time, new Random(seed * 1_000_000 + time * 100L + choice));
                cuts++;
            }
        }
        return cuts;
    }

    /// The disk is right, the past is exact, and both stay so when more is let go.
    private static void check(Life life, MemorySegments ever, int time, Random random) throws DiskException {
        RollingDisk found = life.there.cut(time, random);
        byte[] content = found.content();
        assertThat(life.model.complaint(content, time)).as("cut after event %d", time).isEmpty();
        Journal.End end = found.end();
        for (long sequence : new long[] {end.oldest(), (end.oldest() + end.sequence()) / 2}) {
            assertThat(found.past(sequence)).as("cut after event %d, behind entry %d", time, sequence).isEqualTo(Sample.pastOverAny(ever, sequence));
        }
        assertThat(found.past(end.sequence())).as("cut after event %d, at the end", time).isEqualTo(content);
        while (found.roll()) {
            assertThat(found.content()).as("cut after event %d, then rolled", time).isEqualTo(content);
        }
        assertThat(found.past(found.end().sequence())).as("cut after event %d, at the end, rolled", time).isEqualTo(content);
        found.disk().close();
    }

    /// All is kept, then as little as can be, then all again, while the disk is used.
    private static final List<RollingDisk.Terms> CHANGING = List.of(RollingDisk.Terms.ALL, RollingDisk.Terms.LEAST, RollingDisk.Terms.ALL);

    @ParameterizedTest
    @EnumSource
    void afterAnyCutAroundAChangeOfWhatIsKeptTheyAgree(Way way) throws Exception {
        assertThat(cutEverywhere(life(new Random(7), 20, way, CHANGING), 7, 3)).isGreaterThan(60);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void theyAgreeAfterVeryManyCutsAroundSuchChanges(Way way) throws Exception {
        Campaign.run("power cuts around changes of terms, " + way, 20_000, seed -> cutEverywhere(life(new Random(seed), 25, way, CHANGING), seed, 1));
    }

    private static final List<RollingDisk.Terms> THROTTLED = List.of(RollingDisk.Terms.ROOM);

    /// Of changes that wait until the base has taken on what is oldest.
    @ParameterizedTest
    @EnumSource
    void afterAnyCutWhileChangesWaitForTheBaseTheyAgree(Way way) throws Exception {
        Life life = life(new Random(9), 100, way, THROTTLED);
        assertThat(cutEverywhere(life, 9, 47)).isGreaterThan(15);
        assertThat(life.there.segments().numbers().first()).as("much was let go").isGreaterThan(5);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void theyAgreeAfterVeryManyCutsWhileChangesWait(Way way) throws Exception {
        Campaign.run("power cuts while changes wait, " + way, 100_000, seed -> cutEverywhere(life(new Random(seed), 100, way, THROTTLED), seed, 1));
    }

    /// The cut takes both changes from the volume, which reads right nevertheless, and may: until the base is to take on the first of them.
    @Test
    void aDiskThatIsOpenAndGetsAWindowHasAllForItselfBefore() throws Exception {
        for (int choice = 0; choice < 10; choice++) {
            RollingDisk there = RollingDisk.begin(Way.WRITE_THROUGH, RollingDisk.Terms.ALL);
            there.blocking().write(0, PowerCutModel.content(new Random(1)));
            marks(there, "between", 30);
            there.blocking().write(0, new byte[BLOCK]);
            there.disk().mark("behind");
            RollingDisk found = there.cut(there.time(), new Random(choice));
            found.keep(RollingDisk.Terms.LEAST);
            marks(found, "later", 15); // so that the first change is due, and the second is not
            assertThat(found.roll()).isTrue();
            assertThat(found.content()).as("choice %d", choice).isEqualTo(new byte[RollingDisk.BYTES]);
            found.keep(RollingDisk.Terms.ALL);
            marks(found, "last", 30);
            assertThat(found.roll()).as("when all is kept again").isFalse();
        }
    }

    private static void marks(RollingDisk disk, String name, int count) {
        for (int i = 0; i < count; i++) {
            disk.disk().mark(name);
        }
    }

    /// What is noted in a journal is read again.
    @Test
    void anEntryOfWhatTheBaseTakesOnIsWholeOrRefused() {
        var rolled = new Rolled(7, -5, 3, "vhdx ä", "");
        assertThat(Rolled.parse(rolled.encode())).contains(rolled);
        var cut = new ArrayList<Long>();
        for (long bytes = 0; bytes < rolled.encode().byteSize(); bytes++) {
            if (Rolled.parse(rolled.encode().asSlice(0, bytes)).isPresent()) {
                cut.add(bytes);
            }
        }
        assertThat(cut).isEmpty();
    }
}
