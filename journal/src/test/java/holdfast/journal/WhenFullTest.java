package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.JournalLayer;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Request;
import holdfast.block.Silence;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Random;
import java.util.SortedSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What becomes of a disk whose journal may not grow.
@Timeout(60)
class WhenFullTest {
    private static final int BYTES = 1 << 20;
    private static final int PART = 64 << 10;
    private static final long MAX = 16 << 20;

    private static JournaledDisk open(
            Way way, BlockDevice volume, NumberedBase base, Segments segments, MemorySeal seal, JournalLayer.WhenFull whenFull)
            throws DiskException {
        JournalWriter.begin(segments, new SegmentHeader(Sample.ID, 1, 1, 0, 512, 1, BYTES, base.identity()));
        return way.open(new JournaledDevice.Parts(
                volume, base::device, segments, seal, new JournalWriter.Limits(2 << 20, MAX), 0, InstantSource.system(), new Random(1)::nextInt,
                new Keeping(Optional.of(base), Optional.empty(), true, whenFull)));
    }

    private static NumberedBase base() {
        return new NumberedBase(NumberedBase.store(BYTES), BYTES, new Random(1));
    }

    private static MemoryDevice volume() {
        return new MemoryDevice(new ByteSize(BYTES));
    }

    private static long bytes(MemorySegments segments) throws DiskException {
        try (Journal journal = Journal.open(segments)) {
            return journal.scan((_, _, _) -> {}).bytes();
        }
    }

    /// Four times as much as the journal may take, by many at once.
    @ParameterizedTest
    @EnumSource
    void changesWaitUntilTheBaseHasTakenOnWhatIsOldest(Way way) throws Exception {
        var segments = new MemorySegments(null);
        NumberedBase base = base();
        byte[] content;
        try (JournaledDisk disk = open(way, volume(), base, segments, new MemorySeal(true, 0, null), JournalLayer.WhenFull.THROTTLE)) {
            for (int i = 0; i < 4 * MAX / PART; i += 16) {
                var all = new ArrayList<CompletableFuture<IoStatus>>();
                for (int at = 0; at < BYTES; at += PART) {
                    all.add(write(disk, at, Noise.of(i + at).bytes(PART)));
                }
                all.forEach(done -> assertThat(done.join()).isEqualTo(IoStatus.OK));
            }
            content = new Blocking(disk).read(0, BYTES);
        }
        assertThat(bytes(segments)).isLessThanOrEqualTo(MAX);
        try (PastDevice past = PastDevice.open(base::device, segments, Long.MAX_VALUE)) {
            assertThat(new Blocking(past).read(0, BYTES)).isEqualTo(content);
        }
    }

    private static CompletableFuture<IoStatus> write(BlockDevice disk, long offset, byte[] data) {
        var done = new CompletableFuture<IoStatus>();
        disk.submit(new Request.Write(offset, Sample.buffer(data), false, (_, status) -> done.complete(status)));
        return done;
    }

    @ParameterizedTest
    @EnumSource
    void changesWaitWhileSomebodyLooksAtThePastAndReadsGoOn(Way way) throws Exception {
        var segments = new MemorySegments(null);
        NumberedBase base = base();
        base.inUse(true);
        try (JournaledDisk disk = open(way, volume(), base, segments, new MemorySeal(true, 0, null), JournalLayer.WhenFull.THROTTLE)) {
            for (int i = 0; i < (MAX - (3 << 20)) / PART; i++) {
                new Blocking(disk).write(0, Noise.of(i).bytes(PART));
            }
            var done = new ArrayList<CompletableFuture<IoStatus>>();
            for (int i = 0; i < 50; i++) {
                done.add(write(disk, 0, Noise.of(i).bytes(PART)));
            }
            CompletableFuture.anyOf(done.toArray(CompletableFuture[]::new)).join();
            new Blocking(disk).read(0, BYTES);
            assertThat(done).anyMatch(one -> !one.isDone());
            base.inUse(false);
            done.forEach(one -> assertThat(one.join()).isEqualTo(IoStatus.OK));
        }
        assertThat(bytes(segments)).isLessThanOrEqualTo(MAX);
    }

    @Test
    void aJournalThatIsFullEndsAndTheDiskGoesOn() throws Exception {
        fillUp(Way.WRITE_THROUGH);
    }

    @Test
    void soDoesOneThatIsWrittenFirst() throws Exception {
        fillUp(Way.JOURNAL_FIRST);
    }

    private static void fillUp(Way way) throws Exception {
        var segments = new MemorySegments(null);
        NumberedBase base = base();
        var seal = new MemorySeal(true, 0, null);
        MemoryDevice volume = volume();
        try (var _ = Silence.of(JournaledDevice.class);
                JournaledDisk disk = open(way, volume, base, segments, seal, JournalLayer.WhenFull.UNPROTECT)) {
            for (int i = 0; i < 2 * MAX / PART; i++) {
                new Blocking(disk).write((long) i * PART % BYTES, Noise.of(i).bytes(PART));
            }
            new Blocking(disk).flush();
            assertThat(seal.hasEnded()).isTrue();
            assertThatThrownBy(() -> disk.mark("late")).hasMessageContaining("has ended, since it was full");
            assertThat(new Blocking(volume).read(BYTES - PART, PART)).isEqualTo(Noise.of(2 * MAX / PART - 1).bytes(PART));
        }
        assertThat(seal.isWhole()).isFalse();
        assertThat(bytes(segments)).isBetween(MAX / 2, MAX);
    }

    /// The storage of the journal has no room, whatever the journal may take.
    @ParameterizedTest
    @EnumSource
    void aJournalWhoseStorageIsFullEndsToo(Way way) throws Exception {
        var segments = new MemorySegments(null);
        var seal = new MemorySeal(true, 0, null);
        var full = new Full(segments);
        MemoryDevice volume = volume();
        try (var _ = Silence.of(JournaledDevice.class);
                JournaledDisk disk = open(way, volume, base(), full, seal, JournalLayer.WhenFull.UNPROTECT)) {
            var blocking = new Blocking(disk);
            for (int i = 0; i < 64; i++) {
                blocking.write((long) i * PART % BYTES, Noise.of(i).bytes(PART), i % 3 == 0);
            }
            blocking.flush();
            assertThat(seal.hasEnded()).isTrue();
            for (int i = 48; i < 64; i++) {
                assertThat(new Blocking(volume).read((long) i * PART % BYTES, PART)).as("write %d", i).isEqualTo(Noise.of(i).bytes(PART));
            }
        }
    }

    /// Segments of which none takes more than a million bytes.
    private record Full(MemorySegments segments) implements Segments {
        @Override
        public String name() {
            return segments.name();
        }

        @Override
        public String name(int number) {
            return segments.name(number);
        }

        @Override
        public SortedSet<Integer> numbers() {
            return segments.numbers();
        }

        @Override
        public BlockDevice open(int number, Access access) {
            return segments.open(number, access);
        }

        @Override
        public BlockDevice create(int number, byte[] beginning, long bytes) throws DiskException {
            return new FaultyDevice(segments.create(number, beginning, bytes), request ->
                    request instanceof Request.Write write && write.offset() > 1_000_000 ? new Fault.Fail(IoStatus.NO_SPACE) : new Fault.None());
        }

        @Override
        public void remove(int number) {
            segments.remove(number);
        }
    }
}
