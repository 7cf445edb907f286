package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.Extent;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Chains of random files, every block in a random state, read in random pieces and compared with an array of bytes. What is
/// in the files and not of the disk is 0xDB, and never read.
class ModelTest {
    private static final int MIB = 1 << 20;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aChainReadsAsItsModel(long seed) throws Exception {
        var random = new Random(seed);
        int size = (6 * MIB) + 512 * random.nextInt(4096);
        var samples = new Sample[1 + random.nextInt(4)];
        var model = new byte[0];
        for (int i = samples.length - 1; i >= 0; i--) {
            int block = MIB << random.nextInt(3);
            boolean top = i == samples.length - 1;
            int own = i == 0 ? size : size - 512 * random.nextInt(2048);
            own = Math.max(own, model.length);
            model = Arrays.copyOf(model, own);
            Metadata shape = Sample.dynamic(own, block);
            samples[i] = Sample.inMemory(top ? shape : Sample.over(shape, block, Map.of(
                    ParentLocator.LINKAGE, Guid.text(samples[i + 1].content()))));
            for (int n = 0; n * block < own; n++) {
                fill(samples[i], n, model, random);
            }
        }
        try (VhdxDisk disk = samples[0].open(Arrays.copyOfRange(samples, 1, samples.length))) {
            compare(new Blocking(disk), model, random, seed);
        }
    }

    private static void fill(Sample sample, int block, byte[] model, Random random) throws Exception {
        Metadata shape = sample.metadata();
        int from = block * shape.blockBytes();
        int to = Math.min(model.length, from + shape.blockBytes());
        var data = new byte[to - from];
        random.nextBytes(data);
        int state = random.nextInt(shape.differencing() ? 7 : 5);
        switch (state) {
            case 0 -> {
                if (!shape.differencing()) {
                    Arrays.fill(model, from, to, (byte) 0);
                }
            }
            case BatEntry.UNDEFINED, BatEntry.ZERO, BatEntry.UNMAPPED -> {
                sample.state(block, state);
                Arrays.fill(model, from, to, (byte) 0);
            }
            case 4 -> {
                sample.block(block, data);
                System.arraycopy(data, 0, model, from, data.length);
            }
            default -> {
                BitSet own = runs(data.length / 512, random);
                sample.partial(block, own, data);
                own.stream().forEach(sector -> System.arraycopy(data, sector * 512, model, from + sector * 512, 512));
            }
        }
    }

    private static BitSet runs(int sectors, Random random) {
        var own = new BitSet(sectors);
        for (int at = 0; at < sectors; ) {
            int end = Math.min(sectors, at + 1 + (random.nextBoolean() ? random.nextInt(8) : random.nextInt(600)));
            own.set(at, end, random.nextBoolean());
            at = end;
        }
        return own;
    }

    private static void compare(Blocking disk, byte[] model, Random random, long seed) throws Exception {
        for (int i = 0; i < 200; i++) {
            int sectors = model.length / 512;
            int from = random.nextInt(sectors);
            int count = 1 + random.nextInt(Math.min(sectors - from, random.nextBoolean() ? 16 : 5000));
            assertThat(disk.read(from * 512L, count * 512))
                    .as("seed %d, %d sectors at %d", seed, count, from)
                    .isEqualTo(Arrays.copyOfRange(model, from * 512, (from + count) * 512));
        }
        assertThat(disk.read(0, model.length)).as("seed %d", seed).isEqualTo(model);
        for (Extent extent : disk.extents(0, model.length)) {
            for (long at = extent.offset(); extent.readsZero() && at < extent.end(); at++) {
                assertThat(model[(int) at]).as("seed %d, byte %d", seed, at).isZero();
            }
        }
    }
}
