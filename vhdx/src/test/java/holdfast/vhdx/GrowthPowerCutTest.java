package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.DiskException;
import holdfast.testkit.Campaign;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A disk grows while it is written to, and the power fails at every event at its file.
class GrowthPowerCutTest {
    /// Within a block, in which something lies past the end.
    private static final long FIRST = 3L * Life.MIB + 6 * 512;

    /// The table of so many blocks does not fit where the first one is.
    private static final long LARGE = 140_000L * Life.MIB;

    private static Life grown(long seed, boolean child) throws DiskException {
        Life life = Life.ofSize(seed, child, FIRST);
        for (int i = 0; i < 4; i++) {
            life.step();
        }
        life.write(3, 0, 6, false);
        life.grow((long) Life.BLOCKS * Life.MIB);
        life.write(5, 0, 3, false); // which the table does not say in the file when it moves
        life.grow(LARGE);
        for (int i = 0; i < 10; i++) {
            life.step();
        }
        life.device().close();
        return life;
    }

    @Test
    void aDiskThatGrowsUnderItsWritersIsSoundAfterAnyCut() throws Exception {
        assertThat(grown(51, false).checkAllCuts(3)).isGreaterThan(300);
    }

    @Test
    void aChildThatGrowsUnderItsWritersIsSoundAfterAnyCut() throws Exception {
        assertThat(grown(52, true).checkAllCuts(3)).isGreaterThan(300);
    }

    @Test
    void aFixedDiskShowsNothingOfTheNewPlaces() throws Exception {
        Life life = Life.ofFixed(53, FIRST);
        life.write(1, 0, 6, false);
        life.write(3, 0, 6, false);
        life.grow((long) Life.BLOCKS * Life.MIB);
        for (int i = 0; i < 4; i++) {
            life.step();
        }
        life.device().close();
        assertThat(life.checkAllCuts(3)).isGreaterThan(100);
    }

    @Test
    @Tag("long")
    void disksThatGrowAreSoundAfterThousandsOfCuts() throws Exception {
        Campaign.run("power cuts of VHDX disks that grow", 100_000, seed -> grown(seed, seed % 2 == 0).checkAllCuts());
    }
}
