package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    private final MemorySegments segments = new MemorySegments(null);

    private static List<Entry> entries(Segments segments) throws DiskException {
        var entries = new ArrayList<Entry>();
        try (Journal journal = Journal.open(segments)) {
            journal.scan((_, entry, _) -> entries.add(entry));
        }
        return entries;
    }

    @Test
    void whatWasAppendedIsReadInItsOrder() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            sample.write(512, Noise.of(1).bytes(1024));
            sample.zero(EntryKind.DISCARD, 0, 4096);
            sample.mark("here");
        }
        assertThat(entries(segments)).extracting(Entry::sequence).containsExactly(1L, 2L, 3L);
        assertThat(entries(segments)).extracting(entry -> EntryKind.of(entry.kind()).orElseThrow())
                .containsExactly(EntryKind.WRITE, EntryKind.DISCARD, EntryKind.MARK);
    }

    /// Byte for byte what docs/journal.md says.
    @Test
    void aSegmentIsAsItIsDocumented() throws Exception {
        byte[] data = Noise.of(1).bytes(1024);
        try (Sample sample = Sample.begin(segments)) {
            sample.write(512, data);
        }
        byte[] first = new Blocking(segments.device(1)).read(0, 4096);
        assertThat(HexFormat.of().formatHex(first, 0, 12)).isEqualTo("484f4c444a524e4c01000000");
        ByteBuffer header = ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(header.getInt(12)).isEqualTo(crcWithout(first, 12));
        assertThat(HexFormat.of().formatHex(first, 16, 32)).isEqualTo("00000000000000010000000000000002");
        assertThat(List.of(header.getInt(32), header.getInt(36), header.getInt(40), header.getInt(44))).containsExactly(1, 1000, 0, 512);
        assertThat(header.getLong(48)).isEqualTo(1);
        assertThat(header.getLong(56)).isEqualTo(Sample.DISK_BYTES);
        int tag = ByteBuffer.wrap(new Blocking(segments.device(2)).read(0, 4096)).order(ByteOrder.LITTLE_ENDIAN).getInt(36);

        byte[] bytes = new Blocking(segments.device(2)).read(4096, 64 + 1024 + 448);
        ByteBuffer entry = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(HexFormat.of().formatHex(bytes, 0, 4)).isEqualTo("48464a45");
        assertThat(entry.getInt(4)).isEqualTo(crcWithout(Arrays.copyOf(bytes, 64), 4));
        assertThat(entry.getLong(8)).isEqualTo(1);
        assertThat(entry.getLong(16)).isEqualTo(Sample.NOON.getEpochSecond() * 1_000_000_000);
        assertThat(entry.getLong(24)).isZero();
        assertThat(entry.getInt(32)).isEqualTo(1);
        assertThat(entry.getInt(36)).isEqualTo(1024);
        assertThat(entry.getLong(40)).isEqualTo(512);
        assertThat(entry.getLong(48)).isEqualTo(1024);
        assertThat(entry.getInt(56)).isEqualTo(tag);
        var crc = new CRC32C();
        crc.update(data);
        assertThat(entry.getInt(60)).isEqualTo((int) crc.getValue());
        assertThat(Arrays.copyOfRange(bytes, 64, 64 + 1024)).isEqualTo(data);
        assertThat(Arrays.copyOfRange(bytes, 64 + 1024, bytes.length)).containsOnly(0);
    }

    private static int crcWithout(byte[] bytes, int field) {
        byte[] zeroed = bytes.clone();
        Arrays.fill(zeroed, field, field + 4, (byte) 0);
        var crc = new CRC32C();
        crc.update(zeroed);
        return (int) crc.getValue();
    }

    @Test
    void thePastIsWhatTheDiskWasBehindEachEntry() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            var random = new Random(5);
            for (int i = 0; i < 300; i++) {
                sample.step(random);
            }
            sample.writer().flush();
            for (long sequence = 0; sequence <= sample.last(); sequence++) {
                assertThat(Sample.past(segments, sequence)).as("behind entry %d", sequence).isEqualTo(sample.at(sequence));
            }
        }
    }

    @Test
    void whatIsDiscardedIsStillThereBeforeItsTime() throws Exception {
        byte[] data = Noise.of(1).bytes(512);
        try (Sample sample = Sample.begin(segments)) {
            sample.write(512, data);
            sample.zero(EntryKind.DISCARD, 0, 4096);
            sample.writer().flush();
        }
        assertThat(Arrays.copyOfRange(Sample.past(segments, 1), 512, 1024)).isEqualTo(data);
        assertThat(Sample.past(segments, 2)).containsOnly(0);
    }

    @Test
    void aLongWriteBecomesSeveralEntries() throws Exception {
        byte[] data = Noise.of(3).bytes(700 << 10);
        var header = new SegmentHeader(Sample.ID, 1, 7, 0, 512, 1, 1 << 20, "");
        JournalWriter.begin(segments, header);
        try (JournalWriter writer = writer(segments, header, Sample.SMALL)) {
            assertThat(writer.append(EntryKind.WRITE, 4096, data.length, Sample.buffer(data), null)).isEqualTo(3);
        }
        assertThat(entries(segments)).extracting(Entry::dataBytes).containsExactly(256 << 10, 256 << 10, 188 << 10);
        try (PastDevice past = PastDevice.open(() -> new MemoryDevice(new ByteSize(1 << 20)), segments, 3)) {
            assertThat(new Blocking(past).read(4096, data.length)).isEqualTo(data);
        }
    }

    private static JournalWriter writer(Segments segments, SegmentHeader last, JournalWriter.Limits limits) {
        return new JournalWriter(segments, last, new Journal.End(0, 0, 4096), limits, new Steps(Sample.NOON), new Random(1)::nextInt);
    }

    @Test
    void aFullSegmentIsFollowedByAnotherOne() throws Exception {
        byte[] data = Noise.of(3).bytes(64 << 10);
        try (Sample sample = Sample.begin(segments)) {
            for (int i = 0; i < 130; i++) {
                sample.write(0, data);
                if (i % 10 == 0) {
                    sample.writer().flush();
                }
            }
        }
        assertThat(segments.numbers()).containsExactly(1, 2, 3, 4);
        assertThat(entries(segments)).hasSize(130);
    }

    @Test
    void aJournalThatIsOpenedAgainGoesOnInANewSegment() throws Exception {
        byte[] now;
        try (Sample sample = Sample.begin(segments)) {
            sample.write(0, Noise.of(3).bytes(512));
            now = sample.at(1);
        }
        try (Sample sample = Sample.open(segments, now, Sample.SMALL)) {
            sample.write(512, Noise.of(4).bytes(512));
            sample.writer().flush();
            assertThat(Sample.past(segments, 2)).isEqualTo(sample.at(2));
        }
        assertThat(segments.numbers()).containsExactly(1, 2, 3);
    }

    @Test
    void oneFlushIsOneFlushOfTheSegmentWhateverWasAppended() throws Exception {
        var recorded = new RecordingDevice(new MemoryDevice(new ByteSize(4096)));
        var observed = new MemorySegments(recorded.recording());
        try (Sample sample = Sample.begin(observed)) {
            sample.write(0, new byte[512]);
            sample.writer().flush();
            int before = recorded.recording().events().size();
            IntStream.range(0, 50).forEach(i -> {
                try {
                    sample.write(i * 512, new byte[512]);
                } catch (DiskException e) {
                    throw new AssertionError(e);
                }
            });
            sample.writer().flush();
            sample.writer().flush();
            long flushes = recorded.recording().events().stream().skip(before)
                    .filter(event -> event instanceof Recording.Event.Submitted(int _, Request.Flush _))
                    .count();
            assertThat(flushes).isEqualTo(1);
        }
    }

    @Test
    void aJournalThatMayNotGrowTakesMarksAndNoMoreChanges() throws Exception {
        JournalWriter.begin(segments, Sample.header(Sample.ID));
        try (Sample sample = Sample.open(segments, new byte[Sample.DISK_BYTES], new JournalWriter.Limits(4 << 20, 3 << 20))) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            sample.write(0, new byte[32 << 10]);
                            sample.writer().flush();
                        }
                    })
                    .isInstanceOfSatisfying(DiskException.class, e -> assertThat(e.status()).isEqualTo(IoStatus.NO_SPACE));
            long full = sample.last();
            assertThat(full).isBetween(50L, 64L);
            assertThat(sample.mark("full")).isEqualTo(full + 1);
        }
    }

    @Test
    void filesInADirectoryAreAJournal(@TempDir Path directory) throws Exception {
        var files = new SegmentDirectory(directory, Sample.ID);
        try (Sample sample = Sample.begin(files)) {
            sample.write(512, Noise.of(1).bytes(1024));
            sample.writer().flush();
        }
        assertThat(directory.resolve("00000002.journal")).exists();
        assertThat(Sample.past(files, 1)).contains(Noise.of(1).bytes(1024));
    }

    @Test
    void aSegmentThatIsBeingWrittenIsNotReadByOthers(@TempDir Path directory) throws Exception {
        var files = new SegmentDirectory(directory, Sample.ID);
        try (Sample sample = Sample.begin(files)) {
            sample.write(512, Noise.of(1).bytes(1024));
            sample.writer().flush();
            assertThatThrownBy(() -> {
                        try (BlockDevice _ = files.open(2, Access.READ_ONLY)) {
                            throw new AssertionError("opened");
                        }
                    })
                    .hasMessageContaining("is open for writing");
        }
    }
}
