package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Whatever happens to the segments of a journal, it is read up to somewhere, or refused; never is anything else read.
class DamageTest {
    private final MemorySegments whole = new MemorySegments(null);
    private Sample sample;
    private long flushed;

    @BeforeEach
    void aJournalOfThreeSegments() throws Exception {
        sample = Sample.begin(whole);
        var random = new Random(9);
        for (int i = 0; i < 40; i++) {
            sample.step(random);
            sample.writer().flush();
        }
        sample.close();
        sample = Sample.open(whole, sample.at(sample.last()), Sample.SMALL);
        for (int i = 0; i < 40; i++) {
            sample.step(random);
        }
        sample.writer().flush();
        flushed = sample.last();
        for (int i = 0; i < 10; i++) {
            sample.step(random);
        }
        sample.close();
    }

    /// @return where it ends, -1 when it is refused
    private static long end(Segments segments) throws DiskException {
        try (Journal journal = Journal.open(segments)) {
            return journal.scan((_, _, _) -> {}).sequence();
        } catch (OperatorError refused) {
            return -1;
        }
    }

    private void isAPrefixOrRefused(Segments segments, String what) throws DiskException {
        long end = end(segments);
        if (end >= 40) {
            assertThat(Sample.past(segments, end)).as(what).isEqualTo(sample.at(end));
        } else {
            assertThat(end).as(what).isEqualTo(-1);
        }
    }

    private static long used(MemoryDevice segment) throws DiskException {
        byte[] bytes = new Blocking(segment).read(0, (int) segment.geometry().sizeBytes());
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    private static MemoryDevice cut(MemoryDevice segment, long bytes) throws DiskException {
        var shorter = new MemoryDevice(new ByteSize(bytes));
        new Blocking(shorter).write(0, new Blocking(segment).read(0, (int) bytes));
        return shorter;
    }

    @Test
    void aSegmentThatIsCutAnywhereIsAPrefixOrRefused() throws Exception {
        for (int number : whole.numbers()) {
            for (long bytes = 512; bytes < used(whole.device(number)); bytes += 1536) {
                MemorySegments damaged = whole.copy();
                damaged.replace(number, cut(whole.device(number), bytes));
                isAPrefixOrRefused(damaged, "segment " + number + " cut to " + bytes);
            }
        }
    }

    @Test
    void aBitThatIsFlippedAnywhereIsAPrefixOrRefused() throws Exception {
        var random = new Random(2);
        for (int number : whole.numbers()) {
            long used = used(whole.device(number));
            for (int i = 0; i < 250; i++) {
                MemorySegments damaged = whole.copy();
                long at = random.nextLong(used);
                var disk = new Blocking(damaged.device(number));
                byte[] unit = disk.read(at / 512 * 512, 512);
                unit[(int) (at % 512)] ^= (byte) (1 << random.nextInt(8));
                disk.write(at / 512 * 512, unit);
                isAPrefixOrRefused(damaged, "segment " + number + ", a bit of byte " + at);
            }
        }
    }

    @Test
    void whatWasFlushedAndIsDamagedIsRefusedWhenSomethingLaterProvesIt() throws Exception {
        MemorySegments damaged = whole.copy();
        var disk = new Blocking(damaged.device(2));
        disk.write(8192, new byte[512]);
        assertThatThrownBy(() -> {
                    try (Journal journal = Journal.open(damaged)) {
                        journal.scan((_, _, _) -> {});
                    }
                })
                .hasMessageContaining("journal/2")
                .hasMessageContaining("on stable storage");
    }

    @Test
    void theLastSegmentIsRefusedToo() throws Exception {
        var segments = new MemorySegments(null);
        try (Sample one = Sample.begin(segments)) {
            for (int i = 0; i < 5; i++) {
                one.write(0, new byte[512]);
                one.writer().flush();
            }
        }
        new Blocking(segments.device(2)).write(4096, new byte[512]);
        assertThat(end(segments)).isEqualTo(-1);
    }

    @Test
    void aTornTailIsDropped() throws Exception {
        MemorySegments damaged = whole.copy();
        long used = used(whole.device(3));
        new Blocking(damaged.device(3)).write((used - 1) / 512 * 512, new byte[512]);
        assertThat(end(damaged)).isBetween(flushed - 1, sample.last() - 1);
    }

    @Test
    void segmentsThatHaveChangedPlacesAreRefused() throws Exception {
        MemorySegments damaged = whole.copy();
        MemoryDevice second = damaged.device(2);
        damaged.replace(2, damaged.device(3));
        damaged.replace(3, second);
        assertThatThrownBy(() -> Journal.open(damaged)).hasMessageContaining("segment 3 of its journal").hasMessageContaining("segment 2 should be");
    }

    @Test
    void aSegmentThatIsMissingIsNoticed() throws Exception {
        MemorySegments damaged = whole.copy();
        damaged.remove(2);
        assertThatThrownBy(() -> Journal.open(damaged)).hasMessageContaining("segment 2 should be here");
        MemorySegments begun = whole.copy();
        begun.remove(1); // in which there is nothing
        begun.remove(2);
        try (Journal journal = Journal.open(begun)) {
            assertThatThrownBy(() -> journal.scan((_, _, _) -> {})).hasMessageContaining("journal/2: is not there, and is needed");
        }
    }

    @Test
    void aSegmentOfAnotherJournalIsRefused() throws Exception {
        var other = new MemorySegments(null);
        try (Sample foreign = Sample.begin(other, new UUID(8, 8))) {
            foreign.write(0, new byte[512]);
        }
        MemorySegments damaged = whole.copy();
        damaged.replace(2, other.device(2));
        assertThatThrownBy(() -> Journal.open(damaged)).hasMessageContaining("does not continue");
    }

    /// Two copies of a journal that have gone on by themselves.
    @Test
    void aSegmentOfAnotherCopyOfTheJournalIsRefused() throws Exception {
        MemorySegments copy = whole.copy();
        copy.remove(3);
        copy.remove(2);
        try (Sample other = Sample.open(copy, sample.at(40), new JournalWriter.Limits(8 << 20, Long.MAX_VALUE))) {
            other.write(0, new byte[512]);
        }
        MemorySegments damaged = whole.copy();
        damaged.replace(2, copy.device(2));
        assertThat(end(damaged)).isEqualTo(-1);
    }

    @Test
    void anotherVersionIsRefused() throws Exception {
        MemorySegments damaged = whole.copy();
        byte[] header = new Blocking(damaged.device(3)).read(0, 4096);
        header[8] = 3;
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putInt(12, 0);
        var crc = new CRC32C();
        crc.update(header);
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putInt(12, (int) crc.getValue());
        new Blocking(damaged.device(3)).write(0, header);
        assertThatThrownBy(() -> Journal.open(damaged)).hasMessageContaining("version 3");
    }

    @Test
    void anEntryOfAnUnknownKindIsRefused() throws Exception {
        MemorySegments damaged = whole.copy();
        var disk = new Blocking(damaged.device(3));
        var unit = Sample.buffer(disk.read(4096, 512));
        Entry first = Entry.parse(unit);
        new Entry(
                        first.sequence(), first.timeNanos(), first.durable(), (short) 99, first.dataBytes(), first.offset(), first.length(),
                        first.tag(), first.dataCrc())
                .encode(unit);
        disk.write(4096, unit);
        assertThatThrownBy(() -> {
                    try (Journal journal = Journal.open(damaged)) {
                        journal.scan((_, _, _) -> {});
                    }
                })
                .hasMessageContaining("not known here, 99");
    }
}
