package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.LazyLayer.Filling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a lazy disk does to its storage, which is full of 0xDB.
class LazyDeviceTest extends BlockDeviceContract {
    private static final int BLOCK = 64 << 10;

    @Override
    protected BlockDevice open() throws DiskException {
        return LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK).open();
    }

    /// A disk whose storage is recorded.
    private static final class Recorded {
        final LazySample sample;
        final RecordingDevice storage;
        final LazyDevice device;
        final Blocking disk;

        Recorded(Filling filling) throws DiskException {
            sample = LazySample.of((int) SIZE, BLOCK, filling);
            storage = new RecordingDevice(sample.storage());
            device = LazySample.open(storage, sample.descriptor());
            disk = new Blocking(device);
        }

        private List<Request> requests() {
            return storage.recording().events().stream()
                    .filter(Recording.Event.Submitted.class::isInstance)
                    .map(event -> ((Recording.Event.Submitted) event).request())
                    .filter(request -> request.completion() != null)
                    .toList();
        }

        long reads() {
            return requests().stream().filter(Request.Read.class::isInstance).count();
        }

        long zeroed() {
            return requests().stream()
                    .filter(Request.WriteZeroes.class::isInstance)
                    .mapToLong(request -> ((Request.WriteZeroes) request).length())
                    .sum();
        }

        long written() {
            return requests().stream()
                    .filter(Request.Write.class::isInstance)
                    .mapToLong(request -> ((Request.Write) request).from().byteSize())
                    .sum();
        }
    }

    @Test
    void whatWasNotInitializedIsReadAsZerosWithNoRequestToTheStorage() throws Exception {
        var recorded = new Recorded(Filling.BEFORE);
        long before = recorded.reads();
        assertThat(recorded.disk.read(0, (int) SIZE)).containsOnly(0);
        assertThat(recorded.reads()).isEqualTo(before);
        recorded.disk.write(4096, Noise.of(1).bytes(512));
        recorded.disk.read(4096, 512);
        assertThat(recorded.reads()).as("what was written is read there").isEqualTo(before + 1);
    }

    @Test
    void theNeighboursOfASmallWriteAreZeros() throws Exception {
        for (Filling filling : Filling.values()) {
            smallWrite(new Recorded(filling));
        }
    }

    private static void smallWrite(Recorded recorded) throws DiskException {
        byte[] data = Noise.of(1).bytes(512);
        recorded.disk.write(BLOCK + 4096, data);
        var expected = new byte[(int) SIZE];
        System.arraycopy(data, 0, expected, BLOCK + 4096, 512);
        assertThat(recorded.disk.read(0, (int) SIZE)).isEqualTo(expected);
    }

    @Test
    void theFirstWriteToABlockZeroesTheRestOfItAndNoOtherDoes() throws Exception {
        var recorded = new Recorded(Filling.WHOLE_BLOCK);
        recorded.disk.write(BLOCK + 4096, Noise.of(1).bytes(512));
        assertThat(recorded.zeroed()).isEqualTo(BLOCK - 512);
        recorded.disk.write(BLOCK + 16384, Noise.of(2).bytes(512));
        recorded.disk.write(BLOCK, Noise.of(3).bytes(BLOCK));
        assertThat(recorded.zeroed()).isEqualTo(BLOCK - 512);
        assertThat(recorded.device.pendingBytes()).isEqualTo(SIZE - BLOCK);
        recorded.disk.write(2 * BLOCK, Noise.of(4).bytes(2 * BLOCK));
        assertThat(recorded.zeroed()).as("nothing to zero in blocks that are written whole").isEqualTo(BLOCK - 512);
    }

    @Test
    void aWriteOverTheEndsOfTwoBlocksZeroesTheirRests() throws Exception {
        var recorded = new Recorded(Filling.WHOLE_BLOCK);
        byte[] data = Noise.of(1).bytes(2 * BLOCK);
        recorded.disk.write(BLOCK / 2, data);
        assertThat(recorded.zeroed()).isEqualTo(BLOCK);
        assertThat(recorded.disk.read(0, BLOCK / 2)).containsOnly(0);
        assertThat(recorded.disk.read(BLOCK / 2, 2 * BLOCK)).isEqualTo(data);
        assertThat(recorded.disk.read(BLOCK / 2 + 2 * BLOCK, BLOCK / 2)).containsOnly(0);
    }

    @Test
    void aSequentialWriterHasNothingZeroedUnderTheWatermark() throws Exception {
        var recorded = new Recorded(Filling.BEFORE);
        byte[] all = Noise.of(1).bytes((int) SIZE);
        for (int at = 0; at < SIZE; at += 8192) {
            recorded.disk.write(at, Arrays.copyOfRange(all, at, at + 8192));
        }
        assertThat(recorded.zeroed()).isZero();
        assertThat(recorded.written()).isEqualTo(SIZE);
        assertThat(recorded.device.pendingBytes()).isZero();
        assertThat(recorded.disk.read(0, (int) SIZE)).isEqualTo(all);
    }

    @Test
    void aWritePastTheWatermarkZeroesWhatLiesBetweenAndNothingBehind() throws Exception {
        var recorded = new Recorded(Filling.BEFORE);
        recorded.disk.write(4096, Noise.of(1).bytes(4096));
        assertThat(recorded.zeroed()).isEqualTo(4096);
        recorded.disk.write(16384, Noise.of(2).bytes(4096));
        assertThat(recorded.zeroed()).isEqualTo(4096 + 8192);
        recorded.disk.write(0, Noise.of(3).bytes(16384));
        assertThat(recorded.zeroed()).as("what lies before the watermark is initialised").isEqualTo(4096 + 8192);
        assertThat(recorded.disk.read(20480, BLOCK - 20480)).containsOnly(0);
    }

    @Test
    void zerosForWhatWasNotInitializedNeedNothing() throws Exception {
        var recorded = new Recorded(Filling.WHOLE_BLOCK);
        recorded.disk.write(0, Noise.of(1).bytes(512));
        long zeroed = recorded.zeroed();
        recorded.disk.writeZeroes(0, 4 * BLOCK);
        assertThat(recorded.zeroed()).as("only the block that had something").isEqualTo(zeroed + BLOCK);
        assertThat(recorded.disk.read(0, 4 * BLOCK)).containsOnly(0);
    }

    @Test
    void spaceStaysReserved() throws Exception {
        var recorded = new Recorded(Filling.WHOLE_BLOCK);
        byte[] data = Noise.of(1).bytes(BLOCK);
        recorded.disk.write(0, data);
        recorded.disk.discard(0, 2 * BLOCK);
        recorded.disk.writeZeroes(512, 512);
        assertThat(recorded.requests()).noneMatch(request ->
                request instanceof Request.Discard || request instanceof Request.WriteZeroes zeroes && zeroes.mayUnmap());
        assertThat(recorded.disk.extents(0, SIZE)).allMatch(Extent::allocated);
    }

    @Test
    void whatWasNotInitializedIsKnownToBeZeros() throws Exception {
        disk().write(2 * BLOCK, Noise.of(1).bytes(512));
        assertThat(disk().extents(0, SIZE).getFirst()).isEqualTo(new Extent(0, 2 * BLOCK, true, true));
        assertThat(disk().extents(4 * BLOCK, BLOCK)).containsExactly(new Extent(4 * BLOCK, BLOCK, true, true));
    }

    @Test
    void eightThreadsOnOneFreshBlockLoseNothing() throws Exception {
        eightThreads(Filling.WHOLE_BLOCK);
    }

    @Test
    void eightThreadsOnOneFreshBlockLoseNothingUnderTheWatermark() throws Exception {
        eightThreads(Filling.BEFORE);
    }

    private static void eightThreads(Filling filling) throws Exception {
        for (int round = 0; round < 100; round++) {
            var sample = LazySample.of(2 * BLOCK, BLOCK, filling);
            var random = new Random(round);
            var jittery = new FaultyDevice(sample.storage(), _ -> random.nextBoolean()
                    ? new Fault.None()
                    : new Fault.Delay(Duration.ofNanos(random.nextInt(50_000)), Fault.WhenCancelled.STOPS, new Fault.None()));
            LazyDevice device = LazySample.open(jittery, sample.descriptor());
            var expected = new byte[2 * BLOCK];
            var threads = new ArrayList<Thread>();
            for (int i = 0; i < 8; i++) {
                int at = random.nextInt(2) * 8 * 4096 + i * 4096;
                byte[] data = Noise.of(i).bytes(4096);
                System.arraycopy(data, 0, expected, at, 4096);
                threads.add(Thread.ofPlatform().start(() ->
                        assertThat(Submitted.write(device, at, data).status()).isEqualTo(IoStatus.OK)));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(new Blocking(device).read(0, 2 * BLOCK)).as("round %d", round).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void aDiskThatIsClosedAndOpenedAgainAndAgainIsAnArrayOfBytes(long seed) throws Exception {
        Filling filling = seed % 2 == 0 ? Filling.WHOLE_BLOCK : Filling.BEFORE;
        LazySample sample = LazySample.of(1 << 20, 16384, filling);
        var content = new byte[1 << 20];
        for (int life = 0; life < 10; life++) {
            var storage = sample.storage().copy();
            var map = sample.descriptor().copy();
            LazyDevice device = LazySample.open(storage, map);
            var model = new ArrayModel(new Blocking(device), content, seed * 100 + life);
            model.run(40);
            content = model.content();
            device.flush();
            sample = new LazySample(storage.copy(), map.copy());
            device.close();
            if (life % 2 == 0) {
                sample = new LazySample(storage.copy(), map.copy());
            }
        }
    }

    @Test
    void aStorageThatOthersHaveChangedSinceItWasClosedIsRefused() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        MemoryDevice map = sample.descriptor().copy();
        LazySample.open(sample.storage().copy(), map).close();
        new Blocking(sample.storage()).write(512, new byte[512]);
        assertThatThrownBy(() -> LazySample.open(sample.storage(), sample.descriptor()))
                .hasMessageContaining("is not what it was when descriptor was closed");
    }

    @Test
    void aStorageThatIsTooSmallIsRefused() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        var other = new MemoryDevice(new ByteSize(SIZE / 2));
        assertThatThrownBy(() -> LazySample.open(other, sample.descriptor())).hasMessageContaining("is smaller than the disk in it");
    }

    @Test
    void afterACrashTheStorageIsWhateverItHasBecome() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        byte[] data = Noise.of(1).bytes(512);
        var crashed = new Blocking(sample.open());
        crashed.write(0, data);
        crashed.flush();
        assertThat(new Blocking(sample.open()).read(0, 512)).isEqualTo(data);
    }

    @Test
    void openingAndReadingAndFlushingChangesNothing() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        var storage = new RecordingDevice(sample.storage().copy());
        var map = new RecordingDevice(sample.descriptor().copy());
        try (LazyDevice device = LazySample.open(storage, map)) {
            new Blocking(device).read(0, (int) SIZE);
            new Blocking(device).flush();
            new Blocking(device).discard(0, SIZE);
            new Blocking(device).writeZeroes(0, SIZE);
        }
        for (RecordingDevice each : List.of(storage, map)) {
            assertThat(each.recording().events()).noneMatch(event -> event instanceof Recording.Event.Submitted(int _, Request request)
                    && (request instanceof Request.Write || request instanceof Request.WriteZeroes));
        }
    }

    @Test
    void aDamagedMapIsRefused() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        try (LazyDevice device = LazySample.open(sample.storage(), sample.descriptor().copy())) {
            new Blocking(device).write(0, new byte[512]);
        }
        var disk = new Blocking(sample.descriptor());
        var damaged = new byte[512];
        damaged[100] = 1;
        disk.write(DescriptorFile.STATE_OFFSET, damaged);
        DescriptorFile file = DescriptorFile.read(sample.descriptor(), "descriptor");
        LazyStore store = new LazyStore(file, file.descriptor().lazy());
        assertThatThrownBy(store::readMap).hasMessageContaining("sector 0 of its map is damaged");
    }

    @Test
    void aBlockWhoseZeroingFailedIsNotShown() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        var faulty = new FaultyDevice(sample.storage(), request ->
                request instanceof Request.WriteZeroes ? new Fault.Fail(IoStatus.IO_ERROR) : new Fault.None());
        var disk = new Blocking(LazySample.open(faulty, sample.descriptor()));
        assertThatThrownBy(() -> disk.write(4096, Noise.of(1).bytes(512))).hasMessageContaining("IO_ERROR");
        assertThat(disk.read(0, BLOCK)).containsOnly(0);
    }

    @Test
    void aForcedWriteToAFreshBlockIsDurable() throws Exception {
        LazySample sample = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        var storage = new VolatileDevice(sample.storage());
        var map = new VolatileDevice(sample.descriptor());
        var disk = new Blocking(LazySample.open(storage, map));
        byte[] data = Noise.of(1).bytes(512);
        disk.write(4096, data);
        disk.write(8192, data, true);
        storage.cutPower(Survival.nothing());
        map.cutPower(Survival.nothing());
        assertThat(new Blocking(sample.open()).read(8192, 512)).isEqualTo(data);
    }

    /// The storage has the space already, full of what others have left.
    @Test
    void aDiskThatGrowsWhileItsLastBlockIsZeroedShowsNothingOfTheRestOfThatBlock() throws Exception {
        LazySample large = LazySample.of((int) SIZE, BLOCK, Filling.WHOLE_BLOCK);
        long small = 4 * BLOCK + 4096;
        DiskDescriptor used = LazySample.used(small, BLOCK, Filling.WHOLE_BLOCK);
        var map = new MemoryDevice(large.descriptor().geometry());
        DescriptorFile.format(map, used, "map");
        var growing = new AtomicReference<Runnable>(() -> {});
        var storage = new FaultyDevice(large.storage(), request -> {
            if (request instanceof Request.WriteZeroes) {
                growing.getAndSet(() -> {}).run();
            }
            return new Fault.None();
        });
        LazyDevice device = LazySample.open(storage, map);
        growing.set(() -> device.grow(SIZE));
        new Blocking(device).write(4 * BLOCK, new byte[512]);
        assertThat(device.geometry().sizeBytes()).isEqualTo(SIZE);
        assertThat(new Blocking(device).read(0, (int) SIZE)).containsOnly(0);
    }

    @Test
    void creationWritesTheSameForEverySizeAndNothingToTheStorage() throws Exception {
        assertThat(written(1L << 30)).isEqualTo(written(50L << 30)).isLessThan(20_000);
    }

    private static long written(long sizeBytes) throws DiskException {
        var storage = new RecordingDevice(new MemoryDevice(new ByteSize(sizeBytes)));
        DiskDescriptor descriptor = DiskDescriptor.first(
                LazySample.ID, storage.geometry(), new StorageLayer("", false, ""), LazyLayer.of(sizeBytes, Filling.WHOLE_BLOCK));
        var map = new RecordingDevice(new MemoryDevice(new ByteSize(descriptor.fileBytes())));
        DescriptorFile.format(map, descriptor, "descriptor");
        long bytes = 0;
        for (RecordingDevice each : List.of(storage, map)) {
            for (Recording.Event event : each.recording().events()) {
                if (event instanceof Recording.Event.Submitted(int _, Request.Write write)) {
                    bytes += write.from().byteSize();
                }
            }
        }
        assertThat(storage.recording().cut(storage.recording().events().size()).unflushed()).isZero();
        return bytes;
    }
}
