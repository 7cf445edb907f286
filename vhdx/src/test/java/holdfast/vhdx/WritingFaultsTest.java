package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Request;
import holdfast.block.Silence;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Storage that fails while a disk is written to.
class WritingFaultsTest {
    private static final int MIB = 1 << 20;
    private static final int BLOCKS = 8;

    private final AtomicBoolean broken = new AtomicBoolean();

    private static byte[] filled(int length, int value) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static VhdxDisk open(BlockDevice store) {
        return VhdxDisk.of(List.of(VhdxFile.of(store, "disk").replayed()), true, UUID::randomUUID);
    }

    /// Writes fail now and then. What a write that succeeded wrote is read, also from a block whose first write had failed, and is
    /// there when the disk is opened again.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void aWriteThatFailsLosesNothingOfTheOthers(long seed) throws Exception {
        var random = new Random(seed);
        Sample sample = Sample.inMemory(Sample.dynamic(BLOCKS * MIB, MIB));
        var faults = new Random(seed);
        var store = new FaultyDevice(sample.store(), request -> {
            boolean data = request instanceof Request.Write write && write.offset() >= Sample.BAT_OFFSET + MIB
                    || request instanceof Request.WriteZeroes;
            return data && broken.get() && faults.nextInt(3) == 0 ? new Fault.Tear(512) : new Fault.None();
        });
        var model = new byte[BLOCKS * MIB / 4096];
        var known = new boolean[model.length];
        Arrays.fill(known, true);
        try (var _ = Silence.of(VhdxDisk.class);
                VhdxDisk disk = open(store)) {
            var blocking = new Blocking(disk);
            blocking.write(0, filled(4096, 0));
            broken.set(true);
            int failed = 0;
            for (int i = 0; i < 200; i++) {
                int at = random.nextInt(model.length);
                byte value = (byte) (1 + random.nextInt(100));
                try {
                    blocking.write(at * 4096L, filled(4096, value));
                    model[at] = value;
                    known[at] = true;
                } catch (DiskException e) {
                    known[at] = false;
                    failed++;
                }
                if (random.nextInt(10) == 0) {
                    blocking.flush();
                }
            }
            assertThat(failed).isBetween(10, 190);
            check(blocking, model, known);
            broken.set(false);
        }
        try (VhdxDisk disk = sample.open()) {
            check(new Blocking(disk), model, known);
        }
    }

    private static void check(Blocking disk, byte[] model, boolean[] known) throws DiskException {
        for (int at = 0; at < model.length; at++) {
            if (known[at]) {
                assertThat(disk.read(at * 4096L, 4096)).as("at %d", at).containsOnly(model[at]);
            }
        }
    }

    @Test
    void afterAFlushHasFailedEveryFlushFailsAndTheFileIsAsItWasFlushedBefore() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(BLOCKS * MIB, MIB));
        var store = new FaultyDevice(sample.store(), request -> broken.get() && request instanceof Request.Flush
                ? new Fault.Fail(IoStatus.IO_ERROR)
                : new Fault.None());
        try (var _ = Silence.of(VhdxDisk.class);
                VhdxDisk disk = open(store)) {
            var blocking = new Blocking(disk);
            blocking.write(MIB, filled(4096, 1));
            blocking.flush();
            blocking.write(2 * MIB, filled(4096, 2));
            broken.set(true);
            assertThatThrownBy(blocking::flush).hasMessageContaining("IO_ERROR");
            broken.set(false);
            assertThatThrownBy(blocking::flush).hasMessageContaining("IO_ERROR");
            assertThatThrownBy(() -> blocking.write(3 * MIB, filled(4096, 3), true)).hasMessageContaining("IO_ERROR");
            assertThat(blocking.read(2 * MIB, 4096)).containsOnly(2);
        }
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(MIB, 4096)).containsOnly(1);
        }
    }

    @Test
    void nothingIsWrittenWhenTheIdentifierCannotBe() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(BLOCKS * MIB, MIB)).block(1, filled(MIB, 1));
        MemoryDevice before = ((MemoryDevice) sample.store()).copy();
        var store = new FaultyDevice(sample.store(), request -> request instanceof Request.Write write
                        && write.offset() < Sample.LOG_OFFSET && broken.get()
                ? new Fault.Fail(IoStatus.IO_ERROR)
                : new Fault.None());
        try (var _ = Silence.of(VhdxDisk.class);
                VhdxDisk disk = open(store)) {
            broken.set(true);
            assertThatThrownBy(() -> new Blocking(disk).write(MIB, filled(4096, 9))).hasMessageContaining("IO_ERROR");
            assertThatThrownBy(() -> new Blocking(disk).discard(MIB, MIB)).hasMessageContaining("IO_ERROR");
            assertThat(new Blocking(disk).read(MIB, 4096)).containsOnly(1);
            broken.set(false);
            new Blocking(disk).write(MIB, filled(4096, 9));
            assertThat(new Blocking(disk).read(MIB, 4096)).containsOnly(9);
        }
        assertThat(VhdxFile.of(before, "before").header().dataWrite()).isEqualTo(sample.content());
        assertThat(sample.file().header().dataWrite()).isNotEqualTo(sample.content());
    }
}
