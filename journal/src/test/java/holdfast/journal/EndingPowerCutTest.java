package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.JournalLayer;
import holdfast.block.PowerCutModel;
import holdfast.block.Silence;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The power fails around the moment when a journal that is full ends. Before that the journal is right, and from then on the volume alone; what
/// was flushed is there.
class EndingPowerCutTest {
    private static final int BLOCK = PowerCutModel.BLOCK;
    private static final int BLOCKS = Protected.BYTES / BLOCK;

    /// What entries that are no changes always have room in, and a few changes.
    private static final JournalWriter.Limits LIMITS = new JournalWriter.Limits(512 << 10, (1 << 20) + (24 << 10));

    private static final Keeping KEEPING = new Keeping(Optional.empty(), Optional.empty(), false, JournalLayer.WhenFull.UNPROTECT);

    @ParameterizedTest
    @EnumSource
    void whatWasFlushedIsThereBeforeAndAfter(Way way) throws Exception {
        Protected there = Protected.begin(volume -> volume, parts -> way.open(new JournaledDevice.Parts(
                parts.volume(), parts.base(), parts.segments(), parts.seal(), LIMITS, parts.regionBytes(), parts.clock(), parts.tags(), KEEPING)));
        int begun = there.time();
        var model = new PowerCutModel(new byte[Protected.BYTES]);
        var random = new Random(6);
        try (var _ = Silence.of(JournaledDevice.class)) {
            for (int i = 0; i < 60; i++) {
                if (i % 4 == 3) {
                    there.blocking().flush();
                    model.promiseAll(there.time());
                } else {
                    int block = random.nextInt(BLOCKS);
                    byte[] data = PowerCutModel.content(random);
                    model.write(block, data, there.time());
                    there.blocking().write((long) block * BLOCK, data);
                }
            }
        }
        assertThat(there.seal().hasEnded()).isTrue();
        int alone = 0;
        for (int time = begun; time <= there.time(); time++) {
            for (int choice = 0; choice < 3; choice++) {
                var chance = new Random(time * 10L + choice);
                boolean ended = there.seal().hadEnded(time);
                byte[] found = ended ? there.volume(time, chance) : there.cut(time, chance).content();
                assertThat(model.complaint(found, time)).as("cut after event %d, ended: %s", time, ended).isEmpty();
                alone += ended ? 1 : 0;
            }
        }
        assertThat(alone).isGreaterThan(20);
    }
}
