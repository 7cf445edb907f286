package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.Silence;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the indexes of segments save, and that they can do no harm.
class IndexTest {
    private final MemorySegments whole = new MemorySegments(null);
    private Sample sample;

    @BeforeEach
    void aJournalOfManySegments() throws Exception {
        sample = journal(whole, Sample.ID, 11);
    }

    private static Sample journal(MemorySegments segments, UUID id, long seed) throws Exception {
        Sample written = Sample.begin(segments, id, Sample.TINY);
        var random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            written.step(random);
            if (i % 10 == 0) {
                written.write(0, Noise.of(i).bytes(Sample.DISK_BYTES));
            }
            if (i % 5 == 0) {
                written.writer().flush(); // so that segments do not depend on what is written at once
            }
        }
        written.writer().flush();
        written.close();
        return written;
    }

    private static void index(Sample written) throws DiskException {
        var upkeep = new Upkeep(written.writer(), written.segments());
        while (upkeep.step()) {}
    }

    @Test
    void everySegmentButTheLastGetsOne() throws Exception {
        assertThat(whole.indexed()).isEmpty();
        index(sample);
        assertThat(whole.indexed()).hasSizeGreaterThan(3).isEqualTo(whole.numbers().headSet(whole.numbers().last()));
    }

    @Test
    void whatIsNotedWhileASegmentIsWrittenIsWhatItSaysWhenItIsRead() throws Exception {
        var noted = new TreeMap<Integer, byte[]>();
        for (int number : written()) {
            noted.put(number, sample.writer().indexes().take(number).orElseThrow());
        }
        long before = whole.bytesRead();
        var upkeep = new Upkeep(sample.writer(), whole);
        while (!whole.indexed().containsAll(noted.keySet())) {
            assertThat(upkeep.step()).isTrue();
        }
        assertThat(whole.bytesRead()).isGreaterThan(before);
        assertThat(noted).hasSizeGreaterThan(3);
        noted.forEach((number, index) -> assertThat(whole.index(number).orElseThrow()).as("segment %d", number).isEqualTo(index));
    }

    @Test
    void aSegmentThatTheWriterWroteIsNotReadForItsIndex() throws Exception {
        var upkeep = new Upkeep(sample.writer(), whole);
        assertThat(upkeep.step()).isTrue(); // the first one, which the writer found
        assertThat(whole.indexed()).containsExactly(whole.numbers().first());
        long before = whole.bytesRead();
        for (int i = 0; i < written().size(); i++) {
            assertThat(upkeep.step()).isTrue();
        }
        assertThat(whole.indexed()).isEqualTo(whole.numbers().headSet(whole.numbers().last()));
        assertThat(whole.bytesRead()).isEqualTo(before);
    }

    @Test
    void aJournalThatIsClosedIsLeftWithTheIndexesThatAreKnown() throws Exception {
        SortedSet<Integer> written = written();
        long before = whole.bytesRead();
        new Upkeep(sample.writer(), whole).close();
        assertThat(written).hasSizeGreaterThan(3);
        assertThat(whole.indexed()).isEqualTo(written);
        assertThat(whole.bytesRead()).isEqualTo(before);
    }

    /// Segments that are at their ends, and that the writer did not find.
    private SortedSet<Integer> written() {
        return whole.numbers().subSet(whole.numbers().first() + 1, whole.numbers().last());
    }

    @Test
    void indexesAreReadInsteadOfSegments() throws Exception {
        long without = readByTimeline();
        index(sample);
        long with = readByTimeline();
        long last = whole.device(whole.numbers().last()).geometry().sizeBytes();
        assertThat(without).isGreaterThan(4 * last);
        assertThat(with).isLessThan(last + without / 50);
    }

    private long readByTimeline() throws DiskException {
        long before = whole.bytesRead();
        try (Journal journal = Journal.open(whole)) {
            Timeline.of(journal);
        }
        return whole.bytesRead() - before;
    }

    /// @param data of what is no write
    private record Seen(Journal.Place place, short kind, long sequence, long timeNanos, long offset, long length, int dataBytes, List<Byte> data) {
        static Seen of(Journal.Place place, Entry entry, MemorySegment data) {
            var bytes = new ArrayList<Byte>();
            if (!entry.is(EntryKind.WRITE)) {
                for (byte one : data.toArray(ValueLayout.JAVA_BYTE)) {
                    bytes.add(one);
                }
            }
            return new Seen(
                    place, entry.kind(), entry.sequence(), entry.timeNanos(), entry.offset(), entry.length(), entry.dataBytes(), bytes);
        }
    }

    @Test
    void anIndexSaysWhatItsSegmentSays() throws Exception {
        index(sample);
        var scanned = new ArrayList<Seen>();
        var looked = new ArrayList<Seen>();
        try (Journal journal = Journal.open(whole)) {
            Journal.End end = journal.scan((place, entry, data) -> scanned.add(Seen.of(place, entry, data)));
            assertThat(journal.look((place, entry, data) -> looked.add(Seen.of(place, entry, data)))).isEqualTo(end);
            assertThat(end.spans()).filteredOn(span -> !span.indexed()).hasSize(1);
        }
        assertThat(looked).isEqualTo(scanned).hasSizeGreaterThan(150);
    }

    private void thePastIsRight(MemorySegments segments, String what) throws DiskException {
        for (long sequence : new long[] {sample.last() / 3, sample.last() / 2, sample.last()}) {
            assertThat(Sample.past(segments, sequence)).as("%s, behind entry %d", what, sequence).isEqualTo(sample.at(sequence));
        }
    }

    @Test
    void aBitThatIsFlippedInAnIndexDoesNoHarm() throws Exception {
        index(sample);
        var random = new Random(3);
        for (int i = 0; i < 100; i++) {
            MemorySegments damaged = whole.copy();
            byte[] index = damaged.index(2).orElseThrow();
            int at = i < 64 ? i : random.nextInt(index.length);
            index[at] ^= (byte) (1 << random.nextInt(8));
            damaged.putIndex(2, index);
            thePastIsRight(damaged, "a bit of byte " + at);
        }
    }

    @Test
    void anIndexThatIsCutDoesNoHarm() throws Exception {
        index(sample);
        byte[] index = whole.index(2).orElseThrow();
        for (int length = 0; length < index.length; length += length < 80 ? 1 : 97) {
            MemorySegments damaged = whole.copy();
            damaged.putIndex(2, Arrays.copyOf(index, length));
            thePastIsRight(damaged, "cut to " + length);
        }
    }

    @Test
    void anIndexOfAnotherSegmentIsNotTaken() throws Exception {
        index(sample);
        MemorySegments exchanged = whole.copy();
        exchanged.putIndex(2, whole.index(3).orElseThrow());
        exchanged.putIndex(3, whole.index(2).orElseThrow());
        thePastIsRight(exchanged, "exchanged");
    }

    /// It has as many entries, in the same places.
    @Test
    void anIndexOfAnotherJournalIsNotTaken() throws Exception {
        var there = new MemorySegments(null);
        var other = new MemorySegments(null);
        sample = alike(there, Sample.ID, 3);
        index(sample);
        index(alike(other, new UUID(8, 8), 5));
        assertThat(there.indexed()).isEqualTo(other.indexed()).hasSizeGreaterThan(1);
        thePastIsRight(there, "its own");
        for (int number : other.indexed()) {
            there.putIndex(number, other.index(number).orElseThrow());
        }
        thePastIsRight(there, "of another journal");
    }

    private static Sample alike(MemorySegments segments, UUID id, int step) throws DiskException {
        Sample written = Sample.begin(segments, id, Sample.TINY);
        for (int i = 0; i < 150; i++) {
            written.write(i * step % 8 * 8192, Noise.of(i).bytes(8192));
            written.writer().flush();
        }
        written.close();
        return written;
    }

    /// It may have been damaged since.
    @Test
    void whatAnIndexKnowsOfIsCheckedWhenItIsRead() throws Exception {
        index(sample);
        var random = new Random(2);
        int refused = 0;
        for (int i = 0; i < 150; i++) {
            int number = 2 + random.nextInt(3);
            MemorySegments damaged = whole.copy();
            long at = random.nextLong(4096, damaged.device(number).geometry().sizeBytes());
            var disk = new Blocking(damaged.device(number));
            byte[] unit = disk.read(at / 512 * 512, 512);
            unit[(int) (at % 512)] ^= (byte) (1 << random.nextInt(8));
            disk.write(at / 512 * 512, unit);
            try (var _ = Silence.of(EntryReader.class)) {
                thePastIsRight(damaged, "segment " + number + ", a bit of byte " + at);
            } catch (DiskException | OperatorError damage) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(5);
    }

    @Test
    void aSegmentThatIsCutIsRefusedInSpiteOfItsIndex() throws Exception {
        index(sample);
        MemorySegments damaged = whole.copy();
        var shorter = new MemoryDevice(new ByteSize(64 << 10));
        new Blocking(shorter).write(0, new Blocking(whole.device(2)).read(0, 64 << 10));
        damaged.replace(2, shorter);
        try (Journal journal = Journal.open(damaged)) {
            assertThatThrownBy(() -> journal.look((_, _, _) -> {})).hasMessageContaining("journal/2");
        }
    }
}
