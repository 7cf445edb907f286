package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.IoStatus;
import holdfast.block.PowerCutModel;
import holdfast.block.Request;
import holdfast.testkit.Campaign;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The power of volume and journal fails at every event at either, and each loses of what was not flushed what it likes. The disk is
/// opened; what was flushed has to be there, nothing that nobody wrote, and it has to be what its journal says.
class JournaledPowerCutTest {
    private static final int BLOCK = PowerCutModel.BLOCK;
    private static final int BLOCKS = 32;
    private static final int CHOICES = 4;

    @ParameterizedTest
    @CsvSource({"1,WRITE_THROUGH", "2,WRITE_THROUGH", "3,WRITE_THROUGH", "1,JOURNAL_FIRST", "2,JOURNAL_FIRST"})
    void afterAnyCutVolumeAndJournalAgreeAndWhatWasFlushedIsThere(long seed, Way way) throws Exception {
        assertThat(cutEverywhere(seed, way)).isGreaterThan(500);
    }

    /// For the negative controls.
    @Test
    void afterAnyCutVolumeAndJournalAgreeInOneLife() throws Exception {
        cutEverywhere(4, Way.WRITE_THROUGH);
    }

    /// The second change of a region has no intent to wait for.
    @Test
    void aFlushIsOfTheJournalToo() throws Exception {
        Protected there = Protected.begin();
        there.blocking().write(0, PowerCutModel.content(new Random(1)));
        byte[] second = PowerCutModel.content(new Random(2));
        there.blocking().write(0, second);
        there.blocking().flush();
        for (int choice = 0; choice < 20; choice++) {
            Protected found = there.cut(there.time(), new Random(choice));
            assertThat(found.content()).startsWith(second);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void theyAgreeAfterVeryManyCuts(Way way) throws Exception {
        Campaign.run("power cuts of protected disks, " + way, 200_000, seed -> cutEverywhere(seed, way));
    }

    /// Cut, opened again, changed, cut again, and so on.
    @ParameterizedTest
    @EnumSource
    void aDiskThatLivesThroughManyCutsAgrees(Way way) throws Exception {
        var random = new Random(8);
        Protected there = Protected.begin(way);
        for (int generation = 0; generation < 60; generation++) {
            there = life(there, random, 8).there.cutAndRecorded(there.time() - random.nextInt(3), random);
            assertThat(there.past(there.last())).as("generation %d", generation).isEqualTo(there.content());
        }
    }

    /// The power fails while the disk is put right.
    @ParameterizedTest
    @EnumSource
    void puttingRightCanBeInterruptedAnywhere(Way way) throws Exception {
        var random = new Random(4);
        Life life = life(Protected.begin(way), random, 20);
        int interrupted = 0;
        for (int time = life.there.time() - 6; time <= life.there.time(); time++) {
            Protected once = life.there.cutAndRecorded(time, random);
            byte[] content = once.content();
            once.disk().close();
            for (int second = 0; second <= once.time(); second++) {
                Protected twice = once.cut(second, random);
                if (!twice.segments().numbers().isEmpty()) {
                    interrupted++;
                    assertThat(life.model.complaint(twice.content(), time)).as("cut at %d, then at %d", time, second).isEmpty();
                    assertThat(twice.past(twice.last())).isEqualTo(twice.content());
                }
            }
            assertThat(content).isEqualTo(once.past(once.last()));
        }
        assertThat(interrupted).isGreaterThan(50);
    }

    private record Life(Protected there, PowerCutModel model, int begun) {}

    private static int cutEverywhere(long seed, Way way) throws Exception {
        var random = new Random(seed);
        Life life = life(Protected.begin(way), random, 30);
        life.there.disk().close();
        int cuts = 0;
        for (int time = life.begun; time <= life.there.time(); time++) {
            for (int choice = 0; choice < CHOICES; choice++) {
                Protected found = life.there.cut(time, new Random(seed * 1_000_000 + time * 100L + choice));
                byte[] content = found.content();
                assertThat(life.model.complaint(content, time)).as("cut after event %d, choice %d", time, choice).isEmpty();
                assertThat(found.past(found.last())).as("the journal after event %d, choice %d", time, choice).isEqualTo(content);
                found.disk().close();
                cuts++;
            }
        }
        return cuts;
    }

    /// Writes, some side by side, and flushes.
    private static Life life(Protected there, Random random, int steps) throws Exception {
        int begun = there.time();
        byte[] content = there.content();
        var model = new PowerCutModel(content);
        for (int i = 0; i < steps; i++) {
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    there.blocking().flush();
                    model.promiseAll(there.time());
                }
                case 2 -> {
                    int block = block(random);
                    byte[] data = PowerCutModel.content(random);
                    model.write(block, data, there.time());
                    there.blocking().write((long) block * BLOCK, data, true);
                    model.promise(block, there.time());
                }
                case 3 -> {
                    int block = block(random);
                    model.write(block, new byte[BLOCK], there.time());
                    there.blocking().discard((long) block * BLOCK, BLOCK);
                }
                default -> burst(there, model, random);
            }
        }
        return new Life(there, model, begun);
    }

    /// All over the disk, and often in the same few blocks.
    private static int block(Random random) {
        return random.nextBoolean() ? random.nextInt(4) : random.nextInt(BLOCKS) * (Protected.BYTES / BLOCK / BLOCKS);
    }

    private static void burst(Protected there, PowerCutModel model, Random random) {
        var all = new ArrayList<CompletableFuture<IoStatus>>();
        for (int i = 0; i < 3; i++) {
            int block = block(random);
            byte[] data = PowerCutModel.content(random);
            model.write(block, data, there.time());
            var done = new CompletableFuture<IoStatus>();
            there.disk().submit(new Request.Write((long) block * BLOCK, Sample.buffer(data), false, (_, status) -> done.complete(status)));
            all.add(done);
        }
        if (random.nextBoolean()) { // a flush amid the changes promises nothing of them
            var done = new CompletableFuture<IoStatus>();
            there.disk().submit(new Request.Flush((_, status) -> done.complete(status)));
            all.add(done);
        }
        all.forEach(done -> assertThat(done.join()).isEqualTo(IoStatus.OK));
    }
}
