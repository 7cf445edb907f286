package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.LazyLayer.Filling;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// The rest of a lazy disk is initialised in the background.
class LazyInitializerTest {
    private static final int SIZE = 16 << 20;
    private static final int BLOCK = 1 << 20;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final LazySample sample;
    private final LazyDevice device;
    private final Blocking disk;

    LazyInitializerTest() throws DiskException {
        sample = LazySample.of(SIZE, BLOCK, Filling.BEFORE);
        device = sample.open();
        disk = new Blocking(device);
    }

    @Test
    void everythingIsZerosThenWithNoMapAndWhatWasWrittenStays() throws Exception {
        byte[] data = Noise.of(1).bytes(4096);
        disk.write(3 * BLOCK + 8192, data);
        LazyInitializer initializer = device.initialize(0, Alarm.wallClock());
        assertThat(initializer.await(LIMIT)).isTrue();
        assertThat(initializer.failure()).isEmpty();
        assertThat(initializer.progress())
                .isEqualTo(new LazyInitializer.Progress(SIZE - 12288, SIZE - 12288));
        var expected = new byte[SIZE];
        System.arraycopy(data, 0, expected, 3 * BLOCK + 8192, 4096);
        assertThat(new Blocking(sample.storage()).read(0, SIZE)).as("the storage itself").isEqualTo(expected);
        assertThat(new Blocking(sample.open()).read(0, SIZE)).as("opened after a crash").isEqualTo(expected);
        assertThat(sample.open().pendingBytes()).isZero();
    }

    @Test
    void itIsNoFasterThanItsRate() {
        var waited = new AtomicLong();
        LazyInitializer initializer = device.initialize(1 << 20, (duration, action) -> {
            waited.addAndGet(duration.toNanos());
            action.run();
        });
        assertThat(initializer.await(LIMIT)).isTrue();
        assertThat(waited.get()).as("16 MiB at 1 MiB/s, of which the last 4 are not waited for").isEqualTo(12_000_000_000L);
    }

    @Test
    void closingTheDiskStopsItAndWhatWasDoneIsDone() throws Exception {
        var paused = new CompletableFuture<Runnable>();
        device.initialize(1, (_, action) -> paused.complete(action));
        Runnable later = paused.join();
        disk.flush();
        var found = new LazySample(sample.storage().copy(), sample.descriptor().copy());
        device.close();
        later.run();
        LazyDevice again = found.open();
        assertThat(again.pendingBytes()).isEqualTo(12 << 20);
        assertThat(new Blocking(again).read(0, SIZE)).containsOnly(0);
    }

    /// By the rest of a block that had been passed, and more.
    @Test
    void whatADiskGrowsByMeanwhileIsInitializedToo() throws Exception {
        int small = SIZE / 2 + 4096;
        DiskDescriptor used = LazySample.used(small, BLOCK, Filling.BEFORE);
        var map = new MemoryDevice(sample.descriptor().geometry());
        DescriptorFile.format(map, used, "map");
        LazyDevice grows = LazySample.open(sample.storage(), map);
        grows.initialize(grows.blockCount() - 1);
        LazyInitializer initializer = grows.initialize(1, (_, action) -> {
            if (grows.geometry().sizeBytes() < SIZE) {
                grows.grow(SIZE);
            }
            action.run();
        });
        assertThat(initializer.await(LIMIT)).isTrue();
        assertThat(grows.pendingBytes()).isZero();
        assertThat(new Blocking(sample.storage()).read(0, SIZE)).containsOnly(0);
    }

    @Test
    void aStorageThatFailsEndsIt() throws Exception {
        try (var _ = Silence.of(LazyInitializer.class)) {
            var failing = new FaultyDevice(sample.storage(), request ->
                    request instanceof Request.WriteZeroes ? new Fault.Fail(IoStatus.NO_SPACE) : new Fault.None());
            LazyInitializer initializer = LazySample.open(failing, sample.descriptor()).initialize(0, Alarm.wallClock());
            assertThat(initializer.await(LIMIT)).isTrue();
            assertThat(initializer.failure()).contains(IoStatus.NO_SPACE);
        }
    }

    @Test
    void writersAreNotDisturbed() throws Exception {
        for (int round = 0; round < 20; round++) {
            LazySample fresh = LazySample.of(2 << 20, 16384, round % 2 == 0 ? Filling.BEFORE : Filling.WHOLE_BLOCK);
            LazyDevice used = fresh.open();
            LazyInitializer initializer = used.initialize(0, Alarm.wallClock());
            new ArrayModel(new Blocking(used), 2 << 20, round).run(50);
            assertThat(initializer.await(LIMIT)).isTrue();
            assertThat(used.pendingBytes()).isZero();
        }
    }
}
