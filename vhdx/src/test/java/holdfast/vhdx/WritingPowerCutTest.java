package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.MemoryDevice;
import holdfast.block.PowerCutModel;
import holdfast.block.RecordingDevice;
import holdfast.block.Survival;
import holdfast.testkit.Campaign;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The power fails at every event at the file, each time with several choices of what survives of what was not flushed; the
/// disk is opened, and what was flushed must be there, nothing that nobody wrote, and a new identifier if anything differs.
class WritingPowerCutTest {
    private static final int MIB = Life.MIB;
    private static final int BLOCKS = Life.BLOCKS;

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "4, true"})
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
        for (int generation = 0; generation < 20; generation++) {
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
    @CsvSource({"31, false", "32, true"})
    void whatWasFlushedSurvivesWhenRequestsRunSideBySide(long seed, boolean child) throws Exception {
        var life = new Life(seed, child, null, null);
        for (int i = 0; i < 8; i++) {
            life.burst();
        }
        life.device().close();
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
        life.device().close();
        assertThat(life.checkAllCuts()).isGreaterThan(400);
    }

    @Test
    @Tag("long")
    void whatWasFlushedSurvivesAMillionCuts() throws Exception {
        Campaign.run("power cuts of VHDX disks", 1_000_000, seed -> new Life(seed, seed % 2 == 0, null, null).cutEverywhere(60));
    }
}
