package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.Extent;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What each state of a block means, in a disk of its own and over a parent.
class ReadingTest {
    private static final int MIB = 1 << 20;

    private static byte[] filled(int length, int value) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {BatEntry.NOT_PRESENT, BatEntry.UNDEFINED, BatEntry.ZERO, BatEntry.UNMAPPED})
    void aBlockWithoutDataReadsAsZeros(int state) throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(0, filled(MIB, 1)).state(1, state);
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(MIB - 512, 1024)).isEqualTo(concat(filled(512, 1), new byte[512]));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {BatEntry.UNDEFINED, BatEntry.ZERO, BatEntry.UNMAPPED})
    void aBlockWithoutDataThatHasAPlaceStillReadsAsZeros(int state) throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(1, filled(MIB, 1));
        sample.entry(1, BatEntry.of(state, sample.end() - MIB));
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(0, 4 * MIB)).containsOnly(0);
        }
    }

    @Test
    void onlyABlockThatIsNotPresentIsTheParents() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(6 * MIB, MIB));
        for (int block = 0; block < 6; block++) {
            parent.block(block, filled(MIB, 7));
        }
        Sample child = Sample.inMemory(Sample.over(parent, "p.vhdx"))
                .state(1, BatEntry.UNDEFINED)
                .state(2, BatEntry.ZERO)
                .state(3, BatEntry.UNMAPPED)
                .block(4, filled(MIB, 9));
        try (VhdxDisk disk = child.open(parent)) {
            byte[] all = new Blocking(disk).read(0, 6 * MIB);
            int[] expected = {7, 0, 0, 0, 9, 7};
            for (int block = 0; block < 6; block++) {
                assertThat(Arrays.copyOfRange(all, block * MIB, (block + 1) * MIB)).as("block %d", block).containsOnly(expected[block]);
            }
        }
    }

    @Test
    void aBlockThatIsThereInPartIsReadSectorBySector() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(1, filled(MIB, 7));
        var own = new BitSet();
        own.set(0);
        own.set(63, 130);
        own.set(2047);
        Sample child = Sample.inMemory(Sample.over(parent, "p.vhdx")).partial(1, own, filled(MIB, 9));
        try (VhdxDisk disk = child.open(parent)) {
            byte[] block = new Blocking(disk).read(MIB, MIB);
            for (int sector = 0; sector < 2048; sector++) {
                assertThat(Arrays.copyOfRange(block, sector * 512, (sector + 1) * 512))
                        .as("sector %d", sector)
                        .containsOnly(own.get(sector) ? 9 : 7);
            }
            assertThat(new Blocking(disk).read(MIB + 62 * 512, 512)).as("again, from memory").containsOnly(7);
        }
    }

    /// Chunks end at other blocks, entries of bitmaps lie elsewhere: at the borders of both there is another file's data to be
    /// found if one counts wrongly.
    @ParameterizedTest
    @CsvSource({"512, 1", "512, 2", "512, 32", "512, 256", "4096, 1", "4096, 256"})
    void blocksAreFoundOnBothSidesOfAChunksBorder(int sector, int blockMib) throws Exception {
        long chunk = (1L << 23) * sector;
        int block = blockMib * MIB;
        Metadata shape = sector == 512 ? Sample.dynamic(3 * chunk, block) : Sample.sector4096(3 * chunk, block);
        Sample parent = Sample.inMemory(shape);
        long ratio = chunk / block;
        parent.block(ratio - 1, filled(8192, 1));
        Map<String, String> locator = Map.of(ParentLocator.LINKAGE, Guid.text(parent.content()));
        Sample child = Sample.inMemory(Sample.over(shape, block, locator)).block(ratio, filled(8192, 2));
        try (VhdxDisk disk = child.open(parent)) {
            var blocking = new Blocking(disk);
            assertThat(blocking.read(chunk - block, 8192)).containsOnly(1);
            assertThat(blocking.read(chunk, 8192)).containsOnly(2);
            assertThat(blocking.read(2 * chunk - block, 8192)).containsOnly(0);
            assertThat(disk.geometry().logicalBlockBytes()).isEqualTo(sector);
        }
    }

    @Test
    void pastTheEndOfASmallerParentThereAreZeros() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(MIB + 512, MIB)).block(0, filled(MIB, 1)).block(1, filled(512, 2));
        Map<String, String> locator = Map.of(ParentLocator.LINKAGE, Guid.text(parent.content()));
        Sample child = Sample.inMemory(Sample.over(Sample.dynamic(3 * MIB, MIB), MIB, locator));
        try (VhdxDisk disk = child.open(parent)) {
            byte[] all = new Blocking(disk).read(0, 3 * MIB);
            assertThat(Arrays.copyOf(all, MIB)).containsOnly(1);
            assertThat(Arrays.copyOfRange(all, MIB, MIB + 512)).containsOnly(2);
            assertThat(Arrays.copyOfRange(all, MIB + 512, 3 * MIB)).containsOnly(0);
        }
    }

    @Test
    void aChainOfSixtyFourReadsThroughAllOfThem() throws Exception {
        var chain = new Sample[65];
        chain[64] = Sample.inMemory(Sample.dynamic(66 * MIB, MIB)).block(64, filled(MIB, 65));
        for (int i = 63; i >= 0; i--) {
            chain[i] = Sample.inMemory(Sample.over(chain[i + 1], "p.vhdx")).block(i, filled(4096, i + 1));
        }
        try (VhdxDisk disk = chain[0].open(Arrays.copyOfRange(chain, 1, 65))) {
            for (int i = 0; i < 65; i++) {
                assertThat(new Blocking(disk).read((long) i * MIB, 4096)).as("block %d", i).containsOnly(i + 1);
            }
            assertThat(new Blocking(disk).read(65L * MIB, MIB)).containsOnly(0);
        }
    }

    @Test
    void extentsSayWhatIsThereAndJoinNeighbours() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(5 * MIB, MIB)).block(1, filled(MIB, 1));
        Sample child = Sample.inMemory(Sample.over(parent, "p.vhdx")).block(2, filled(MIB, 2)).state(3, BatEntry.ZERO);
        try (VhdxDisk disk = child.open(parent)) {
            assertThat(new Blocking(disk).extents(512, 5 * MIB - 512))
                    .isEqualTo(List.of(
                            new Extent(512, MIB - 512, false, true),
                            new Extent(MIB, 2 * MIB, true, false),
                            new Extent(3 * MIB, 2 * MIB, false, true)));
        }
    }

    @Test
    void nothingCanBeWritten() throws Exception {
        try (VhdxDisk disk = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).open()) {
            var blocking = new Blocking(disk);
            assertThat(disk.geometry().readOnly()).isTrue();
            assertThatThrownBy(() -> blocking.write(0, new byte[512])).hasMessageContaining("READ_ONLY");
            assertThatThrownBy(() -> blocking.discard(0, 512)).hasMessageContaining("READ_ONLY");
            assertThatThrownBy(() -> blocking.read(4 * MIB - 512, 1024)).hasMessageContaining("OUT_OF_RANGE");
            blocking.flush();
            assertThat(blocking.read(4 * MIB, 0)).isEmpty();
        }
    }

    @Test
    void theIdentityIsThatOfEveryFile() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(4 * MIB, MIB));
        Sample child = Sample.inMemory(Sample.over(parent, "p.vhdx"));
        try (VhdxDisk disk = child.open(parent)) {
            assertThat(disk.identity()).hasValue("vhdx " + child.content() + " over " + parent.content());
        }
    }

    private static byte[] concat(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }
}
