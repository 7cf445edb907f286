package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MemoryDeviceTest extends BlockDeviceContract {
    @Override
    protected BlockDevice open() {
        return new MemoryDevice(new ByteSize(SIZE));
    }

    @Test
    void aDiskLargerThanMemoryTakesRoomForWhatIsWrittenAlone() throws Exception {
        try (var large = new MemoryDevice(ByteSize.parse("64T"))) {
            var disk = new Blocking(large);
            disk.write((64L << 40) - 512, Noise.of(1).bytes(512));
            assertThat(disk.extents(0, 64L << 40))
                    .containsExactly(
                            new Extent(0, (64L << 40) - 4096, false, true),
                            new Extent((64L << 40) - 4096, 4096, true, false));
        }
    }

    @Test
    void aCopyGoesItsOwnWay() throws Exception {
        byte[] one = Noise.of(1).bytes(512);
        byte[] two = Noise.of(2).bytes(512);
        disk().write(0, one);
        try (var copy = ((MemoryDevice) device()).copy()) {
            disk().write(0, two);
            assertThat(new Blocking(copy).read(0, 512)).isEqualTo(one);
        }
    }

    @Test
    void whatIsWrittenToACopyOrClearedInItStaysInThatItWasCopiedFrom() throws Exception {
        byte[] content = Noise.of(1).bytes(8192);
        disk().write(0, content);
        try (var copy = ((MemoryDevice) device()).copy()) {
            new Blocking(copy).write(512, Noise.of(2).bytes(512));
            new Blocking(copy).writeZeroes(4096 + 512, 512);
            assertThat(disk().read(0, content.length)).isEqualTo(content);
        }
    }

    @Test
    void zeroedPagesAreGivenBack() throws Exception {
        disk().write(0, Noise.of(1).bytes(16384));
        disk().writeZeroes(512, 16384 - 512);
        assertThat(disk().extents(0, 16384))
                .containsExactly(new Extent(0, 4096, true, false), new Extent(4096, 12288, false, true));
    }
}
