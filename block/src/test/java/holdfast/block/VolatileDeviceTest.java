package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VolatileDeviceTest extends BlockDeviceContract {
    private final MemoryDevice stable = new MemoryDevice(new ByteSize(SIZE));

    @Override
    protected BlockDevice open() {
        return new VolatileDevice(stable);
    }

    private VolatileDevice volatileDevice() {
        return (VolatileDevice) device();
    }

    @Test
    void aPowerCutLosesWhatWasNotFlushedAndKeepsTheRest() throws Exception {
        byte[] flushed = Noise.of(1).bytes(4096);
        byte[] forced = Noise.of(2).bytes(4096);
        disk().write(0, flushed);
        disk().flush();
        disk().write(8192, forced, true);
        disk().write(0, Noise.of(3).bytes(4096));
        disk().write(8192, Noise.of(4).bytes(4096));
        volatileDevice().cutPower(Survival.nothing());
        volatileDevice().restorePower();
        assertThat(disk().read(0, 4096)).isEqualTo(flushed);
        assertThat(disk().read(8192, 4096)).isEqualTo(forced);
    }

    @Test
    void nothingIsAnsweredWithoutPower() throws Exception {
        volatileDevice().cutPower(new Random(1));
        assertThatThrownBy(() -> disk().read(0, 512)).hasMessageContaining("IO_ERROR");
        assertThatThrownBy(() -> disk().flush()).hasMessageContaining("IO_ERROR");
        volatileDevice().restorePower();
        disk().flush();
    }

    @Test
    void differentPartsAreLostUnderDifferentSeeds() throws Exception {
        var found = new HashSet<Integer>();
        for (int seed = 0; seed < 20; seed++) {
            disk().writeZeroes(0, 4096);
            disk().flush();
            disk().write(0, Noise.of(1).bytes(4096));
            volatileDevice().cutPower(new Random(seed));
            volatileDevice().restorePower();
            found.add(Arrays.hashCode(disk().read(0, 4096)));
        }
        assertThat(found).hasSizeGreaterThan(3);
    }
}
