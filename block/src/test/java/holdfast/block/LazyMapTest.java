package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// How much of each block has been initialised.
class LazyMapTest {
    @Test
    void aMapHasTheWatermarksOfItsBlocks() {
        var map = new LazyMap(16 << 20, 1L << 33);
        map.raise(0, 3 << 20);
        map.raise(16 << 20, 48 << 20);
        var again = new LazyMap(16 << 20, 1L << 33);
        for (LazyMap.Sector sector : map.takeDirty()) {
            assertThat(again.load(sector.index(), sector.bytes())).isEmpty();
            assertThat(new LazyMap(16 << 20, 1L << 33).load(sector.index() + 1, sector.bytes()))
                    .as("read at another place").isPresent();
            assertThat(new LazyMap(16 << 20, 1 << 20).load(sector.index(), sector.bytes()))
                    .as("of a larger disk").isPresent();
        }
        assertThat(again.pendingBytes()).isEqualTo((1L << 33) - (35 << 20));
        assertThat(again.run(0, 64 << 20)).isEqualTo(new LazyMap.Run(true, 3 << 20));
        assertThat(again.run(3 << 20, 64 << 20)).isEqualTo(new LazyMap.Run(false, 16 << 20));
        assertThat(again.run(16 << 20, 64 << 20)).isEqualTo(new LazyMap.Run(true, 48 << 20));
        assertThat(again.run(1L << 32, 1L << 33)).isEqualTo(new LazyMap.Run(false, 1L << 33));
        assertThat(Arrays.asList(map.isDurable(0, 1), again.isDurable(0, 1))).containsExactly(false, true);
    }
}
