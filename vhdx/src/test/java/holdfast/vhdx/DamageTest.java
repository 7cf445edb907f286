package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is wrong in a file is said in one sentence, and the file is not opened.
class DamageTest {
    private static final int MIB = 1 << 20;

    private interface Harm {
        void to(Sample sample) throws Exception;
    }

    private record Case(String says, Harm harm) {
        @Override
        public String toString() {
            return says;
        }
    }

    private static Sample sound() throws DiskException {
        return Sample.inMemory(Sample.dynamic(8 * MIB, MIB)).block(0, new byte[] {1}).block(3, new byte[] {2});
    }

    private static Region region(UUID id, long offsetMib, long mib) {
        return new Region(id, offsetMib * MIB, mib * MIB, true);
    }

    private static Case metadata(String says, Metadata metadata) {
        return new Case(says, sample -> sample.put(Sample.METADATA_OFFSET, metadata.encode()));
    }

    private static Metadata shape(int block, long size, int sector) {
        return new Metadata(block, false, false, size, new UUID(1, 2), sector, 4096, null);
    }

    static Stream<Case> cases() {
        UUID other = new UUID(66, 66);
        Region bat = region(Region.BAT, 3, 1);
        Region metadata = region(Region.METADATA, 2, 1);
        return Stream.of(
                new Case("is no VHDX file", sample -> sample.put(0, new byte[8])),
                new Case("neither of its two headers has a valid checksum", sample -> sample
                        .put(Header.FIRST_OFFSET + 100, new byte[] {1}).put(Header.SECOND_OFFSET + 100, new byte[] {1})),
                new Case("neither of its two region tables has a valid checksum", sample -> sample
                        .put(RegionTable.FIRST_OFFSET + 9000, new byte[] {1})
                        .put(RegionTable.SECOND_OFFSET + 9000, new byte[] {1})),
                new Case("its two region tables are both whole and say different things", sample -> sample
                        .put(RegionTable.SECOND_OFFSET, new RegionTable(List.of(metadata, region(Region.BAT, 4, 1))).encode())),
                new Case("it has no block allocation table", sample -> sample.regions(List.of(metadata))),
                new Case("it has no metadata", sample -> sample.regions(List.of(bat))),
                new Case("needs a feature that is not known here: region {00000000-0000-0042-0000-000000000042}",
                        sample -> sample.regions(List.of(metadata, bat, region(other, 4, 1)))),
                new Case("two of its regions are one", sample -> sample.regions(List.of(metadata, region(Region.BAT, 2, 1)))),
                new Case("its log lies within another region", sample -> sample.regions(List.of(metadata, region(Region.BAT, 1, 1)))),
                new Case("a region is said to be", sample -> sample.regions(List.of(metadata, new Region(Region.BAT, 3 << 20, 4096, true)))),
                new Case("its block allocation table is not all there", sample -> sample.regions(List.of(metadata, region(Region.BAT, 4000, 1)))),
                new Case("its block allocation table is not all there", sample -> sample.regions(List.of(metadata, region(Region.BAT, 3, 0)))),
                new Case("it ends before its metadata does", sample -> sample.regions(List.of(region(Region.METADATA, 4000, 1), bat))),
                new Case("its metadata does not begin as metadata does", sample -> sample.put(Sample.METADATA_OFFSET, new byte[8])),
                new Case("it does not say its block size", sample -> sample.put(Sample.METADATA_OFFSET + 10, new byte[2])),
                new Case("it says a part of its id only", sample -> sample.put(Sample.METADATA_OFFSET + 116, new byte[] {15})),
                new Case("is said to have 1024 metadata items", sample -> sample.put(Sample.METADATA_OFFSET + 10, new byte[] {0, 4})),
                new Case("two metadata items have the id", sample -> sample.put(Sample.METADATA_OFFSET + 64,
                        Storage.read(sample.disk(), Sample.METADATA_OFFSET + 32, 32))),
                new Case("needs a feature that is not known here: metadata", sample ->
                        sample.put(Sample.METADATA_OFFSET + 32, new byte[] {7})),
                new Case("a metadata item is said to be", sample -> sample.put(Sample.METADATA_OFFSET + 32 + 18, new byte[] {99})),
                metadata("its blocks are said to have 3145728 bytes", shape(3 * MIB, 8 * MIB, 512)),
                metadata("its blocks are said to have 524288 bytes", shape(MIB / 2, 8 * MIB, 512)),
                metadata("its blocks are said to have 536870912 bytes", shape(512 * MIB, 8 * MIB, 512)),
                metadata("its sectors are said to have 1024", shape(MIB, 8 * MIB, 1024)),
                metadata("its size is said to be 0 bytes", shape(MIB, 0, 512)),
                metadata("its size is said to be 1000 bytes", shape(MIB, 1000, 512)),
                metadata("its size is said to be 70368744178176 bytes", shape(MIB, (64L << 40) + 512, 512)),
                metadata("its block allocation table is not all there", shape(MIB, 1L << 40, 512)),
                new Case("block 1 is in state 4, which there is not", sample -> sample.state(1, 4)),
                new Case("block 1 is there in part, and there is no parent", sample -> sample.state(1, BatEntry.PARTIALLY_PRESENT)),
                new Case("block 1 is said to be at byte 0 of a file", sample -> sample.state(1, BatEntry.FULLY_PRESENT)),
                new Case("block 1 is said to be at byte 1152921504606846976",
                        sample -> sample.entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, 1L << 60))),
                new Case("block 1 is said to be at byte 18446744073708503040",
                        sample -> sample.entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, -MIB))),
                new Case("block 3 lies where something else is", sample -> sample.entry(3, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - 2 * MIB))),
                new Case("block 1 lies where something else is, at byte 1048576", sample -> sample.entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, MIB))),
                new Case("block 1 lies where something else is, at byte 2097152", sample -> sample.entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, 2 * MIB))),
                new Case("block 1 lies where something else is, at byte 3145728", sample -> sample.entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, 3 * MIB))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isSaid(Case one) throws Exception {
        Sample sample = sound();
        one.harm.to(sample);
        assertThatThrownBy(sample::file)
                .isInstanceOf(OperatorError.class)
                .hasMessageStartingWith("sample.vhdx: ")
                .hasMessageContaining(one.says);
    }

    static Stream<Case> casesOfChildren() {
        return Stream.of(
                new Case("a block is there in part, and the bitmap that says which part is not", sample ->
                        sample.entry(1, BatEntry.of(BatEntry.PARTIALLY_PRESENT, sample.end() - MIB))),
                new Case("sector bitmap 0 is in state 3, which there is not", sample -> sample.entry(4096, BatEntry.of(3, 0))),
                new Case("sector bitmap 0 lies where something else is", sample ->
                        sample.entry(4096, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - MIB))
                                .entry(1, BatEntry.of(BatEntry.FULLY_PRESENT, sample.end() - MIB))));
    }

    @ParameterizedTest
    @MethodSource("casesOfChildren")
    void isSaidOfChildren(Case one) throws Exception {
        Sample child = Sample.inMemory(Sample.over(sound(), "p.vhdx")).block(0, new byte[] {1});
        one.harm.to(child.entry(0, 0));
        assertThatThrownBy(child::file).isInstanceOf(OperatorError.class).hasMessageContaining(one.says);
    }

    @Test
    void oneOfTwoRegionTablesIsEnough() throws Exception {
        for (long offset : new long[] {RegionTable.FIRST_OFFSET, RegionTable.SECOND_OFFSET}) {
            Sample sample = sound().put(offset + 100, new byte[] {1});
            try (VhdxDisk disk = sample.open()) {
                assertThat(new Blocking(disk).read(3 * MIB, 512)[0]).isEqualTo((byte) 2);
            }
        }
    }

    @Test
    void whatIsNotRequiredNeedNotBeKnown() throws Exception {
        Sample sample = sound().regions(List.of(
                region(Region.METADATA, 2, 1), region(Region.BAT, 3, 1), new Region(new UUID(6, 6), 20 << 20, MIB, false)));
        sample.open().close();
    }

    /// QEMU before version 8.1 leaves something there.
    @Test
    void entriesOfBitmapsMeanNothingWithoutAParent() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(5L << 30, MIB)).block(4097, new byte[] {5});
        sample.entry(4096, BatEntry.of(5, 77 << 20));
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(4097L * MIB, 512)[0]).isEqualTo((byte) 5);
        }
    }

    @Test
    void aFileThatEndsTooSoonIsRefused() throws Exception {
        Sample sample = sound();
        for (long bytes : new long[] {512, 1024, 64 << 10, 512 << 10, MIB, 2 * MIB, 3 * MIB, sample.end() - MIB}) {
            var cut = new MemoryDevice(new ByteSize(bytes));
            new Blocking(cut).write(0, sample.disk().read(0, (int) bytes));
            assertThatThrownBy(() -> VhdxFile.of(cut, "cut.vhdx")).isInstanceOf(OperatorError.class);
        }
    }

    /// Bytes changed at random, in structures whose checksums are made right again half of the time.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    @Timeout(60)
    void whateverAFileSaysItIsReadOrRefused(long seed) throws Exception {
        var random = new Random(seed);
        int opened = 0;
        for (int i = 0; i < 150; i++) {
            Sample sample = sound();
            sample.log(new UUID(1, 1), 0, List.of(new LogEntry(
                    new UUID(1, 1), 0, 0, 1, 0, 0, List.of(new LogEntry.Write.Zeros(sample.end() - MIB, 4096)))));
            for (int n = random.nextInt(3); n >= 0; n--) {
                harm(sample, random);
            }
            try (VhdxDisk disk = sample.open()) {
                opened++;
                new Blocking(disk).read(0, (int) Math.min(MIB, disk.geometry().sizeBytes()));
            } catch (OperatorError | DiskException e) {
                assertThat(e).as("seed %d", seed).hasMessageNotContaining("Exception");
            }
        }
        assertThat(opened).isBetween(1, 149);
    }

    private static void harm(Sample sample, Random random) throws DiskException {
        long[] starts = {0, Header.FIRST_OFFSET, Header.SECOND_OFFSET, RegionTable.FIRST_OFFSET, Sample.LOG_OFFSET,
            Sample.METADATA_OFFSET, Sample.METADATA_OFFSET + MetadataTable.BYTES, Sample.BAT_OFFSET};
        int[] lengths = {0, Header.BYTES, Header.BYTES, RegionTable.BYTES, 4096, 0, 0, 0};
        int which = random.nextInt(starts.length);
        long at = starts[which] + random.nextInt(8, 128);
        var bytes = new byte[1 + random.nextInt(4)];
        random.nextBytes(bytes);
        sample.put(at, bytes);
        if (lengths[which] > 0 && random.nextBoolean()) {
            byte[] structure = Storage.read(sample.disk(), starts[which], lengths[which]);
            Checksum.seal(structure);
            sample.put(starts[which], structure);
        }
    }
}
