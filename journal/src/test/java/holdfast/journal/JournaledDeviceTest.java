package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.ArrayModel;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.ForwardingDevice;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class JournaledDeviceTest {
    private static final int BLOCK = 512;

    @ParameterizedTest
    @CsvSource({"1,WRITE_THROUGH", "2,WRITE_THROUGH", "3,WRITE_THROUGH", "1,JOURNAL_FIRST", "2,JOURNAL_FIRST", "3,JOURNAL_FIRST"})
    void itIsADiskLikeAnyOther(long seed, Way way) throws Exception {
        Protected there = Protected.begin(way);
        new ArrayModel(there.blocking(), Protected.BYTES, seed).run(400);
        byte[] content = there.content();
        there.disk().close();
        assertThat(there.past(there.last())).isEqualTo(content);
    }

    /// A thousand changes, and what the disk was after each.
    @ParameterizedTest
    @EnumSource
    void everyStateItEverHadCanBeRead(Way way) throws Exception {
        Protected there = Protected.begin(way);
        var random = new Random(77);
        var model = new byte[Protected.BYTES];
        var states = new ArrayList<byte[]>();
        for (int i = 0; i < 1000; i++) {
            change(there.blocking(), model, random);
            states.add(model.clone());
        }
        there.disk().close();
        var sequences = new ArrayList<Long>();
        try (Journal journal = Journal.open(there.segments())) {
            journal.scan((_, entry, _) -> {
                if (EntryKind.of(entry.kind()).orElseThrow().changes()) {
                    sequences.add(entry.sequence());
                }
            });
        }
        assertThat(sequences).hasSize(1000);
        for (int i = 0; i < 1000; i++) {
            assertThat(there.past(sequences.get(i))).as("after change %d", i).isEqualTo(states.get(i));
        }
    }

    private static void change(Blocking disk, byte[] model, Random random) throws DiskException {
        int length = BLOCK * (1 + random.nextInt(8));
        int offset = BLOCK * random.nextInt((Protected.BYTES - length) / BLOCK);
        switch (random.nextInt(6)) {
            case 0 -> {
                disk.discard(offset, length);
                Arrays.fill(model, offset, offset + length, (byte) 0);
            }
            case 1 -> {
                disk.writeZeroes(offset, length);
                Arrays.fill(model, offset, offset + length, (byte) 0);
            }
            default -> {
                byte[] data = Noise.of(random.nextLong()).bytes(length);
                disk.write(offset, data, random.nextInt(16) == 0);
                System.arraycopy(data, 0, model, offset, length);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void changesThatOverlapAreInTheJournalAsInTheVolume(Way way) throws Exception {
        for (int round = 0; round < 20; round++) {
            Protected there = Protected.begin(way);
            var random = new Random(round);
            var all = new ArrayList<CompletableFuture<IoStatus>>();
            for (int i = 0; i < 200; i++) {
                var done = new CompletableFuture<IoStatus>();
                int length = BLOCK * (1 + random.nextInt(8));
                int offset = BLOCK * random.nextInt(8);
                var data = Sample.buffer(Noise.of(random.nextLong()).bytes(length));
                there.disk().submit(new Request.Write(offset, data, false, (_, status) -> done.complete(status)));
                all.add(done);
            }
            all.forEach(done -> assertThat(done.join()).isEqualTo(IoStatus.OK));
            byte[] content = there.content();
            there.disk().close();
            assertThat(there.past(there.last())).isEqualTo(content);
        }
    }

    /// The volume holds the first of two writes until it is let go; a volume may do two requests in any order.
    @Test
    void aChangeWaitsForAnEarlierOneThatItOverlaps() throws Exception {
        var hold = new AtomicBoolean();
        var faulty = new ArrayList<FaultyDevice>();
        Protected there = Protected.begin(volume -> {
            faulty.add(new FaultyDevice(volume, request ->
                    hold.get() && request instanceof Request.Write write && write.offset() == 0 && hold.getAndSet(false)
                            ? new Fault.Hold(Fault.WhenCancelled.TOO_LATE, new Fault.None())
                            : new Fault.None()));
            return faulty.getFirst();
        });
        there.blocking().write(0, new byte[BLOCK]);
        hold.set(true);
        CompletableFuture<IoStatus> first = write(there.disk(), 0, Noise.of(1).bytes(2 * BLOCK));
        CompletableFuture<IoStatus> second = write(there.disk(), BLOCK, Noise.of(2).bytes(BLOCK));
        CompletableFuture<IoStatus> elsewhere = write(there.disk(), 8 * BLOCK, Noise.of(3).bytes(BLOCK));
        assertThat(elsewhere.join()).isEqualTo(IoStatus.OK);
        assertThat(second).isNotDone();
        faulty.getFirst().release();
        assertThat(List.of(first.join(), second.join())).containsOnly(IoStatus.OK);
        byte[] content = there.content();
        assertThat(Arrays.copyOfRange(content, BLOCK, 2 * BLOCK)).isEqualTo(Noise.of(2).bytes(BLOCK));
        there.disk().close();
        assertThat(there.past(there.last())).isEqualTo(content);
    }

    private static CompletableFuture<IoStatus> write(BlockDevice disk, long offset, byte[] data) {
        var done = new CompletableFuture<IoStatus>();
        disk.submit(new Request.Write(offset, Sample.buffer(data), false, (_, status) -> done.complete(status)));
        return done;
    }

    @ParameterizedTest
    @EnumSource
    void aMarkIsBehindWhatWasCompletedAndBeforeWhatComes(Way way) throws Exception {
        Protected there = Protected.begin(way);
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        long mark = there.disk().mark("here");
        byte[] marked = there.content();
        there.blocking().write(0, Noise.of(2).bytes(BLOCK));
        there.disk().close();
        assertThat(there.past(mark)).isEqualTo(marked);
        try (Journal journal = Journal.open(there.segments())) {
            assertThat(Timeline.of(journal).find(new Target.Mark("here"), "journal").sequence()).isEqualTo(mark);
        }
    }

    @ParameterizedTest
    @EnumSource
    void openingAndReadingChangeNothing(Way way) throws Exception {
        Protected there = Protected.begin(way);
        int before = there.time();
        there.content();
        there.blocking().flush();
        there.disk().close();
        assertThat(there.segments().numbers()).containsExactly(1);
        assertThat(there.seal().isWhole()).isTrue();
        assertThat(there.time()).isGreaterThan(before);
    }

    @Test
    void aChangeThatTheVolumeRefusesIsMadeGoodByTheNextOpen() throws Exception {
        var broken = new AtomicBoolean();
        Protected there = Protected.begin(volume -> new FaultyDevice(
                volume, request -> broken.get() && request instanceof Request.Write ? new Fault.Fail(IoStatus.IO_ERROR) : new Fault.None()));
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        broken.set(true);
        assertThatThrownBy(() -> there.blocking().write(0, Noise.of(2).bytes(BLOCK))).isInstanceOf(DiskException.class);
        there.disk().mark("the journal has it");
        there.disk().close();
        assertThat(there.seal().isWhole()).isFalse();
        Protected next = there.cut(there.time(), new Random(1));
        assertThat(Arrays.copyOf(next.content(), BLOCK)).isEqualTo(Noise.of(2).bytes(BLOCK));
        assertThat(next.seal().isWhole()).isTrue();
    }

    /// So that the next open after a power cut has little to compare.
    @Test
    void manyIntentsAreSettledByAFlushAndOnesThatComeLaterAreNotedAgain() throws Exception {
        Protected there = Protected.begin();
        for (int at = 0; at < Protected.BYTES; at += Protected.REGION_BYTES) {
            there.blocking().write(at, Noise.of(at).bytes(BLOCK));
        }
        there.blocking().flush();
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        there.blocking().flush();
        var kinds = new ArrayList<EntryKind>();
        try (Journal journal = Journal.open(there.segments())) {
            journal.scan((_, entry, _) -> kinds.add(EntryKind.of(entry.kind()).orElseThrow()));
        }
        int settled = kinds.indexOf(EntryKind.SETTLED_TO);
        assertThat(kinds.subList(0, settled)).filteredOn(EntryKind.INTENT::equals).hasSize(Protected.BYTES / Protected.REGION_BYTES);
        assertThat(kinds.subList(settled, kinds.size())).containsExactly(
                EntryKind.SETTLED_TO, EntryKind.INTENT, EntryKind.WRITE, EntryKind.FLUSH);
    }

    /// One change is under way when the flush begins, and others come before it ends.
    @Test
    void aDiskThatIsNeverStillIsSettledToo() throws Exception {
        var hold = new AtomicBoolean();
        var faulty = new ArrayList<FaultyDevice>();
        Protected there = Protected.begin(volume -> {
            faulty.add(new FaultyDevice(volume, request -> request instanceof Request.Write && hold.getAndSet(false)
                    ? new Fault.Hold(Fault.WhenCancelled.TOO_LATE, new Fault.None())
                    : new Fault.None()));
            return faulty.getFirst();
        });
        for (int at = 0; at < Protected.BYTES; at += Protected.REGION_BYTES) {
            there.blocking().write(at, Noise.of(at).bytes(BLOCK));
        }
        hold.set(true);
        CompletableFuture<IoStatus> underway = write(there.disk(), 0, Noise.of(1).bytes(BLOCK));
        var flushed = new CompletableFuture<IoStatus>();
        there.disk().submit(new Request.Flush((_, status) -> flushed.complete(status)));
        Awaitility.await().until(() -> ((JournaledDevice) there.disk()).intentGeneration() == 1);
        assertThat(write(there.disk(), 8 * BLOCK, Noise.of(2).bytes(BLOCK)).join()).isEqualTo(IoStatus.OK);
        assertThat(flushed).isNotDone();
        faulty.getFirst().release();
        assertThat(List.of(underway.join(), flushed.join())).containsOnly(IoStatus.OK);
        there.blocking().flush();
        var intents = new Reconciliation();
        try (Journal journal = Journal.open(there.segments())) {
            journal.scan((_, entry, data) -> intents.look(entry, data));
        }
        assertThat(intents.bytes()).isEqualTo(Protected.REGION_BYTES);
    }

    @Test
    void aJournalThatHasLostItsEndIsRefused() throws Exception {
        Protected there = Protected.begin();
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        there.disk().close();
        MemorySegments old = there.segments().copy();
        old.remove(2);
        assertThatThrownBy(() -> reopen(old, there.seal()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("ends at entry 0, and should at 3");
    }

    @Test
    void aJournalThatGoesFartherThanItsDiskIsRefused() throws Exception {
        Protected there = Protected.begin();
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        there.disk().close();
        assertThatThrownBy(() -> reopen(there.segments(), new MemorySeal(true, 2, null)))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("ends at entry 3, and should at 2");
    }

    private static void reopen(Segments segments, Seal seal) throws DiskException {
        JournaledDevice.open(new JournaledDevice.Parts(
                        Protected.base(), Protected::base, segments, seal, Sample.TINY, 0, new Steps(Sample.NOON), () -> 1, Keeping.ALL))
                .close();
    }

    @Test
    void aBaseThatIsNotTheJournalsIsRefused() throws Exception {
        var segments = new MemorySegments(null);
        JournalWriter.begin(segments, new SegmentHeader(Sample.ID, 1, 1, 0, 512, 1, Protected.BYTES, "another"));
        assertThatThrownBy(() -> PastDevice.open(Protected::base, segments, 0)).hasMessageContaining("over another disk");
        assertThatThrownBy(() -> PastDevice.open(() -> new MemoryDevice(new ByteSize(512)), segments, 0))
                .hasMessageContaining("over another disk");
    }

    @ParameterizedTest
    @EnumSource
    void aFullJournalStopsChangesAndNothingElse(Way way) throws Exception {
        var segments = new MemorySegments(null);
        JournalWriter.begin(segments, Sample.header(Sample.ID));
        var limits = new JournalWriter.Limits(4 << 20, 3 << 20);
        try (JournaledDisk disk = way.open(new JournaledDevice.Parts(
                Protected.base(), Protected::base, segments, new MemorySeal(true, 0, null), limits, 0, new Steps(Sample.NOON), () -> 1, Keeping.ALL))) {
            var blocking = new Blocking(disk);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            blocking.write(0, Noise.of(i).bytes(32 << 10));
                        }
                    })
                    .isInstanceOfSatisfying(DiskException.class, e -> assertThat(e.status()).isEqualTo(IoStatus.NO_SPACE));
            blocking.flush();
            byte[] content = blocking.read(0, Protected.BYTES);
            assertThat(Sample.past(segments, Long.MAX_VALUE)).isEqualTo(content);
            disk.mark("full");
        }
    }

    /// What changes the volume.
    private record Noting(BlockDevice below, List<Long> changed) implements ForwardingDevice {
        @Override
        public void submit(Request request) {
            switch (request) {
                case Request.Write write -> changed.add(write.offset());
                case Request.WriteZeroes zeroes -> changed.add(zeroes.offset());
                case Request.Read _, Request.Flush _, Request.Discard _, Request.Extents _ -> {}
            }
            below.submit(request);
        }
    }

    @Test
    void aVolumeIsMadeToHoldForItselfWhatWasEverChanged() throws Exception {
        var changed = new ArrayList<Long>();
        Protected there = Protected.begin(volume -> new Noting(volume, changed));
        there.blocking().write(4096, Noise.of(1).bytes(512));
        there.blocking().write(4608, Noise.of(2).bytes(512));
        there.blocking().discard(32 << 10, 512);
        there.blocking().flush();
        byte[] content = there.content();
        changed.clear();
        ((JournaledDevice) there.disk()).makeOwn();
        assertThat(changed).containsExactly(4096L, 32L << 10);
        assertThat(there.content()).isEqualTo(content);
        there.disk().close();
        assertThat(there.past(there.last())).isEqualTo(content);
    }

    /// The volume is slow to take what it has already: a change that comes meanwhile goes over that, not under it.
    @Test
    void whatComesWhileAVolumeIsMadeToHoldItAllIsNewer() throws Exception {
        var hold = new AtomicBoolean();
        var faulty = new ArrayList<FaultyDevice>();
        Protected there = Protected.begin(volume -> {
            faulty.add(new FaultyDevice(volume, request -> request instanceof Request.Write && hold.getAndSet(false)
                    ? new Fault.Hold(Fault.WhenCancelled.TOO_LATE, new Fault.None())
                    : new Fault.None()));
            return faulty.getFirst();
        });
        there.blocking().write(0, Noise.of(1).bytes(2 * BLOCK));
        hold.set(true);
        CompletableFuture<Boolean> own = CompletableFuture.supplyAsync(() -> {
            try {
                ((JournaledDevice) there.disk()).makeOwn();
                return true;
            } catch (DiskException e) {
                return false;
            }
        });
        Awaitility.await().until(() -> faulty.getFirst().held() == 1);
        CompletableFuture<IoStatus> change = write(there.disk(), BLOCK, Noise.of(2).bytes(BLOCK));
        CompletableFuture<IoStatus> elsewhere = write(there.disk(), 8 * BLOCK, Noise.of(3).bytes(BLOCK));
        assertThat(elsewhere.join()).isEqualTo(IoStatus.OK);
        assertThat(change).isNotDone();
        faulty.getFirst().release();
        assertThat(change.join()).isEqualTo(IoStatus.OK);
        assertThat(own.join()).isTrue();
        byte[] content = there.content();
        assertThat(Arrays.copyOfRange(content, BLOCK, 2 * BLOCK)).isEqualTo(Noise.of(2).bytes(BLOCK));
        there.disk().close();
        assertThat(there.past(there.last())).isEqualTo(content);
    }
}
