package holdfast.disk;

import static holdfast.disk.ProvisionedSample.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.CutLife;
import holdfast.block.DiskException;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.MemoryDevice;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import holdfast.block.Submitted;
import holdfast.block.Survival;
import holdfast.testkit.Campaign;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The power fails at every event at storage or map of a provisioned disk, each time with several choices of what survives of what was not
/// flushed in the one and in the other; the disk is opened, and what was flushed must be there, the image everywhere else, never what the
/// storage held before; and whatever is not the image's must be known as that.
@Timeout(120)
class ProvisionedPowerCutTest {
    private static final int SIZE = 72 << 10;

    /// Subsets of the unflushed writes are tried one by one up to this many, then at random.
    private static final int SUBSETS_MAX = 16;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatWasFlushedSurvivesEveryCutAndTheRestIsTheImages(long seed) throws Exception {
        assertThat(new Life(seed).cutEverywhere(60)).isGreaterThan(1500);
    }

    @Test
    void noCutShowsWhatTheStorageHeldBefore() throws Exception {
        assertThat(new Life(8).cutEverywhere(60)).isGreaterThan(1500);
    }

    /// What has arrived is read first, and then written.
    @Test
    void noCutHidesThatABlockWasModified() throws Exception {
        var life = new Life(9);
        life.disk.read(0, SIZE / 2);
        life.device.drain(Long.MAX_VALUE);
        life.disk.flush();
        assertThat(life.cutEverywhere(40)).isGreaterThan(1000);
    }

    @Test
    void aBlockThatArrivesWhileAFlushRunsIsNotShownBeforeItIsDurable() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var holding = new FaultyDevice(sample.storage().copy(), request -> request instanceof Request.Flush
                ? new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None())
                : new Fault.None());
        var recording = new Recording();
        var storage = new RecordingDevice(holding, recording);
        var map = new RecordingDevice(sample.descriptor().copy(), recording);
        ProvisionedDevice device = ProvisionedSample.open(storage, map, sample.shared(), ProvisionedSample.LONG);
        new Blocking(device).read(0, BLOCK);
        device.drain(Long.MAX_VALUE);
        Submitted flush = Submitted.to(device, Request.Flush::new);
        while (holding.held() == 0 && !flush.isEnded()) {
            Thread.onSpinWait();
        }
        new Blocking(device).read(2 * BLOCK, BLOCK);
        while (device.presence().absentBytes() > SIZE - 2 * BLOCK) {
            Thread.onSpinWait();
        }
        while (!flush.isEnded()) {
            holding.release();
            Thread.onSpinWait();
        }
        for (int time = 0; time <= recording.events().size(); time++) {
            var found = new ProvisionedSample(
                    sample.image(),
                    recording.cut(time, storage).disk(sample.storage(), Survival.nothing()),
                    recording.cut(time, map).disk(sample.descriptor(), Survival.everything()));
            assertThat(new Blocking(found.open(found.shared())).read(0, SIZE)).as("cut after event %d", time).isEqualTo(sample.content());
        }
    }

    @Test
    @Tag("long")
    @Timeout(value = 6, unit = TimeUnit.HOURS)
    void whatWasFlushedSurvivesAMillionCuts() throws Exception {
        Campaign.run("power cuts of arriving disks", 1_000_000, seed -> new Life(seed).cutEverywhere(100));
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void whatWasFlushedSurvivesWhenRequestsRunSideBySide(long seed) throws Exception {
        var life = new Life(seed);
        for (int i = 0; i < 5; i++) {
            life.burst();
        }
        assertThat(life.checkAllCuts()).isGreaterThan(300);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void aDiskThatLivesThroughManyCutsStaysSound(long seed) throws Exception {
        var random = new Random(seed);
        var life = new Life(seed);
        for (int generation = 0; generation < 60; generation++) {
            for (int i = 0; i < 6; i++) {
                life.step();
            }
            life = life.cutAndReopen(random);
        }
    }

    /// A provisioned disk, what it may hold, and what happened below it.
    private static final class Life extends CutLife {
        private final MemoryDevice image;
        private final byte[] imageContent;
        private final MemoryDevice storageBefore;
        private final MemoryDevice mapBefore;
        private final RecordingDevice storage;
        private final RecordingDevice map;

        /// From the beginning.
        Life(long seed) throws DiskException {
            this(seed, ProvisionedSample.of(SIZE));
        }

        private Life(long seed, ProvisionedSample found) throws DiskException {
            var recorded = new Recording();
            var storageNow = new RecordingDevice(found.storage(), recorded);
            var mapNow = new RecordingDevice(found.descriptor(), recorded);
            ProvisionedSample looked = found.again();
            byte[] content = new Blocking(looked.open(looked.shared())).read(0, SIZE);
            storageBefore = found.storage().copy();
            mapBefore = found.descriptor().copy();
            super(seed, ProvisionedSample.open(storageNow, mapNow, found.shared(), ProvisionedSample.LONG), recorded, content);
            image = found.image();
            imageContent = found.content();
            storage = storageNow;
            map = mapNow;
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
                case 0, 1, 2, 3 -> write(block, blocks, force);
                case 4 -> zero(block, blocks, force);
                case 5, 6 -> flush();
                default -> {
                    disk.read(block * 512L, blocks * 512);
                    device.drain(Long.MAX_VALUE);
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
                    check(ofStorage.disk(storageBefore, one), ofMap.disk(mapBefore, other), time);
                    count++;
                }
                check(ofStorage.disk(storageBefore, Survival.nothing()), ofMap.disk(mapBefore, Survival.everything()), time);
                check(ofStorage.disk(storageBefore, Survival.everything()), ofMap.disk(mapBefore, Survival.nothing()), time);
                count += 2;
            }
            return count;
        }

        private void check(MemoryDevice storageNow, MemoryDevice mapNow, int time) throws DiskException {
            var found = new ProvisionedSample(image, storageNow, mapNow);
            PresenceMap shown = found.map();
            boolean arrived = found.hasArrived();
            byte[] content = new Blocking(found.open(found.shared())).read(0, SIZE);
            assertThat(model.complaint(content, time)).as("seed %d, cut after event %d", seed, time).isEmpty();
            for (int block = 0; block < SIZE / BLOCK; block++) {
                boolean images = Arrays.equals(content, block * BLOCK, (block + 1) * BLOCK, imageContent, block * BLOCK, (block + 1) * BLOCK);
                assertThat(images || arrived || shown.isModified(block, block + 1))
                        .as("seed %d, cut after event %d: block %d is not the image's, and not known as that", seed, time, block).isTrue();
            }
        }

        /// Goes on with what a cut at this moment has left.
        Life cutAndReopen(Random choice) throws DiskException {
            device.drain(Long.MAX_VALUE);
            var found = new ProvisionedSample(
                    image,
                    recording.cut(now(), storage).disk(storageBefore, Survival.random(choice)),
                    recording.cut(now(), map).disk(mapBefore, Survival.random(choice)));
            check(found.storage().copy(), found.descriptor().copy(), now());
            return new Life(choice.nextLong(), found);
        }
    }
}
