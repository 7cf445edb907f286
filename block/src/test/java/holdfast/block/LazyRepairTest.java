package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.LazyLayer.Filling;
import holdfast.testkit.Campaign;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A lazy disk whose last writer did not close it, and one copy of whose descriptor is damaged.
class LazyRepairTest {
    private static final int SIZE = 72 << 10;
    private static final int BLOCK = 8192;
    private static final byte[] DATA = Noise.of(1).bytes(4096);

    /// @param changes of its descriptor before the last
    private static LazySample unclosed(int changes) throws DiskException {
        LazySample sample = LazySample.of(SIZE, BLOCK, Filling.BEFORE);
        for (int i = 0; i < changes; i++) {
            LazyDevice closed = LazySample.open(sample.storage().copy(), sample.descriptor().copy());
            closed.close();
            DescriptorFile file = DescriptorFile.read(sample.descriptor(), "descriptor");
            file.begin();
            file.finish(StorageLayer.fingerprintOf(sample.storage()));
        }
        var disk = new Blocking(sample.open());
        disk.write(0, DATA);
        disk.write(5 * BLOCK + 512, DATA);
        disk.flush();
        return new LazySample(sample.storage().copy(), sample.descriptor().copy());
    }

    /// Damages the slot that does not count.
    private static LazySample damaged(LazySample sample) throws DiskException {
        long counts = DescriptorFile.read(sample.descriptor(), "descriptor").descriptor().slotOffset();
        new Blocking(sample.descriptor()).write(DescriptorFile.STATE_OFFSET - HeaderSlot.BYTES - counts, Noise.of(2).bytes(512));
        return sample;
    }

    private static byte[] content(LazySample found) throws DiskException {
        return new Blocking(found.open()).read(0, SIZE);
    }

    @Test
    void whatIsInOrderIsLeftAsItIs() throws Exception {
        LazySample sample = LazySample.of(SIZE, BLOCK, Filling.BEFORE);
        var descriptor = new RecordingDevice(sample.descriptor());
        assertThat(DescriptorFile.read(descriptor, "descriptor").hasDamagedSlot()).as("one is not written yet").isFalse();
        assertThat(LazySample.open(sample.storage(), descriptor).repair()).isEmpty();
        assertThat(descriptor.recording().events()).noneMatch(event ->
                event instanceof Recording.Event.Submitted(int _, Request request) && request instanceof Request.Write);
    }

    @Test
    void aDamagedCopyIsWrittenAnewAndTheStorageIsNoted() throws Exception {
        LazySample sample = damaged(unclosed(1));
        byte[] before = content(sample);
        assertThat(sample.open().repair()).containsExactly(
                "wrote the damaged one of its descriptor's two copies anew", "noted what its storage is, as its last writer did not");
        DescriptorFile file = DescriptorFile.read(sample.descriptor(), "descriptor");
        assertThat(file.hasDamagedSlot()).isFalse();
        assertThat(file.descriptor().closed()).isTrue();
        assertThat(file.descriptor().storage().fingerprint()).isEqualTo(StorageLayer.fingerprintOf(sample.storage()));
        assertThat(content(sample)).isEqualTo(before).startsWith(DATA);
    }

    @Test
    void aCutAnywhereLeavesTheSameDiskAndARepairThatCanBeBegunAgain() throws Exception {
        assertThat(cutEverywhere(0, 20)).isGreaterThan(200);
    }

    @Test
    @Tag("long")
    void aMillionCutsLeaveTheSameDiskAndARepairThatCanBeBegunAgain() throws Exception {
        Campaign.run("power cuts of repairs of lazy disks", 1_000_000, seed -> cutEverywhere(seed << 32, 1000));
    }

    /// @return how many disks were looked at
    private static int cutEverywhere(long firstSeed, int choices) throws Exception {
        int looked = 0;
        for (int changes = 0; changes < 2; changes++) {
            LazySample sample = damaged(unclosed(changes));
            byte[] before = content(sample);
            var recording = new Recording();
            var storage = new RecordingDevice(sample.storage().copy(), recording);
            var descriptor = new RecordingDevice(sample.descriptor().copy(), recording);
            assertThat(LazySample.open(storage, descriptor).repair()).hasSize(2);
            for (int time = 0; time <= recording.events().size(); time++) {
                for (long seed = firstSeed; seed < firstSeed + choices; seed++) {
                    Survival survival = Survival.random(new Random(seed));
                    var found = new LazySample(
                            recording.cut(time, storage).disk(sample.storage(), survival),
                            recording.cut(time, descriptor).disk(sample.descriptor(), survival));
                    assertThat(Arrays.equals(content(found), before)).as("cut after event %d, seed %d", time, seed).isTrue();
                    found.open().repair();
                    assertThat(Arrays.equals(content(found), before)).as("repaired after a cut at event %d", time).isTrue();
                    assertThat(found.open().repair()).isEqualTo(List.of());
                    looked++;
                }
            }
        }
        return looked;
    }
}
