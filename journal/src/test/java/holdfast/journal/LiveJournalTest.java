package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.ForwardingDevice;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Request;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/// A journal that is read while somebody writes to it.
class LiveJournalTest {
    private static final int PART = 60 << 10;
    private static final int TO_THE_END_OF_A_WINDOW = (Window.BYTES - 2 * PART) / PART;

    private interface Writing {
        void run() throws DiskException;
    }

    /// Something is written whenever somebody has come to an end, and asks what is behind it.
    private record Watched(BlockDevice below, Writing writing) implements ForwardingDevice {
        @Override
        public void submit(Request request) {
            if (request instanceof Request.Extents) {
                try {
                    writing.run();
                } catch (DiskException e) {
                    throw new AssertionError(e);
                }
            }
            below.submit(request);
        }
    }

    /// The first read of entries finds nothing yet where the second one is.
    private record TornOnce(BlockDevice below, AtomicBoolean done) implements ForwardingDevice {
        private static final long SECOND_ENTRY = SegmentHeader.BYTES + 2 * Journal.UNIT_BYTES;

        @Override
        public void submit(Request request) {
            if (request instanceof Request.Read read && read.offset() == SegmentHeader.BYTES && done.compareAndSet(false, true)) {
                below.submit(read.completing((_, status) -> {
                    read.into().asSlice(SECOND_ENTRY - SegmentHeader.BYTES, Journal.UNIT_BYTES).fill((byte) 0);
                    read.completion().done(read, status);
                }));
            } else {
                below.submit(request);
            }
        }
    }

    private static void write(Sample sample, int number) throws DiskException {
        sample.write(0, Noise.of(number).bytes(PART));
        sample.writer().flush(); // what is written next says that this was durable
    }

    /// What is read of the end is older than what is read behind it, which says that there must be something.
    @Test
    void whatIsWrittenMeanwhileIsNoDamage() throws Exception {
        var segments = new MemorySegments(null);
        try (Sample sample = Sample.begin(segments, Sample.ID, new JournalWriter.Limits(16 << 20, Long.MAX_VALUE))) {
            for (int i = 0; i < TO_THE_END_OF_A_WINDOW; i++) {
                write(sample, i);
            }
            var busy = new LookedAt(segments, below -> new Watched(below, () -> {
                for (int i = 0; i < 5; i++) {
                    write(sample, i);
                }
            }));
            long before = sample.last();
            long seen;
            try (Journal journal = Journal.peek(busy)) {
                seen = journal.scan((_, _, _) -> {}).sequence();
            }
            assertThat(seen).isGreaterThan(before).isLessThanOrEqualTo(sample.last());
            assertThat(Sample.past(new LookedAt(segments, UnaryOperator.identity()), seen)).isEqualTo(sample.at(seen));
        }
    }

    /// One read may have an early entry as it was before, and a later one as it is now.
    @Test
    void aReadThatIsOlderAtItsBeginningThanAtItsEndIsDoneAgain() throws Exception {
        var segments = new MemorySegments(null);
        try (Sample sample = Sample.begin(segments)) {
            for (int i = 0; i < 3; i++) {
                sample.write(0, Noise.of(i).bytes(512));
                sample.writer().flush();
            }
            var done = new AtomicBoolean();
            var torn = new LookedAt(segments, below -> new TornOnce(below, done));
            try (Journal journal = Journal.peek(torn)) {
                assertThat(journal.scan((_, _, _) -> {}).sequence()).isEqualTo(3);
            }
            assertThat(done).isTrue();
        }
    }

    /// Whatever is chosen when the journal has been looked at is the same as what was known before.
    @Test
    void aPointThatIsChosenLaterIsTheSameDisk() throws Exception {
        var segments = new MemorySegments(null);
        var random = new Random(5);
        try (Sample sample = Sample.begin(segments, Sample.ID, Sample.TINY)) {
            for (int i = 0; i < 100; i++) {
                sample.step(random);
            }
            sample.writer().flush();
            for (long sequence = 0; sequence <= sample.last(); sequence += 7) {
                var target = new Target.Sequence(sequence);
                try (BlockDevice past = PastDevice.open(
                                () -> new MemoryDevice(new ByteSize(Sample.DISK_BYTES)), segments, timeline -> timeline.find(target, "journal"))
                        .disk()) {
                    assertThat(new Blocking(past).read(0, Sample.DISK_BYTES)).as("at %d", sequence).isEqualTo(sample.at(sequence));
                }
            }
        }
    }

    /// The device is open all the while, and its journal goes on behind what is looked at.
    @Test
    void thePastOfAnOpenDiskStaysWhatItWas() throws Exception {
        var disk = Protected.begin();
        disk.blocking().write(0, Noise.of(1).bytes(4096));
        byte[] then = disk.content();
        long mark = disk.disk().mark("then");
        try (PastDevice past = PastDevice.open(Protected::base, disk.segments(), mark)) {
            disk.blocking().write(0, Noise.of(2).bytes(4096));
            assertThat(new Blocking(past).read(0, Protected.BYTES)).isEqualTo(then);
        }
        disk.disk().close();
    }
}
