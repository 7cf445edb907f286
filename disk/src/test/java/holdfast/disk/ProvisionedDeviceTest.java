package holdfast.disk;

import static holdfast.disk.ProvisionedSample.BLOCK;
import static holdfast.disk.ProvisionedSample.LONG;
import static holdfast.disk.ProvisionedSample.SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Alarm;
import holdfast.block.ArrayModel;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.ClusterLocks;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.block.Submitted;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a disk does whose blocks are elsewhere until they are wanted.
@Timeout(60)
class ProvisionedDeviceTest {
    private static final int SIZE = 1 << 20;
    private static final Fault HELD = new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None());

    private static Submitted read(BlockDevice device, long offset, int length) {
        var into = Arena.ofAuto().allocate(length);
        into.fill((byte) 0x77);
        return Submitted.to(device, done -> new Request.Read(offset, into, done));
    }

    private static byte[] bytes(Submitted read) {
        return ((Request.Read) read.request()).into().toArray(ValueLayout.JAVA_BYTE);
    }

    /// With a limit of its own: mutants are run without JUnit's.
    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("it comes about in time").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Test
    void readsAsItsImageAndAsksForEachBlockOnce() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        var disk = new Blocking(sample.open(image));
        assertThat(disk.read(8192, 4096)).isEqualTo(Arrays.copyOfRange(sample.content(), 8192, 12288));
        assertThat(image.bytesRead()).isEqualTo(4096);
        assertThat(disk.read(8192, 4096)).isEqualTo(Arrays.copyOfRange(sample.content(), 8192, 12288));
        assertThat(image.bytesRead()).isEqualTo(4096);
        assertThat(disk.read(0, SIZE)).isEqualTo(sample.content());
        assertThat(image.bytesRead()).isEqualTo(SIZE);
    }

    @Test
    void whoJumpsAboutGetsNothingThatWasNotAskedFor() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(4 << 20);
        SharedImage image = sample.shared();
        var disk = new Blocking(sample.open(image));
        var random = new Random(1);
        var touched = new java.util.HashSet<Integer>();
        for (int i = 0; i < 300; i++) {
            int block = random.nextInt(1024);
            touched.add(block);
            disk.read((long) block * BLOCK, BLOCK);
        }
        assertThat(image.bytesRead()).isBetween((long) touched.size() * BLOCK, (long) (touched.size() * BLOCK * 1.2));
    }

    @Test
    void whoReadsOnIsSpared() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(4 << 20);
        SharedImage image = sample.shared();
        var disk = new Blocking(sample.open(image));
        for (int at = 0; at < 4 << 20; at += BLOCK) {
            assertThat(disk.read(at, BLOCK)).isEqualTo(Arrays.copyOfRange(sample.content(), at, at + BLOCK));
        }
        assertThat(image.bytesRead()).isEqualTo(4 << 20);
        assertThat(image.reads()).hasSizeLessThan(200);
    }

    @Test
    void wholeBlocksAreWrittenWithoutTheRepository() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        image.goAway();
        var disk = new Blocking(sample.open(image));
        byte[] data = Noise.of(7).bytes(3 * BLOCK);
        disk.write(BLOCK, data, true);
        assertThat(disk.read(BLOCK, data.length)).isEqualTo(data);
        disk.writeZeroes(8 * BLOCK, 2 * BLOCK);
        disk.discard(16 * BLOCK, 2 * BLOCK);
        assertThat(disk.read(8 * BLOCK, 2 * BLOCK)).containsOnly(0);
        assertThat(disk.read(16 * BLOCK, 2 * BLOCK)).containsOnly(0);
        assertThat(image.reads()).isEmpty();
    }

    @Test
    void aPartOfABlockIsMergedWithTheImagesRest() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        var disk = new Blocking(sample.open(image));
        byte[] expected = sample.content();
        byte[] data = Noise.of(8).bytes(2 * BLOCK);
        disk.write(BLOCK + 512, data);
        System.arraycopy(data, 0, expected, BLOCK + 512, data.length);
        disk.writeZeroes(10 * BLOCK - 512, 1024);
        Arrays.fill(expected, 10 * BLOCK - 512, 10 * BLOCK + 512, (byte) 0);
        assertThat(image.bytesRead()).as("the block between was not asked for").isEqualTo(4 * BLOCK);
        assertThat(disk.read(0, SIZE)).isEqualTo(expected);
    }

    @Test
    void withoutItsRepositoryItHasWhatIsHereAndFailsTheRest() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        try (ProvisionedDevice device = sample.open(sample.shared())) {
            new Blocking(device).read(0, 4 * BLOCK);
        }
        ProvisionedSample later = sample.again();
        SharedImage away = later.shared();
        away.goAway();
        ProvisionedDevice device = later.open(away, SHORT);
        assertThat(new Blocking(device).read(0, 4 * BLOCK)).isEqualTo(Arrays.copyOf(sample.content(), 4 * BLOCK));
        Submitted absent = read(device, 4 * BLOCK, BLOCK);
        assertThat(absent.status()).isEqualTo(IoStatus.IO_ERROR);
        assertThat(bytes(absent)).as("neither zeros nor leavings").containsOnly(0x77);
        assertThat(away.connections()).as("tried again, with pauses").isBetween(3, 60);
    }

    @Test
    void whoWaitsIsServedWhenTheRepositoryComesBack() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        image.goAway();
        ProvisionedDevice device = sample.open(image);
        Submitted waiting = read(device, 0, BLOCK);
        await(() -> image.connections() > 3);
        assertThat(waiting.isEnded()).isFalse();
        image.comeBack(sample.image());
        assertThat(waiting.status()).isEqualTo(IoStatus.OK);
        assertThat(bytes(waiting)).isEqualTo(Arrays.copyOf(sample.content(), BLOCK));
    }

    @Test
    void anotherImageIsNotMixedIn() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        ProvisionedDevice device = sample.open(image);
        new Blocking(device).read(0, BLOCK);
        var other = new MemoryDevice(new ByteSize(SIZE));
        image.comeBack(other);
        image.rename("image 2");
        Submitted absent = read(device, BLOCK, BLOCK);
        assertThat(absent.status()).isEqualTo(IoStatus.IO_ERROR);
        assertThat(bytes(absent)).containsOnly(0x77);
        assertThat(new Blocking(device).read(0, BLOCK)).isEqualTo(Arrays.copyOf(sample.content(), BLOCK));
        image.comeBack(sample.image());
        image.rename("image 1");
        Submitted again = read(device, BLOCK, BLOCK);
        while (again.status() != IoStatus.OK) {
            again = read(device, BLOCK, BLOCK);
        }
        assertThat(bytes(again)).isEqualTo(Arrays.copyOfRange(sample.content(), BLOCK, 2 * BLOCK));
    }

    @Test
    void anotherImageIsRefusedFromTheBeginning() {
        var image = new SharedImage(new MemoryDevice(new ByteSize(SIZE)));
        image.rename("image 2");
        try (var repository = new Repository("http://images/a", image, "image 1", LONG)) {
            assertThatThrownBy(() -> repository.look(Duration.ofSeconds(30)))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("http://images/a: is not the image that it was (then image 1, now image 2); bring back");
        }
    }

    @Test
    void aRepositoryThatFailsNowAndThenFailsNobody() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var random = new Random(3);
        var failing = new FaultyDevice(sample.image(), request -> switch (random.nextInt(4)) {
            case 0 -> new Fault.Fail(IoStatus.IO_ERROR);
            case 1 -> new Fault.Delay(Duration.ofMillis(1), Fault.WhenCancelled.STOPS, new Fault.None());
            default -> new Fault.None();
        });
        assertThat(new Blocking(sample.open(new SharedImage(failing))).read(0, SIZE)).isEqualTo(sample.content());
    }

    /// A server that has accepted a connection and says nothing any more.
    @Test
    void aRepositoryThatNeverAnswersFailsWhoAskedAfterAWhile() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var fault = new AtomicReference<Fault>(new Fault.None());
        var silent = new FaultyDevice(sample.image(), request -> fault.get());
        ProvisionedDevice device = sample.open(new SharedImage(silent), SHORT);
        while (read(device, 9 * BLOCK, BLOCK).status() != IoStatus.OK) {
            Thread.onSpinWait();
        }
        fault.set(new Fault.Hold(Fault.WhenCancelled.TOO_LATE, new Fault.None()));
        Submitted absent = read(device, 0, BLOCK);
        assertThat(absent.status()).isEqualTo(IoStatus.IO_ERROR);
        fault.set(new Fault.None());
        silent.release();
        assertThat(silent.drain(System.nanoTime() + TimeUnit.SECONDS.toNanos(2))).isTrue();
        assertThat(bytes(absent)).as("what comes later goes nowhere").containsOnly(0x77);
    }

    @Test
    void aLateArrivalNeverReplacesWhatWasWrittenMeanwhile() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var slow = new FaultyDevice(sample.image(), request -> request instanceof Request.Read ? HELD : new Fault.None());
        ProvisionedDevice device = sample.open(new SharedImage(slow));
        Submitted first = read(device, 0, 4 * BLOCK);
        await(() -> slow.held() > 0);
        byte[] data = Noise.of(9).bytes(BLOCK);
        new Blocking(device).write(BLOCK, data);
        slow.release();
        assertThat(first.status()).isEqualTo(IoStatus.OK);
        byte[] expected = Arrays.copyOf(sample.content(), 4 * BLOCK);
        System.arraycopy(data, 0, expected, BLOCK, BLOCK);
        assertThat(new Blocking(device).read(0, 4 * BLOCK)).isEqualTo(expected);
        assertThat(bytes(first)).as("who did not wait for the write has the one or the other").isIn(expected, Arrays.copyOf(sample.content(), 4 * BLOCK));
        assertThat(new Blocking(sample.storage()).read(0, 4 * BLOCK)).isEqualTo(expected);
    }

    @Test
    void whoMissesABlockHasItBeforeItIsStoredAndItIsStoredAllTheSame() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        var slow = new FaultyDevice(sample.storage(), request -> request instanceof Request.Write ? HELD : new Fault.None());
        ProvisionedDevice device = ProvisionedSample.open(slow, sample.descriptor(), image, LONG);
        new Blocking(device).read(9 * BLOCK, BLOCK);
        await(() -> slow.held() > 0);
        slow.release();
        assertThat(device.drain(Long.MAX_VALUE)).isTrue();
        new Blocking(device).read(7 * BLOCK, BLOCK);
        await(() -> slow.held() > 0);
        Submitted again = read(device, 7 * BLOCK + 512, 512);
        var closing = CompletableFuture.runAsync(device::close, Thread::startVirtualThread);
        assertThat(again.isEnded()).as("the second waits for what the first has brought").isFalse();
        assertThat(closing.isDone()).isFalse();
        slow.release();
        closing.join();
        assertThat(bytes(again)).isEqualTo(Arrays.copyOfRange(sample.content(), 7 * BLOCK + 512, 7 * BLOCK + 1024));
        assertThat(image.reads()).hasSize(2);
        assertThat(sample.again().map().isHere(7, 8)).isTrue();
    }

    @Test
    void eightWhoMissOneBlockAskForItOnce() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var slow = new FaultyDevice(sample.image(), request -> request instanceof Request.Read ? HELD : new Fault.None());
        var image = new SharedImage(slow);
        ProvisionedDevice device = sample.open(image);
        var waiting = new ArrayList<Submitted>();
        for (int i = 0; i < 8; i++) {
            waiting.add(read(device, 4 * BLOCK + i % 2 * 512, BLOCK - 512));
        }
        await(() -> slow.held() > 0);
        while (!waiting.stream().allMatch(Submitted::isEnded)) {
            slow.release();
            Thread.onSpinWait();
        }
        assertThat(waiting).allSatisfy(each -> assertThat(each.status()).isEqualTo(IoStatus.OK));
        assertThat(bytes(waiting.get(7))).isEqualTo(Arrays.copyOfRange(sample.content(), 4 * BLOCK + 512, 5 * BLOCK));
        assertThat(image.reads()).hasSize(1);
    }

    @Test
    void aReadThatWaitsForTheRepositoryCanBeCancelled() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        SharedImage image = sample.shared();
        image.goAway();
        ProvisionedDevice device = sample.open(image);
        Submitted waiting = read(device, 0, BLOCK);
        assertThat(device.cancel(waiting.request())).isEqualTo(BlockDevice.Cancellation.CANCELLED);
        assertThat(waiting.status()).isEqualTo(IoStatus.CANCELLED);
        image.comeBack(sample.image());
        new Blocking(device).read(0, BLOCK);
        assertThat(bytes(waiting)).containsOnly(0x77);
    }

    @Test
    void whatWasModifiedIsKnownExactlyAndStaysSo() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        try (ProvisionedDevice device = sample.open(sample.shared())) {
            var disk = new Blocking(device);
            disk.read(0, 20 * BLOCK);
            disk.write(2 * BLOCK, Noise.of(1).bytes(BLOCK));
            disk.write(5 * BLOCK + 512, Noise.of(1).bytes(512));
            disk.write(30 * BLOCK, Noise.of(1).bytes(2 * BLOCK));
            disk.discard(40 * BLOCK, BLOCK);
            assertThat(device.presence()).isEqualTo(new ProvisionedDevice.Presence(SIZE - 23L * BLOCK, 5 * BLOCK));
        }
        PresenceMap map = sample.again().map();
        var modified = new ArrayList<Long>();
        for (long block = 0; block < SIZE / BLOCK; block++) {
            if (map.isModified(block, block + 1)) {
                modified.add(block);
            }
        }
        assertThat(modified).containsExactly(2L, 5L, 30L, 31L, 40L);
    }

    /// So that a name that was told of the content stays right: what arrives changes the storage.
    @Test
    void whatIsOnItsWayUnaskedIsNotStoredOnceItIsForgotten() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var slow = new FaultyDevice(sample.image(), request -> request instanceof Request.Read ? HELD : new Fault.None());
        var image = new SharedImage(slow);
        var stored = new CopyOnWriteArrayList<Long>();
        var arrivals = new Arrivals(
                new Repository("image", image, ProvisionedSample.IDENTITY, LONG), new PresenceMap(SIZE / BLOCK), new ClusterLocks(),
                (offset, _) -> stored.add(offset), BLOCK, SIZE);
        arrivals.hurry(4, 8);
        await(() -> slow.held() > 0);
        arrivals.forget();
        slow.release();
        var wanted = CompletableFuture.runAsync(() -> bring(arrivals, 4, 8), Thread::startVirtualThread);
        while (!wanted.isDone()) {
            slow.release();
            Thread.onSpinWait();
        }
        wanted.join();
        assertThat(image.reads()).hasSize(2);
        assertThat(stored).containsExactly(4L * BLOCK);
    }

    @Test
    void whatIsOnItsWayIsNotAskedForAgain() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var slow = new FaultyDevice(sample.image(), request -> request instanceof Request.Read ? HELD : new Fault.None());
        var image = new SharedImage(slow);
        var map = new PresenceMap(SIZE / BLOCK);
        var arrivals = new Arrivals(
                new Repository("image", image, ProvisionedSample.IDENTITY, LONG), map, new ClusterLocks(), (_, _) -> {}, BLOCK, SIZE);
        arrivals.ask(4, 6);
        arrivals.ask(5, 8);
        arrivals.ask(4, 8);
        while (!map.isHere(4, 8) || !arrivals.isIdle()) {
            slow.release();
            Thread.onSpinWait();
        }
        assertThat(image.bytesRead()).isEqualTo(4 * BLOCK);
    }

    private static void bring(Arrivals arrivals, long first, long end) {
        try {
            arrivals.await(first, end);
        } catch (DiskException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aTellingOfItsContentEndsWhatFillsIt() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(4 << 20);
        ProvisionedDevice device = sample.open(sample.shared());
        new Blocking(device).read(0, BLOCK);
        var filling = device.fill(1, Alarm.wallClock());
        var _ = device.identity();
        assertThat(filling.await(Duration.ZERO)).isTrue();
        assertThat(device.fill(0, Alarm.wallClock()).await(Duration.ofSeconds(30))).isTrue();
        assertThat(device.presence().absentBytes()).isZero();
        assertThatThrownBy(() -> ProvisionedSample.open(new ReadOnlyView(sample.storage()), sample.descriptor(), sample.shared(), LONG)
                .fill(0, Alarm.wallClock())).hasMessageContaining("may not be written");
    }

    @Test
    void whatWasOpenedForReadingKeepsNothing() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var device = ProvisionedSample.open(new ReadOnlyView(sample.storage()), sample.descriptor(), sample.shared(), LONG);
        assertThat(new Blocking(device).read(512, SIZE - 512)).isEqualTo(Arrays.copyOfRange(sample.content(), 512, SIZE));
        device.close();
        assertThat(sample.again().map().absentCount()).isEqualTo(SIZE / BLOCK);
    }

    @Test
    void aFullFileSystemKeepsNobodyFromReading() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var full = new FaultyDevice(
                sample.storage(), request -> request instanceof Request.Write ? new Fault.Fail(IoStatus.NO_SPACE) : new Fault.None());
        var disk = new Blocking(ProvisionedSample.open(full, sample.descriptor(), sample.shared(), LONG));
        assertThat(disk.read(512, 5 * BLOCK)).isEqualTo(Arrays.copyOfRange(sample.content(), 512, 512 + 5 * BLOCK));
        assertThatThrownBy(() -> disk.write(0, new byte[] {1})).isInstanceOf(DiskException.class);
    }

    @Test
    void extentsAreThoseOfTheImageWhereNothingIsHere() throws Exception {
        var image = new MemoryDevice(new ByteSize(SIZE));
        new Blocking(image).write(64 * BLOCK, Noise.of(1).bytes(64 * BLOCK));
        ProvisionedSample sample = ProvisionedSample.over(image);
        SharedImage shared = sample.shared();
        ProvisionedDevice device = sample.open(shared, SHORT);
        var disk = new Blocking(device);
        assertThat(disk.extents(0, SIZE)).containsExactly(new Extent(0, SIZE, false, false));
        disk.write(0, Noise.of(1).bytes(BLOCK));
        disk.writeZeroes(127 * BLOCK, 3 * BLOCK);
        disk.read(200 * BLOCK, BLOCK);
        assertThat(device.drain(Long.MAX_VALUE)).isTrue();
        assertThat(disk.extents(0, SIZE)).containsExactly(
                new Extent(0, BLOCK, true, false),
                new Extent(BLOCK, 63 * BLOCK, false, true),
                new Extent(64 * BLOCK, 63 * BLOCK, false, false),
                new Extent(127 * BLOCK, 3 * BLOCK, true, true),
                new Extent(130 * BLOCK, 70 * BLOCK, false, true),
                new Extent(200 * BLOCK, BLOCK, true, true),
                new Extent(201 * BLOCK, 55 * BLOCK, false, true));
        shared.goAway();
        assertThatThrownBy(() -> disk.read(64 * BLOCK, BLOCK)).isInstanceOf(DiskException.class);
        assertThat(disk.extents(64 * BLOCK, BLOCK)).containsExactly(new Extent(64 * BLOCK, BLOCK, false, false));
    }

    @Test
    void whenAllIsHereTheRepositoryIsLetGoForGood() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE + 512 * 3);
        SharedImage image = sample.shared();
        var complete = new AtomicInteger();
        var device = ProvisionedSample.open(sample.storage(), sample.descriptor(), image, LONG, complete::incrementAndGet);
        byte[] data = Noise.of(1).bytes(BLOCK);
        new Blocking(device).write(BLOCK, data);
        var filling = device.fill(0, Alarm.wallClock());
        assertThat(filling.await(Duration.ofSeconds(30))).isTrue();
        assertThat(filling.failure()).isEmpty();
        assertThat(device.presence().absentBytes()).isZero();
        assertThat(image.bytesRead()).as("what was written did not have to come").isEqualTo(SIZE + 512 * 3 - BLOCK);
        device.close();
        assertThat(complete).hasValue(1);
        byte[] expected = sample.content();
        System.arraycopy(data, 0, expected, BLOCK, BLOCK);
        assertThat(new Blocking(sample.storage().copy()).read(0, expected.length)).isEqualTo(expected);
        DescriptorFile file = DescriptorFile.read(sample.descriptor().copy(), "descriptor");
        assertThat(file.descriptor().provisioned().orElseThrow().arrived()).isTrue();
        assertThat(file.descriptor().closed()).isTrue();
    }

    @Test
    void whenAllIsHereTheStorageHasTheVeryRequests() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        var seen = new CopyOnWriteArrayList<Request>();
        var storage = new FaultyDevice(sample.storage(), request -> {
            seen.add(request);
            return new Fault.None();
        });
        ProvisionedDevice device = ProvisionedSample.open(storage, sample.descriptor(), sample.shared(), LONG);
        Submitted before = read(device, 0, BLOCK);
        before.status();
        assertThat(device.fill(0, Alarm.wallClock()).await(Duration.ofSeconds(30))).isTrue();
        await(() -> passesOn(device, seen));
        assertThat(seen).noneMatch(request -> request.equals(before.request()));
        Submitted write = Submitted.to(device, done -> new Request.Write(0, Arena.ofAuto().allocate(BLOCK), false, done));
        assertThat(write.status()).isEqualTo(IoStatus.OK);
        assertThat(seen).anyMatch(request -> request.equals(write.request()));
        assertThat(device.cancel(write.request())).isEqualTo(BlockDevice.Cancellation.DONE);
        device.close();
        assertThatThrownBy(() -> read(device, 0, BLOCK)).isInstanceOf(IllegalStateException.class);
    }

    private static boolean passesOn(BlockDevice device, List<Request> seen) {
        Submitted probe = read(device, 0, 512);
        probe.status();
        return seen.stream().anyMatch(request -> request.equals(probe.request()));
    }

    @Test
    void whatTheImageHasAsHolesIsNotFetchedToFillADisk() throws Exception {
        var sparse = new MemoryDevice(new ByteSize(16 << 20));
        new Blocking(sparse).write(5 << 20, Noise.of(1).bytes(BLOCK));
        ProvisionedSample sample = ProvisionedSample.over(sparse);
        SharedImage image = sample.shared();
        ProvisionedDevice device = sample.open(image);
        new Blocking(device).read(0, BLOCK);
        assertThat(device.fill(0, Alarm.wallClock()).await(Duration.ofSeconds(30))).isTrue();
        assertThat(image.bytesRead()).isEqualTo((1 << 20) + BLOCK);
        assertThat(new Blocking(device).read(0, 16 << 20)).isEqualTo(sample.content());
    }

    @Test
    void fillingThatFailsSaysSoAndGoesOnAnotherTime() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(4 << 20);
        SharedImage image = sample.shared();
        try (ProvisionedDevice device = sample.open(image, SHORT)) {
            new Blocking(device).read(1 << 20, 1 << 20);
            image.goAway();
            var filling = device.fill(0, Alarm.wallClock());
            assertThat(filling.await(Duration.ofSeconds(30))).isTrue();
            assertThat(filling.failure()).contains(IoStatus.IO_ERROR);
        }
        ProvisionedSample later = sample.again();
        SharedImage back = later.shared();
        try (ProvisionedDevice device = later.open(back)) {
            assertThat(device.fill(0, Alarm.wallClock()).await(Duration.ofSeconds(30))).isTrue();
        }
        assertThat(back.bytesRead()).isEqualTo(3 << 20);
        assertThat(new Blocking(later.again().storage()).read(0, 4 << 20)).isEqualTo(sample.content());
    }

    @Test
    void aDamagedMapIsRefused() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        try (ProvisionedDevice device = sample.open(sample.shared())) {
            new Blocking(device).read(0, BLOCK);
        }
        ProvisionedSample damaged = sample.again();
        var file = new Blocking(damaged.descriptor());
        byte[] sector = file.read(DescriptorFile.STATE_OFFSET, 512);
        sector[20] ^= 1;
        file.write(DescriptorFile.STATE_OFFSET, sector);
        assertThatThrownBy(() -> damaged.open(damaged.shared())).hasMessageContaining("sector 0 of its map is damaged");
    }

    @Test
    void anotherStorageIsRefused() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE);
        new Blocking(sample.storage()).write(0, new byte[512]);
        assertThatThrownBy(() -> sample.open(sample.shared())).hasMessageContaining("is not what it was when descriptor was closed");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void doesWhatAnArrayOfBytesDoesOverARepositoryThatFails(long seed) throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(SIZE + 512 * (int) seed);
        byte[] content = sample.content();
        ProvisionedSample found = sample;
        for (int life = 0; life < 3; life++) {
            var random = new Random(seed + life);
            var failing = new FaultyDevice(found.image().copy(), request -> switch (random.nextInt(10)) {
                case 0 -> new Fault.Fail(IoStatus.IO_ERROR);
                case 1 -> new Fault.Delay(Duration.ofNanos(random.nextInt(1_000_000)), Fault.WhenCancelled.STOPS, new Fault.None());
                default -> new Fault.None();
            });
            try (ProvisionedDevice device = found.open(new SharedImage(failing))) {
                var disk = new Blocking(device);
                new ArrayModel(disk, content, seed + life).run(150);
                content = disk.read(0, content.length);
            }
            found = found.again();
        }
        assertThat(found.map().modifiedCount()).isPositive();
    }
}
