package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.PowerCutModel;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import holdfast.block.Survival;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The power fails at every event at the file, each time with several choices of what survives of what was not flushed; the
/// disk is opened, and what was flushed must be there, nothing that nobody wrote, and a new identifier if anything differs.
class WritingPowerCutTest {
    private static final int MIB = 1 << 20;
    private static final int BLOCKS = 6;

    /// Of each block of the disk its first sectors and its last: enough for everything that can happen to a block.
    private static final int HEAD_SECTORS = 12;

    private static final int SUBSETS_MAX = 8;

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, false", "4, true", "5, true", "6, true"})
    void whatWasFlushedSurvivesEveryCut(long seed, boolean child) throws Exception {
        assertThat(new Life(seed, child, null, null).cutEverywhere(60)).isGreaterThan(1700);
    }

    @Test
    void aDiskIsSoundAfterAnyCut() throws Exception {
        for (long seed = 21; seed < 25; seed++) {
            new Life(seed, seed % 2 == 0, null, null).cutEverywhere(60);
        }
    }

    /// The first change of a disk goes straight to a block that is there: nothing is flushed on its way but the identifier.
    @Test
    void noCutLeavesAnotherContentUnderTheOldIdentifier() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(BLOCKS * MIB, MIB)).block(1, new byte[512]);
        var before = ((MemoryDevice) sample.store()).copy();
        var store = new RecordingDevice(sample.store());
        try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(store, "disk").replayed()), true, UUID::randomUUID)) {
            new Blocking(disk).write(MIB, PowerCutModel.content(new Random(1)));
        }
        int changed = 0;
        for (int time = 0; time <= store.recording().events().size(); time++) {
            for (int seed = 0; seed < 40; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(found, "disk")))) {
                    boolean same = Arrays.equals(new Blocking(disk).read(MIB, 512), new byte[512]);
                    changed += same ? 0 : 1;
                    assertThat(same || !disk.layers().getFirst().content().equals(sample.content()))
                            .as("cut after event %d, seed %d", time, seed)
                            .isTrue();
                }
            }
        }
        assertThat(changed).isPositive();
    }

    @ParameterizedTest
    @CsvSource({"11, false", "12, true"})
    void aDiskThatLivesThroughManyCutsStaysSound(long seed, boolean child) throws Exception {
        var random = new Random(seed);
        var life = new Life(seed, child, null, null);
        for (int generation = 0; generation < 40; generation++) {
            for (int i = 0; i < 10; i++) {
                life.step();
            }
            if (generation % 4 == 0) {
                life.checkAllCuts();
            }
            life = life.cutAndReopen(random);
        }
    }

    @ParameterizedTest
    @CsvSource({"31, false", "32, true", "33, false", "34, true"})
    void whatWasFlushedSurvivesWhenRequestsRunSideBySide(long seed, boolean child) throws Exception {
        var life = new Life(seed, child, null, null);
        for (int i = 0; i < 8; i++) {
            life.burst();
        }
        life.device.close();
        assertThat(life.checkAllCuts()).isGreaterThan(1000);
    }

    /// Its blocks have places that are full of leavings, and no content.
    @ParameterizedTest
    @CsvSource({"41", "42"})
    void aFixedDiskThatIsInitializedByAndByNeverShowsWhatWasInItsPlaces(long seed) throws Exception {
        var life = new Life(seed, false, null, Life.lazy());
        for (int i = 0; i < 15; i++) {
            life.step();
        }
        if (seed % 2 == 0) {
            life.initializeRest();
        }
        for (int i = 0; i < 10; i++) {
            life.step();
        }
        life.device.close();
        assertThat(life.checkAllCuts()).isGreaterThan(400);
    }

    @Test
    @Tag("long")
    void whatWasFlushedSurvivesAMillionCuts() throws Exception {
        long cuts = 0;
        for (long seed = 1000; cuts < 1_000_000; seed++) {
            cuts += new Life(seed, seed % 2 == 0, null, null).cutEverywhere(60);
        }
    }

    /// A disk, what it may hold, and what happened at its file.
    private static final class Life {
        private static final int SECTORS = HEAD_SECTORS + 1;

        private final long seed;
        private final Random random;
        private final @Nullable Sample parent;
        private final MemoryDevice before;
        private final UUID contentBefore;
        private final byte[] startedAs;
        private final RecordingDevice store;
        private final VhdxDisk device;
        private final Blocking disk;
        private final PowerCutModel model;
        private final AtomicLong guids;

        Life(long seed, boolean child, @Nullable Sample over, @Nullable MemoryDevice found) throws DiskException {
            this.seed = seed;
            random = new Random(seed);
            guids = new AtomicLong(seed << 20);
            parent = child && over == null ? parentOf(seed) : over;
            MemoryDevice live = found == null ? fresh(parent) : found;
            before = live.copy();
            store = new RecordingDevice(live);
            device = open(store, true);
            disk = new Blocking(device);
            contentBefore = VhdxFile.of(before.copy(), "before").header().dataWrite();
            startedAs = view(disk);
            model = new PowerCutModel(startedAs);
        }

        private VhdxDisk open(BlockDevice file, boolean writable) {
            var files = new ArrayList<VhdxFile>();
            files.add(writable ? VhdxFile.of(file, "disk").replayed() : VhdxFile.of(file, "disk"));
            if (parent != null) {
                files.add(parent.file());
            }
            return VhdxDisk.of(files, writable, () -> new UUID(seed, guids.incrementAndGet()));
        }

        private static Sample parentOf(long seed) throws DiskException {
            Sample parent = Sample.inMemory(Sample.dynamic(BLOCKS * MIB, MIB));
            for (int block = 0; block < BLOCKS - 1; block++) {
                var data = new byte[2 * HEAD_SECTORS * 512];
                new Random(-seed - block).nextBytes(data);
                parent.block(block, data);
            }
            return parent;
        }

        /// Every place in the file holds leavings, which must never be seen.
        private static MemoryDevice fresh(@Nullable Sample parent) throws DiskException {
            var live = new MemoryDevice(new ByteSize(24 * MIB));
            var leavings = new byte[2 * HEAD_SECTORS * 512];
            Arrays.fill(leavings, Sample.LEAVINGS);
            for (int at = 4; at < 24; at++) {
                new Blocking(live).write((long) at * MIB, leavings);
                new Blocking(live).write((at + 1L) * MIB - leavings.length, leavings);
            }
            Metadata shape = Sample.dynamic(BLOCKS * MIB, MIB);
            Sample.on(parent == null ? shape : Sample.over(shape, MIB, Map.of(
                    ParentLocator.LINKAGE, Guid.text(parent.content()))), live);
            return live;
        }

        static MemoryDevice lazy() throws DiskException {
            MemoryDevice live = fresh(null);
            var shape = new Metadata(MIB, true, false, BLOCKS * MIB, new UUID(1, 2), 512, 4096, null);
            Sample sample = Sample.on(shape, live);
            for (int block = 0; block < BLOCKS; block++) {
                sample.entry(shape.layout().blockEntry(block), BatEntry.of(BatEntry.ZERO, (5L + 2 * block) * MIB));
            }
            return live;
        }

        void initializeRest() throws DiskException {
            assertThat(device.pendingBytes()).isPositive();
            assertThat(device.initialize(0, Alarm.wallClock()).await(Duration.ofSeconds(60))).isTrue();
            model.promiseAll(now());
            assertThat(device.pendingBytes()).isZero();
        }

        /// The sectors that are looked at, one after the other.
        private static byte[] view(Blocking disk) throws DiskException {
            var view = new byte[BLOCKS * SECTORS * 512];
            for (int block = 0; block < BLOCKS; block++) {
                byte[] head = disk.read((long) block * MIB, HEAD_SECTORS * 512);
                byte[] last = disk.read((block + 1L) * MIB - 512, 512);
                System.arraycopy(head, 0, view, block * SECTORS * 512, head.length);
                System.arraycopy(last, 0, view, (block * SECTORS + HEAD_SECTORS) * 512, 512);
            }
            return view;
        }

        private int now() {
            return store.recording().events().size();
        }

        long cutEverywhere(int operations) throws DiskException {
            for (int i = 0; i < operations; i++) {
                step();
            }
            device.close();
            return checkAllCuts();
        }

        void step() throws DiskException {
            int block = random.nextInt(BLOCKS);
            boolean force = random.nextInt(8) == 0;
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3, 4 -> {
                    int from = random.nextInt(HEAD_SECTORS);
                    write(block, from, 1 + random.nextInt(HEAD_SECTORS - from), force);
                }
                case 5 -> write(block, HEAD_SECTORS, 1, force);
                case 6 -> zero(block, force);
                case 7 -> zeroPart(block, random.nextInt(HEAD_SECTORS), force);
                case 8 -> discard(block);
                default -> {
                    disk.flush();
                    model.promiseAll(now());
                }
            }
        }

        private static long offset(int block, int sector) {
            return sector == HEAD_SECTORS ? (block + 1L) * MIB - 512 : (long) block * MIB + sector * 512L;
        }

        private void write(int block, int from, int count, boolean force) throws DiskException {
            var data = new byte[count * 512];
            for (int i = 0; i < count; i++) {
                byte[] content = PowerCutModel.content(random);
                System.arraycopy(content, 0, data, i * 512, 512);
                model.write(block * SECTORS + from + i, content, now());
            }
            disk.write(offset(block, from), data, force);
            promise(block, from, count, force);
        }

        /// Several requests at once, none of them over another, on every block.
        void burst() throws DiskException {
            int submitted = now();
            int dropped = random.nextInt(2 * BLOCKS);
            var ends = new ArrayList<CompletableFuture<IoStatus>>();
            for (int block = 0; block < BLOCKS; block++) {
                long start = (long) block * MIB;
                if (block == dropped) {
                    ends.add(submit(done -> new Request.Discard(start, MIB, done)));
                    continue;
                }
                for (int sector = random.nextInt(4); sector < HEAD_SECTORS; sector += 1 + random.nextInt(5)) {
                    byte[] content = PowerCutModel.content(random);
                    model.write(block * SECTORS + sector, content, submitted);
                    var data = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, content);
                    long at = offset(block, sector);
                    ends.add(submit(done -> new Request.Write(at, data, false, done)));
                }
                if (random.nextInt(3) == 0) {
                    ends.add(submit(Request.Flush::new));
                }
            }
            ends.forEach(end -> assertThat(end.join()).isEqualTo(IoStatus.OK));
            if (dropped < BLOCKS) {
                adopt(dropped, submitted);
            }
            if (random.nextBoolean()) {
                disk.flush();
                model.promiseAll(now());
            }
        }

        private CompletableFuture<IoStatus> submit(Function<Request.Completion, Request> make) {
            var ended = new CompletableFuture<IoStatus>();
            device.submit(make.apply((_, status) -> ended.complete(status)));
            return ended;
        }

        private void promise(int block, int from, int count, boolean force) {
            for (int i = 0; i < count && force; i++) {
                model.promise(block * SECTORS + from + i, now());
            }
        }

        private void zero(int block, boolean force) throws DiskException {
            for (int i = 0; i < SECTORS; i++) {
                model.write(block * SECTORS + i, new byte[512], now());
            }
            disk.await(done -> new Request.WriteZeroes((long) block * MIB, MIB, true, false, force, done));
            promise(block, 0, SECTORS, force);
        }

        private void zeroPart(int block, int sector, boolean force) throws DiskException {
            model.write(block * SECTORS + sector, new byte[512], now());
            disk.await(done -> new Request.WriteZeroes(offset(block, sector), 512, true, false, force, done));
            promise(block, sector, 1, force);
        }

        private void discard(int block) throws DiskException {
            int submitted = now();
            disk.discard((long) block * MIB, MIB);
            adopt(block, submitted);
        }

        /// What was discarded is as it was or zero, and we learn which.
        private void adopt(int block, int submitted) throws DiskException {
            byte[] found = view(disk);
            for (int i = block * SECTORS; i < (block + 1) * SECTORS; i++) {
                model.write(i, Arrays.copyOfRange(found, i * 512, i * 512 + 512), submitted);
            }
        }

        /// @return how many disks were looked at
        long checkAllCuts() throws DiskException {
            long count = 0;
            for (int time = 0; time <= now(); time++) {
                Recording.Cut cut = store.recording().cut(time);
                for (Survival survival : Survival.choices(cut.unflushed(), SUBSETS_MAX, random)) {
                    check(cut.disk(before, survival), time);
                    count++;
                }
            }
            return count;
        }

        private void check(MemoryDevice found, int time) throws DiskException {
            try (VhdxDisk reopened = open(found, false)) {
                byte[] view = view(new Blocking(reopened));
                assertThat(model.complaint(view, time)).as("seed %d, cut after event %d", seed, time).isEmpty();
                assertThat(Arrays.equals(view, startedAs)
                                || !reopened.layers().getFirst().content().equals(contentBefore))
                        .as("seed %d, cut after event %d: another content under the old identifier", seed, time)
                        .isTrue();
            }
        }

        /// Goes on with what a cut at this moment has left.
        Life cutAndReopen(Random choice) throws DiskException {
            device.drain(Long.MAX_VALUE);
            int time = now();
            MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(choice));
            check(found.copy(), time);
            return new Life(choice.nextLong() >> 24, parent != null, parent, found);
        }
    }
}
