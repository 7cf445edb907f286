package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.Recording;
import holdfast.block.Silence;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Cold segments that are compressed.
class CompressionTest {
    private static final int BLOCK = 512;

    /// A segment has what comes within sixty looks at the clock.
    private static final JournalWriter.Limits SHORT = new JournalWriter.Limits(512 << 10, Long.MAX_VALUE, Duration.ofSeconds(60).toNanos());

    private final MemorySegments segments = new MemorySegments(null);

    @TempDir
    Path directory;

    /// Changes as programs make them: a few bytes of a block, all of some blocks, and now and then something that nobody can compress.
    private static Sample journal(MemorySegments segments, int changes, long seed) throws DiskException {
        Sample sample = Sample.begin(segments, Sample.ID, SHORT);
        var random = new Random(seed);
        for (int i = 0; i < changes; i++) {
            int blocks = 1 + random.nextInt(8);
            int offset = random.nextInt(16) * 8 * BLOCK;
            byte[] data = Arrays.copyOfRange(sample.at(sample.last()), offset, offset + blocks * BLOCK);
            switch (random.nextInt(6)) {
                case 0 -> sample.write(offset, Noise.of(random.nextLong()).bytes(data.length));
                case 1 -> sample.zero(EntryKind.DISCARD, offset, data.length);
                case 2 -> {
                    Arrays.fill(data, (byte) random.nextInt());
                    sample.write(offset, data);
                }
                default -> {
                    random.ints(5, 0, data.length).forEach(at -> data[at]++);
                    sample.write(offset, data);
                }
            }
            if (i % 5 == 0) {
                sample.writer().flush(); // so that segments do not depend on what is written at once
            }
        }
        sample.mark("end");
        sample.writer().flush();
        return sample;
    }

    private static void compress(Sample sample) throws DiskException {
        var upkeep = new Upkeep(sample.writer(), sample.segments());
        while (upkeep.step()) {}
        sample.close();
    }

    private static Journal.End end(MemorySegments segments) throws DiskException {
        try (Journal journal = Journal.open(segments)) {
            return journal.scan((_, _, _) -> {});
        }
    }

    /// A thousand changes, and what the disk was behind each.
    @Test
    void everyPointOfACompressedJournalIsExact() throws Exception {
        Sample sample = journal(segments, 1000, 1);
        Journal.End before = end(segments);
        compress(sample);
        Journal.End now = end(segments);
        assertThat(now.spans()).filteredOn(SegmentSpan::isCompressed).hasSizeGreaterThan(10);
        assertThat(now.spans().stream().map(SegmentSpan::plainBytes)).isEqualTo(before.spans().stream().map(SegmentSpan::bytes).toList());
        assertThat(now.bytes()).isLessThan(before.bytes() * 2 / 3).isLessThanOrEqualTo(sample.writer().usedBytes());
        for (long sequence = 0; sequence <= sample.last(); sequence++) {
            assertThat(Sample.past(segments, sequence)).as("behind entry %d", sequence).isEqualTo(sample.at(sequence));
        }
    }

    /// For the negative controls.
    @Test
    void whatIsToldApartIsToldFromWhatItReplaced() throws Exception {
        Sample sample = journal(segments, 250, 2);
        compress(sample);
        assertThat(end(segments).spans()).filteredOn(SegmentSpan::isCompressed).isNotEmpty();
        assertThat(Sample.past(segments, 100)).isEqualTo(sample.at(100));
    }

    /// To compress one may take a minute beside a busy disk.
    @Test
    void whatIsSealedWhileASegmentIsCompressedHasItsIndexBeforeThatEnds() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            var upkeep = new Upkeep(sample.writer(), segments);
            while (sample.writer().sealed().size() <= Upkeep.WARM + 1) {
                write(sample);
            }
            while (!sample.writer().sealed().getFirst().small()) { // which has no entries
                upkeep.step();
            }
            int sealed = sample.writer().sealed().size();
            var bare = new ArrayList<Long>();
            segments.whenReplacing(() -> {
                if (bare.isEmpty()) {
                    while (sample.writer().sealed().size() == sealed) {
                        write(sample);
                    }
                }
                bare.add(sample.writer().sealed().stream().filter(span -> !span.indexed()).count());
            });
            assertThat(upkeep.step()).isTrue();
            assertThat(bare).as("segments without an index, from when the other was begun").startsWith(1L).endsWith(0L);
        }
    }

    /// What can be compressed, but not much.
    private static void write(Sample sample) throws DiskException {
        byte[] data = Noise.of(sample.last()).bytes(Sample.DISK_BYTES);
        Arrays.fill(data, 0, data.length / 8, (byte) 0);
        sample.write(0, data);
        sample.writer().flush();
    }

    @Test
    void withoutIndexesItIsTheSame() throws Exception {
        Sample sample = journal(segments, 300, 3);
        compress(sample);
        segments.indexed().forEach(segments::removeIndex);
        for (long sequence = 0; sequence <= sample.last(); sequence += 7) {
            assertThat(Sample.past(segments, sequence)).as("behind entry %d", sequence).isEqualTo(sample.at(sequence));
            assertThat(Sample.pastOverAny(segments, sequence)).isEqualTo(sample.at(sequence));
        }
    }

    @Test
    void allFormsAreUsedAndNoChainIsLongerThanItMayBe() throws Exception {
        Sample sample = journal(segments, 300, 4);
        for (int i = 0; i < 200; i++) {
            byte[] data = Arrays.copyOf(sample.at(sample.last()), 8 * BLOCK);
            data[i]++;
            sample.write(0, data);
            sample.writer().flush();
        }
        sample.writer().flush();
        compress(sample);
        Set<Short> forms = new HashSet<>();
        int longest = 0;
        Map<List<Long>, Integer> chains = new HashMap<>();
        try (Journal journal = Journal.open(segments)) {
            var entries = new ArrayList<List<Long>>();
            journal.scan((place, entry, _) -> {
                if (entry.is(EntryKind.WRITE)) {
                    forms.add(entry.form());
                    entries.add(List.of((long) place.segment(), place.position(), (long) entry.form()));
                }
            });
            for (List<Long> entry : entries) {
                int chain = 0;
                if (entry.get(2) == Stored.XOR) {
                    byte[] stored = new Blocking(journal.device(entry.get(0).intValue())).read(entry.get(1) / BLOCK * BLOCK, 2 * BLOCK);
                    int at = (int) (entry.get(1) % BLOCK) + Entry.HEADER_BYTES;
                    var older = new Stored(Stored.XOR, Arrays.copyOfRange(stored, at, at + 8)).olderPosition();
                    chain = Objects.requireNonNull(chains.get(List.of(entry.get(0), older))) + 1;
                }
                chains.put(entry.subList(0, 2), chain);
                longest = Math.max(longest, chain);
            }
        }
        assertThat(forms).containsExactlyInAnyOrder(Stored.AS_IT_IS, Stored.ZSTD, Stored.XOR);
        assertThat(longest).isEqualTo(Stored.CHAIN_MAX);
    }

    @Test
    void whatCannotBeCompressedIsLeftAloneAndNotTriedAgain() throws Exception {
        Sample sample = Sample.begin(segments, Sample.ID, SHORT);
        for (int i = 0; i < 300; i++) {
            sample.write(i % 8 * 8192, Noise.of(i).bytes(8192));
            if (i % 8 == 0) {
                sample.writer().flush();
            }
        }
        sample.writer().flush();
        compress(sample);
        assertThat(end(segments).spans()).noneMatch(SegmentSpan::isCompressed);
        try (Journal journal = Journal.open(segments)) {
            List<SegmentSpan> spans = journal.look((_, _, _) -> {}).spans();
            assertThat(spans.subList(0, spans.size() - 1 - Upkeep.WARM)).isNotEmpty().allMatch(SegmentSpan::small);
        }
        assertThat(Sample.past(segments, 200)).isEqualTo(sample.at(200));
    }

    private static void isRightOrFails(MemorySegments damaged, Sample sample, String what) throws DiskException {
        for (long sequence : new long[] {60, 110}) {
            byte[] found;
            try (var _ = Silence.of(EntryReader.class)) {
                found = Sample.past(damaged, sequence);
            } catch (OperatorError | DiskException refused) {
                continue;
            }
            assertThat(found).as("%s, behind entry %d", what, sequence).isEqualTo(sample.at(sequence));
        }
    }

    @Test
    void aBitThatIsFlippedAnywhereIsNoticedOrDoesNoHarm() throws Exception {
        Sample sample = journal(segments, 300, 5);
        compress(sample);
        var random = new Random(1);
        List<SegmentSpan> spans = end(segments).spans();
        for (int i = 0; i < 40; i++) {
            MemorySegments damaged = segments.copy();
            int number = 2 + random.nextInt(2);
            long at = random.nextLong(spans.get(number - 1).bytes());
            var disk = new Blocking(damaged.device(number));
            byte[] unit = disk.read(at / 512 * 512, 512);
            unit[(int) (at % 512)] ^= (byte) (1 << random.nextInt(8));
            disk.write(at / 512 * 512, unit);
            if (random.nextBoolean()) {
                damaged.removeIndex(number);
            }
            isRightOrFails(damaged, sample, "segment " + number + ", a bit of byte " + at);
        }
    }

    @Test
    void aCompressedSegmentThatIsCutIsRefused() throws Exception {
        Sample sample = journal(segments, 300, 6);
        compress(sample);
        long bytes = end(segments).spans().get(1).bytes();
        for (long cut = 4096; cut < bytes; cut += 1536) {
            MemorySegments damaged = segments.copy();
            var shorter = new MemoryDevice(new ByteSize(cut));
            new Blocking(shorter).write(0, new Blocking(segments.device(2)).read(0, (int) cut));
            damaged.replace(2, shorter);
            assertThatThrownBy(() -> Sample.past(damaged, 60)).as("cut to %d", cut).hasMessageContaining("journal/2");
        }
    }

    @Test
    void compressedSegmentsThatHaveChangedPlacesAreRefused() throws Exception {
        Sample sample = journal(segments, 300, 7);
        compress(sample);
        MemorySegments damaged = segments.copy();
        MemoryDevice second = damaged.device(2);
        damaged.replace(2, damaged.device(3));
        damaged.replace(3, second);
        assertThatThrownBy(() -> Journal.open(damaged)).hasMessageContaining("segment 3 of its journal");
    }

    /// A segment and the one that takes its place are the same journal, whatever of it a power cut leaves.
    @Test
    void afterAnyCutTheJournalIsTheSame() throws Exception {
        var recording = new Recording();
        var cutOff = new MemorySegments(recording);
        Sample sample = journal(cutOff, 300, 8);
        int begun = recording.events().size();
        compress(sample);
        int cuts = 0;
        for (int time = begun; time <= recording.events().size(); time++) {
            for (int choice = 0; choice < 1 + time % 2; choice++) {
                MemorySegments found = cutOff.cut(time, new Random(time * 10L + choice), null);
                long sequence = 70 + time % 50;
                assertThat(Sample.past(found, sequence)).as("cut after event %d, behind %d", time, sequence).isEqualTo(sample.at(sequence));
                cuts++;
            }
        }
        assertThat(cuts).isGreaterThan(50);
    }

    @Test
    void whatIsExportedIsTheSame() throws Exception {
        Sample sample = journal(segments, 300, 9);
        byte[] before = exported("before");
        compress(sample);
        assertThat(end(segments).spans()).anyMatch(SegmentSpan::isCompressed);
        assertThat(exported("now")).isEqualTo(before);
    }

    private byte[] exported(String name) throws Exception {
        Path file = directory.resolve(name);
        try (Journal journal = Journal.open(segments);
                var log = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            WriteLogExport.run(journal, log);
        }
        return Files.readAllBytes(file);
    }
}
