package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.LazyLayer.Filling;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A lazy disk in files that gets larger.
class LazyGrowthTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    Path directory;

    @Test
    void whatADiskGrowsByIsNotInitialized() throws Exception {
        var leavings = new byte[SIZE];
        Arrays.fill(leavings, LazySample.FOREIGN);
        Path storage = Files.write(directory.resolve("lun"), leavings);
        var half = new MemoryDevice(new ByteSize(SIZE / 2));
        Path file = directory.resolve("half");
        Files.write(file, new byte[16384]);
        RawFile device = RawFile.open(storage, Access.READ_WRITE);
        DescriptorFile descriptor = DescriptorFile.format(
                RawFile.open(file, Access.READ_WRITE),
                LazySample.descriptor(half.geometry(), 4096, Filling.WHOLE_BLOCK, StorageLayer.fingerprintOf(device)),
                "descriptor");
        var lazy = new LazyDevice(device, descriptor, descriptor.descriptor().lazy(), () -> {});
        byte[] data = Noise.of(1).bytes(SIZE / 2);
        new Blocking(lazy).write(0, data);
        lazy.grow(SIZE);
        assertThat(lazy.pendingBytes()).isEqualTo(SIZE / 2);
        lazy.grow(2 * SIZE);
        assertThat(new Blocking(lazy).read(SIZE / 2, 3 * SIZE / 2)).containsOnly(0);
        new Blocking(lazy).write(SIZE, data);
        lazy.close();
        var again = new Blocking(LazySample.open(RawFile.open(storage, Access.READ_ONLY), RawFile.open(file, Access.READ_ONLY)));
        var expected = new byte[2 * SIZE];
        System.arraycopy(data, 0, expected, 0, SIZE / 2);
        System.arraycopy(data, 0, expected, SIZE, SIZE / 2);
        assertThat(again.read(0, 2 * SIZE)).isEqualTo(expected);
        again.device().close();
        assertThat(Program.allocatedBytes(storage)).as("space is taken").isGreaterThanOrEqualTo(2 * SIZE);
    }
}
