package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Campaign;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The power fails at every event at the store, each time with several choices of what survives of what was not flushed;
/// the overlay is opened, and what was flushed must be there, and nothing that nobody wrote.
class OverlayPowerCutTest {
    private static final int SIZE = 96 << 10;
    private static final UUID ID = new UUID(1, 2);

    /// Subsets of the unflushed writes are tried one by one up to this many, then at random.
    private static final int SUBSETS_MAX = 16;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatWasFlushedSurvivesEveryCut(long seed) throws Exception {
        assertThat(Life.of(seed).cutEverywhere(60)).isGreaterThan(2000);
    }

    @Test
    @Tag("long")
    void whatWasFlushedSurvivesAMillionCuts() throws Exception {
        Campaign.run("power cuts of overlays", 1_000_000, seed -> Life.of(seed).cutEverywhere(100));
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
    void anOverlayThatLivesThroughManyCutsStaysSound(long seed) throws Exception {
        var random = new Random(seed);
        var life = Life.of(seed);
        for (int generation = 0; generation < 100; generation++) {
            for (int i = 0; i < 12; i++) {
                life.step();
            }
            life = life.cutAndReopen(random);
        }
    }

    @Test
    void aCutWhileItIsMadeLeavesAWholeOneOrNone() throws Exception {
        var base = new MemoryDevice(new ByteSize(SIZE));
        var empty = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(base)));
        var store = new RecordingDevice(empty.copy());
        OverlayStore.format(base, "base", store, "store", ID);
        int events = store.recording().events().size();
        int whole = 0;
        for (int time = 0; time <= events; time++) {
            for (int seed = 0; seed < 20; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(empty, Survival.random(new Random(seed)));
                whole += isOverlay(found) ? 1 : 0;
            }
            assertThat(time < events || whole >= 20).as("made when it says so").isTrue();
        }
    }

    private static boolean isOverlay(MemoryDevice store) throws DiskException {
        try {
            OverlayStore.read(store, "store");
            return true;
        } catch (OperatorError e) {
            assertThat(e).hasMessageContaining("is no overlay");
            return false;
        }
    }

    @Test
    void aCutWhileAnotherBaseIsAcceptedLeavesTheOldOrTheNew() throws Exception {
        var base = new MemoryDevice(new ByteSize(SIZE));
        var named = new NamedDevice(base, "one");
        var empty = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(base)));
        OverlayStore.format(named, "base one".repeat(200), empty, "store", ID);
        MemoryDevice before = empty.copy();
        var store = new RecordingDevice(empty);
        OverlayStore.read(store, "store").accept(new NamedDevice(base, "two"), "base two".repeat(200));
        for (int time = 0; time <= store.recording().events().size(); time++) {
            for (int seed = 0; seed < 20; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                assertThat(OverlayStore.read(found, "store").header().baseIdentity()).isIn("one", "two");
            }
        }
        OverlayStore now = OverlayStore.read(empty, "store");
        now.checkBase(new NamedDevice(base, "two"));
        assertThatThrownBy(() -> now.checkBase(named)).hasMessageContaining("base two is not what it was (then two, now one)");
    }

    @Test
    void aClusterThatAppearsWhileAFlushRunsIsNotShownBeforeItsDataIsDurable() throws Exception {
        var base = new MemoryDevice(new ByteSize(SIZE));
        var empty = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(base)));
        OverlayStore formatted = OverlayStore.format(base, "base", empty, "store", ID);
        var leavings = new byte[SIZE];
        Arrays.fill(leavings, (byte) 0xdb);
        new Blocking(empty).write(formatted.header().dataOffset(), leavings);

        var holding = new FaultyDevice(empty.copy(), request -> request instanceof Request.Flush
                ? new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None())
                : new Fault.None());
        var store = new RecordingDevice(holding);
        var overlay = new Overlay(base, OverlayStore.read(store, "store"), true);
        var disk = new Blocking(overlay);
        var data = new byte[4096];
        Arrays.fill(data, (byte) 1);
        disk.write(0, data);
        Submitted flush = Submitted.to(overlay, Request.Flush::new);
        awaitHeld(holding);
        disk.write(4096, data);
        while (!flush.isEnded()) {
            holding.release();
            Thread.onSpinWait();
        }
        int events = store.recording().events().size();
        for (int time = 0; time <= events; time++) {
            for (int seed = 0; seed < 50; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(empty, Survival.random(new Random(seed)));
                var reopened = new Blocking(new Overlay(base, OverlayStore.read(found, "store"), true));
                for (byte each : reopened.read(0, 8192)) {
                    assertThat(each).as("cut after event %d, seed %d", time, seed).isIn((byte) 0, (byte) 1);
                }
            }
        }
    }

    private static void awaitHeld(FaultyDevice device) {
        while (device.held() == 0) {
            Thread.onSpinWait();
        }
    }

    private static final class Life extends CutLife {
        private final MemoryDevice base;
        private final MemoryDevice storeBefore;

        private Life(long seed, MemoryDevice base, MemoryDevice storeBefore, RecordingDevice store) throws DiskException {
            super(seed, new Overlay(base, OverlayStore.read(store, "store"), true), store.recording());
            this.base = base;
            this.storeBefore = storeBefore;
        }

        /// From the beginning, with a base that holds something and a store that holds leavings of others.
        static Life of(long seed) throws DiskException {
            MemoryDevice base = baseOf(seed);
            return of(seed, base, fresh(base));
        }

        private static Life of(long seed, MemoryDevice base, MemoryDevice store) throws DiskException {
            return new Life(seed, base, store.copy(), new RecordingDevice(store));
        }

        @Override
        public boolean isOfZeros() {
            return random.nextInt(5) == 0;
        }

        private static MemoryDevice baseOf(long seed) throws DiskException {
            var base = new MemoryDevice(new ByteSize(SIZE));
            new Blocking(base).write(0, Noise.of(-seed).bytes(SIZE));
            return base;
        }

        /// The places of the clusters hold something already, as after cuts: it must never be seen.
        private static MemoryDevice fresh(MemoryDevice base) throws DiskException {
            var store = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(base)));
            OverlayStore formatted = OverlayStore.format(base, "base", store, "store", ID);
            var leavings = new byte[SIZE];
            Arrays.fill(leavings, (byte) 0xdb);
            new Blocking(store).write(formatted.header().dataOffset(), leavings);
            return store;
        }

        long cutEverywhere(int operations) throws DiskException {
            for (int i = 0; i < operations; i++) {
                step();
            }
            return checkAllCuts();
        }

        /// One random request, waited for.
        void step() throws DiskException {
            int block = random.nextInt(model.blocks());
            int blocks = Math.min(model.blocks() - block, 1 + random.nextInt(random.nextInt(4) == 0 ? 40 : 4));
            boolean force = random.nextInt(6) == 0;
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3, 4 -> write(block, blocks, force);
                case 5 -> zero(block, blocks, force);
                case 6 -> discard(block, blocks);
                case 7, 8 -> flush();
                default -> disk.read(block * 512L, blocks * 512);
            }
        }

        /// Afterwards a block is as it was, or zero; once read it does not change.
        private void discard(int block, int blocks) throws DiskException {
            int submitted = now();
            disk.discard(block * 512L, blocks * 512L);
            byte[] found = disk.read(block * 512L, blocks * 512);
            for (int i = 0; i < blocks; i++) {
                model.write(block + i, Arrays.copyOfRange(found, i * 512, i * 512 + 512), submitted);
            }
        }

        /// @return how many disks were looked at
        long checkAllCuts() throws DiskException {
            device.drain(Long.MAX_VALUE);
            long count = 0;
            for (int time = 0; time <= now(); time++) {
                Recording.Cut cut = recording.cut(time);
                for (Survival survival : Survival.choices(cut.unflushed(), SUBSETS_MAX, random)) {
                    check(cut.disk(storeBefore, survival), time);
                    count++;
                }
            }
            return count;
        }

        private void check(MemoryDevice found, int time) throws DiskException {
            var reopened = new Overlay(base, OverlayStore.read(found, "store"), true);
            byte[] content = new Blocking(reopened).read(0, SIZE);
            assertThat(model.complaint(content, time)).as("seed %d, cut after event %d", seed, time).isEmpty();
        }

        /// Goes on with what a cut at this moment has left.
        Life cutAndReopen(Random choice) throws DiskException {
            MemoryDevice found = recording.cut(now()).disk(storeBefore, Survival.random(choice));
            check(found, now());
            return Life.of(choice.nextLong(), base, found);
        }
    }
}
