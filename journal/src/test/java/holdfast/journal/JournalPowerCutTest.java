package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.testkit.Campaign;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The power fails at every event at the segments. What is found is the disk behind some entry, none before the last flush; and the
/// journal can be written again.
class JournalPowerCutTest {
    private static final int CHOICES = 12;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatWasFlushedIsFoundAndNothingThatWasNot(long seed) throws Exception {
        assertThat(cutEverywhere(seed)).isGreaterThan(400);
    }

    @Test
    void whatIsFlushedIsThereWhateverTheCutTakes() throws Exception {
        cutEverywhere(4);
    }

    /// The writer is killed, which the host's cache outlives; another one goes on, and then the power fails.
    @Test
    void aSegmentIsOnlyBegunWhenAllBeforeItIsDurable() throws Exception {
        Recording recording = new RecordingDevice(new MemoryDevice(new ByteSize(4096))).recording();
        var segments = new MemorySegments(recording);
        byte[] content;
        long last;
        try (Sample killed = Sample.begin(segments, Sample.ID, Sample.TINY)) {
            killed.write(0, Noise.of(1).bytes(512));
            last = killed.last();
            content = killed.at(last);
        }
        try (Sample next = Sample.open(segments, content, Sample.TINY)) {
            next.write(512, Noise.of(2).bytes(512));
            next.writer().flush();
            MemorySegments found = segments.cut(recording.events().size(), new Random(1), null);
            assertThat(Sample.past(found, last + 1)).isEqualTo(next.at(last + 1));
        }
        for (int seed = 0; seed < 20; seed++) {
            for (int time = 0; time <= recording.events().size(); time++) {
                MemorySegments found = segments.cut(time, new Random(seed), null);
                if (!found.numbers().isEmpty()) {
                    try (Journal journal = Journal.open(found)) {
                        assertThat(journal.scan((_, _, _) -> {}).sequence()).isLessThanOrEqualTo(last + 1);
                    }
                }
            }
        }
    }

    @Test
    @Tag("long")
    void whatWasFlushedIsFoundAfterAMillionCuts() throws Exception {
        Campaign.run("power cuts of journals", 1_000_000, JournalPowerCutTest::cutEverywhere);
    }

    private static int cutEverywhere(long seed) throws Exception {
        Recording recording = new RecordingDevice(new MemoryDevice(new ByteSize(4096))).recording();
        var segments = new MemorySegments(recording);
        var random = new Random(seed);
        var flushedAfter = new TreeMap<Integer, Long>();
        flushedAfter.put(0, 0L);
        int cuts = 0;
        try (Sample sample = Sample.begin(segments, Sample.ID, Sample.TINY)) {
            int begun = recording.events().size();
            var upkeep = new Upkeep(sample.writer(), segments);
            for (int i = 0; i < 60; i++) {
                sample.step(random);
                if (random.nextInt(4) == 0) {
                    sample.writer().flush();
                    flushedAfter.put(recording.events().size(), sample.last());
                    upkeep.step();
                }
            }
            sample.writer().flush();
            int last = recording.events().size();
            for (int time = begun; time <= last; time++) {
                long promised = flushedAfter.floorEntry(time).getValue();
                for (int choice = 0; choice < CHOICES; choice++) {
                    check(sample, segments.cut(time, new Random(time * 100L + choice), null), promised, random);
                    cuts++;
                }
            }
        }
        return cuts;
    }

    private static void check(Sample sample, MemorySegments found, long promised, Random random) throws Exception {
        long end;
        try (Journal journal = Journal.open(found)) {
            end = journal.scan((_, _, _) -> {}).sequence();
        }
        assertThat(end).isGreaterThanOrEqualTo(promised);
        byte[] there = Sample.past(found, end);
        assertThat(there).isEqualTo(sample.at(end));
        try (Sample next = Sample.open(found, there, Sample.TINY)) {
            next.step(random);
            next.writer().flush();
            assertThat(Sample.past(found, next.last())).isEqualTo(next.at(next.last()));
            assertThat(Sample.past(found, end)).isEqualTo(there);
        }
    }
}
