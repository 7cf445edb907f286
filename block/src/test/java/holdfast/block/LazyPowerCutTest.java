package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.LazyLayer.Filling;
import holdfast.testkit.Campaign;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The power fails at every event at storage or map of a lazy disk, each time with several choices of what survives of what was not
/// flushed in the one and in the other; the disk is opened, and what was flushed must be there, and never what the storage held
/// before.
class LazyPowerCutTest {
    private static final int SIZE = 72 << 10;
    private static final int BLOCK = 8192;

    /// Subsets of the unflushed writes are tried one by one up to this many, then at random.
    private static final int SUBSETS_MAX = 16;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatWasFlushedSurvivesEveryCut(long seed) throws Exception {
        assertThat(Life.of(seed).cutEverywhere(60)).isGreaterThan(1500);
    }

    @Test
    void noCutShowsWhatTheStorageHeldBefore() throws Exception {
        assertThat(Life.of(8).cutEverywhere(60)).isGreaterThan(1500);
    }

    @Test
    void aBlockThatIsWrittenWhileAFlushRunsIsNotShownBeforeItIsDurable() throws Exception {
        LazySample sample = LazySample.of(SIZE, BLOCK, Filling.WHOLE_BLOCK);
        var holding = new FaultyDevice(sample.storage().copy(), request -> request instanceof Request.Flush
                ? new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None())
                : new Fault.None());
        var recording = new Recording();
        var storage = new RecordingDevice(holding, recording);
        var map = new RecordingDevice(sample.descriptor().copy(), recording);
        LazyDevice device = LazySample.open(storage, map);
        var disk = new Blocking(device);
        var data = new byte[512];
        Arrays.fill(data, (byte) 1);
        disk.write(0, data);
        Submitted flush = Submitted.to(device, Request.Flush::new);
        while (holding.held() == 0 && !flush.isEnded()) {
            Thread.onSpinWait();
        }
        disk.write(BLOCK, data);
        while (!flush.isEnded()) {
            holding.release();
            Thread.onSpinWait();
        }
        for (int time = 0; time <= recording.events().size(); time++) {
            var found = new LazySample(
                    recording.cut(time, storage).disk(sample.storage(), Survival.nothing()),
                    recording.cut(time, map).disk(sample.descriptor(), Survival.everything()));
            for (byte each : new Blocking(found.open()).read(0, SIZE)) {
                assertThat(each).as("cut after event %d", time).isIn((byte) 0, (byte) 1);
            }
        }
    }

    @Test
    @Tag("long")
    void whatWasFlushedSurvivesAMillionCuts() throws Exception {
        Campaign.run("power cuts of lazy disks", 1_000_000, seed -> Life.of(seed).cutEverywhere(100));
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void whatWasFlushedSurvivesWhenRequestsRunSideBySide(long seed) throws Exception {
        var life = Life.of(seed);
        for (int i = 0; i < 5; i++) {
            life.burst();
        }
        assertThat(life.checkAllCuts()).isGreaterThan(500);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void aDiskThatLivesThroughManyCutsStaysSound(long seed) throws Exception {
        var random = new Random(seed);
        var life = Life.of(seed);
        for (int generation = 0; generation < 60; generation++) {
            for (int i = 0; i < 6; i++) {
                life.step();
            }
            life = life.cutAndReopen(random);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32})
    void aCutWhileTheRestIsInitializedLosesAndShowsNothing(long seed) throws Exception {
        var life = Life.of(seed);
        for (int i = 0; i < 10; i++) {
            life.step();
        }
        life.initialize();
        assertThat(life.checkAllCuts()).isGreaterThan(300);
    }

    @Test
    void aCutWhileTheDescriptorIsMadeLeavesAWholeOneOrNone() throws Exception {
        LazySample sample = LazySample.of(SIZE, BLOCK, Filling.WHOLE_BLOCK);
        var empty = new MemoryDevice(sample.descriptor().geometry());
        var map = new RecordingDevice(empty.copy());
        DescriptorFile.format(
                map, LazySample.descriptor(sample.storage().geometry(), BLOCK, Filling.WHOLE_BLOCK, StorageLayer.fingerprintOf(sample.storage())),
                "descriptor");
        int events = map.recording().events().size();
        int whole = 0;
        for (int time = 0; time <= events; time++) {
            for (int seed = 0; seed < 20; seed++) {
                MemoryDevice found = map.recording().cut(time).disk(empty, Survival.random(new Random(seed)));
                if (DescriptorFile.isOne(found)) {
                    whole++;
                    assertThat(new Blocking(LazySample.open(sample.storage(), found)).read(0, SIZE)).containsOnly(0);
                }
            }
            assertThat(time < events || whole >= 20).as("made when it says so").isTrue();
        }
    }

    /// The storage is large enough from the beginning, and full of what others have left.
    @Test
    void aCutWhileItGrowsLeavesTheOldSizeOrTheNewAndShowsNothing() throws Exception {
        LazySample large = LazySample.of(SIZE, BLOCK, Filling.BEFORE);
        DiskDescriptor used = LazySample.used(SIZE / 2 + 1024, BLOCK, Filling.BEFORE);
        var empty = new MemoryDevice(large.descriptor().geometry());
        DescriptorFile.format(empty, used, "map");
        var recording = new Recording();
        var storage = new RecordingDevice(large.storage().copy(), recording);
        var map = new RecordingDevice(empty.copy(), recording);
        LazyDevice device = LazySample.open(storage, map);
        byte[] data = Noise.of(1).bytes(SIZE / 2 + 1024);
        new Blocking(device).write(0, data);
        new Blocking(device).flush();
        int flushed = recording.events().size();
        device.grow(SIZE);
        byte[] end = Noise.of(2).bytes(512);
        new Blocking(device).write(SIZE - 512, end);
        new Blocking(device).flush();
        for (int time = 0; time <= recording.events().size(); time++) {
            for (int seed = 0; seed < 20; seed++) {
                Survival survival = Survival.random(new Random(seed));
                LazyDevice found = new LazySample(
                                recording.cut(time, storage).disk(large.storage(), survival),
                                recording.cut(time, map).disk(empty, survival))
                        .open();
                int size = (int) found.geometry().sizeBytes();
                assertThat(size).isIn(data.length, SIZE);
                byte[] content = new Blocking(found).read(0, size);
                for (int i = 0; i < size; i++) {
                    boolean written = i < data.length && content[i] == data[i] || i >= SIZE - 512 && content[i] == end[i - SIZE + 512];
                    assertThat(written || content[i] == 0 && (time < flushed || i >= data.length))
                            .as("byte %d, cut after event %d, seed %d", i, time, seed).isTrue();
                }
            }
        }
    }

    private static final class Life extends CutLife {
        private final MemoryDevice storageBefore;
        private final MemoryDevice mapBefore;
        private final RecordingDevice storage;
        private final RecordingDevice map;
        private final LazyDevice lazy;

        private Life(long seed, LazySample before, Recording recording, RecordingDevice storage, RecordingDevice map, LazyDevice lazy)
                throws DiskException {
            super(seed, lazy, recording);
            storageBefore = before.storage();
            mapBefore = before.descriptor();
            this.storage = storage;
            this.map = map;
            this.lazy = lazy;
        }

        /// From the beginning.
        static Life of(long seed) throws DiskException {
            return of(seed, LazySample.of(SIZE, BLOCK, seed % 2 == 0 ? Filling.WHOLE_BLOCK : Filling.BEFORE));
        }

        private static Life of(long seed, LazySample found) throws DiskException {
            var before = new LazySample(found.storage().copy(), found.descriptor().copy());
            var recording = new Recording();
            var storage = new RecordingDevice(found.storage(), recording);
            var map = new RecordingDevice(found.descriptor(), recording);
            return new Life(seed, before, recording, storage, map, LazySample.open(storage, map));
        }

        @Override
        public boolean isOfZeros() {
            return false;
        }

        long cutEverywhere(int operations) throws DiskException {
            for (int i = 0; i < operations; i++) {
                step();
            }
            if (random.nextBoolean()) {
                device.close();
                model.promiseAll(now());
            }
            return checkAllCuts();
        }

        /// One random request, waited for.
        void step() throws DiskException {
            int block = random.nextInt(model.blocks());
            int blocks = Math.min(model.blocks() - block, 1 + random.nextInt(random.nextInt(4) == 0 ? 40 : 6));
            boolean force = random.nextInt(6) == 0;
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3, 4 -> write(block, blocks, force);
                case 5, 6 -> zero(block, blocks, force);
                case 7, 8 -> flush();
                default -> disk.read(block * 512L, blocks * 512);
            }
        }

        void initialize() throws DiskException {
            for (int block = 0; block < lazy.blockCount(); block++) {
                lazy.initialize(block);
                if (block % 3 == 0) {
                    flush();
                }
            }
        }

        /// @return how many disks were looked at
        long checkAllCuts() throws DiskException {
            device.drain(Long.MAX_VALUE);
            long count = 0;
            for (int time = 0; time <= now(); time++) {
                Recording.Cut ofStorage = recording.cut(time, storage);
                Recording.Cut ofMap = recording.cut(time, map);
                List<Survival> choicesOfMap = Survival.choices(ofMap.unflushed(), SUBSETS_MAX, random);
                List<Survival> choicesOfStorage = Survival.choices(ofStorage.unflushed(), SUBSETS_MAX, random);
                for (int i = 0; i < Math.max(choicesOfMap.size(), choicesOfStorage.size()); i++) {
                    Survival one = choicesOfStorage.get(i % choicesOfStorage.size());
                    Survival other = choicesOfMap.get(i % choicesOfMap.size());
                    check(new LazySample(ofStorage.disk(storageBefore, one), ofMap.disk(mapBefore, other)), time);
                    count++;
                }
                check(new LazySample(
                        ofStorage.disk(storageBefore, Survival.nothing()), ofMap.disk(mapBefore, Survival.everything())), time);
                count++;
            }
            return count;
        }

        private void check(LazySample found, int time) throws DiskException {
            byte[] content = new Blocking(found.open()).read(0, SIZE);
            assertThat(model.complaint(content, time)).as("seed %d, cut after event %d", seed, time).isEmpty();
        }

        /// Goes on with what a cut at this moment has left.
        Life cutAndReopen(Random choice) throws DiskException {
            var found = new LazySample(
                    recording.cut(now(), storage).disk(storageBefore, Survival.random(choice)),
                    recording.cut(now(), map).disk(mapBefore, Survival.random(choice)));
            check(new LazySample(found.storage().copy(), found.descriptor().copy()), now());
            return Life.of(choice.nextLong(), found);
        }
    }
}
