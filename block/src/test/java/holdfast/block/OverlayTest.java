package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OverlayTest {
    private static final UUID ID = new UUID(1, 2);

    /// Not a multiple of the cluster, so that the last one is short.
    private static final int SIZE = (1 << 20) + 1536;

    private static final int CLUSTER = 4096;

    private final MemoryDevice base = new MemoryDevice(new ByteSize(SIZE));
    private final byte[] baseContent = Noise.of(99).bytes(SIZE);
    private final Deque<Fault> storePlan = new ArrayDeque<>();

    private final RecordingDevice recordedBase = new RecordingDevice(base);
    private final MemoryDevice memory = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(base)));
    private final FaultyDevice faulty =
            new FaultyDevice(memory, _ -> storePlan.isEmpty() ? new Fault.None() : storePlan.remove());
    private final RecordingDevice store = new RecordingDevice(faulty);

    private Overlay overlay() throws DiskException {
        new Blocking(base).write(0, baseContent);
        return new Overlay(recordedBase, OverlayStore.format(base, "base", store, "store", ID), true);
    }

    @Test
    void beginsAsItsBaseAndLeavesItAsItIs() throws Exception {
        var disk = new Blocking(overlay());
        assertThat(disk.read(0, SIZE)).isEqualTo(baseContent);
        new ArrayModel(disk, baseContent, 1).run(300);
        assertThat(new Blocking(base).read(0, SIZE)).isEqualTo(baseContent);
        assertThat(recordedBase.recording().events())
                .noneMatch(event -> event instanceof Recording.Event.Submitted(int _, Request.Write _));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void behavesAsAnArrayOfBytes(long seed) throws Exception {
        new ArrayModel(new Blocking(overlay()), baseContent, seed).run(600);
    }

    @Test
    void aWriteOfAPartOfAClusterKeepsTheRestOfTheBase() throws Exception {
        var disk = new Blocking(overlay());
        byte[] data = Noise.of(1).bytes(CLUSTER);
        disk.write(5 * CLUSTER + 512, data);
        byte[] expected = baseContent.clone();
        System.arraycopy(data, 0, expected, 5 * CLUSTER + 512, data.length);
        assertThat(disk.read(0, SIZE)).isEqualTo(expected);
    }

    @Test
    void aWriteOfWholeClustersReadsNothingFromTheBase() throws Exception {
        var disk = new Blocking(overlay());
        int before = recordedBase.recording().events().size();
        disk.write(CLUSTER, Noise.of(1).bytes(3 * CLUSTER));
        assertThat(recordedBase.recording().events()).hasSize(before);
    }

    @Test
    void zerosThatAreWrittenTakeNoRoom() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, new byte[8 * CLUSTER]);
        assertThat(disk.extents(0, 8 * CLUSTER)).containsExactly(new Extent(0, 8 * CLUSTER, true, true));
        assertThat(disk.read(0, 9 * CLUSTER))
                .isEqualTo(concat(new byte[8 * CLUSTER], Arrays.copyOfRange(baseContent, 8 * CLUSTER, 9 * CLUSTER)));
    }

    @Test
    void zerosOverDataGiveItsRoomBack() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, Noise.of(1).bytes(8 * CLUSTER));
        disk.write(0, new byte[4 * CLUSTER]);
        assertThat(disk.extents(0, 8 * CLUSTER))
                .containsExactly(
                        new Extent(0, 4 * CLUSTER, true, true), new Extent(4 * CLUSTER, 4 * CLUSTER, true, false));
    }

    @Test
    void discardGivesRoomBackAndHidesTheBase() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, Noise.of(1).bytes(4 * CLUSTER));
        disk.discard(0, 16 * CLUSTER);
        assertThat(disk.read(0, 16 * CLUSTER)).containsOnly(0);
        assertThat(disk.extents(0, 16 * CLUSTER)).containsExactly(new Extent(0, 16 * CLUSTER, true, true));
    }

    @Test
    void extentsTellOurOwnFromTheBases() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(2 * CLUSTER, Noise.of(1).bytes(CLUSTER));
        assertThat(disk.extents(0, SIZE))
                .containsExactly(
                        new Extent(0, 2 * CLUSTER, false, false),
                        new Extent(2 * CLUSTER, CLUSTER, true, false),
                        new Extent(3 * CLUSTER, SIZE - 3 * CLUSTER, false, false));
    }

    private static byte[] concat(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    @Test
    void twoWritesToOneNewClusterAtOnceLoseNothing() throws Exception {
        for (int round = 0; round < 100; round++) {
            var memoryStore = new MemoryDevice(memory.geometry());
            new Blocking(base).write(0, baseContent);
            var random = new Random(round);
            var jittery = new FaultyDevice(memoryStore, _ -> random.nextBoolean()
                    ? new Fault.None()
                    : new Fault.Delay(
                            Duration.ofNanos(random.nextInt(50_000)),
                            Fault.WhenCancelled.STOPS,
                            new Fault.None()));
            var fresh = new Overlay(base, OverlayStore.format(base, "base", jittery, "store", ID), true);
            byte[] expected = baseContent.clone();
            var writes = new ArrayList<Submitted>();
            for (int i = 0; i < 8; i++) {
                byte[] data = Noise.of(i).bytes(512);
                System.arraycopy(data, 0, expected, CLUSTER + i * 512, 512);
                writes.add(Submitted.write(fresh, CLUSTER + i * 512, data));
            }
            for (Submitted write : writes) {
                assertThat(write.status()).isEqualTo(IoStatus.OK);
            }
            assertThat(new Blocking(fresh).read(0, SIZE)).as("round %d", round).isEqualTo(expected);
        }
    }

    @Test
    void aReadThatMeetsNewClustersAppearingNeverSeesWhatNobodyWrote() throws Exception {
        Overlay overlay = overlay();
        var disk = new Blocking(overlay);
        var failure = new AtomicReference<Throwable>();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                while (!Thread.currentThread().isInterrupted()) {
                    byte[] now = disk.read(0, 64 * CLUSTER);
                    for (int i = 0; i < now.length; i++) {
                        if (now[i] != baseContent[i] && now[i] != 77) {
                            throw new AssertionError("byte " + i + " is " + now[i]);
                        }
                    }
                }
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        var random = new Random(5);
        var data = new byte[CLUSTER];
        Arrays.fill(data, (byte) 77);
        for (int i = 0; i < 400 && failure.get() == null; i++) {
            disk.write(random.nextInt(64) * (long) CLUSTER, data);
        }
        reader.interrupt();
        reader.join();
        assertThat(failure.get()).isNull();
    }

    @Test
    void aFlushWithoutNewClustersIsOneFlushOfTheStore() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, Noise.of(1).bytes(CLUSTER));
        disk.flush();
        disk.write(0, Noise.of(2).bytes(CLUSTER));
        int before = store.recording().events().size();
        disk.flush();
        List<Recording.Event> after = store.recording().events();
        assertThat(after.subList(before, after.size())).hasSize(2);
    }

    @Test
    void aForcedWriteToDurableClustersIsOneWrite() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, Noise.of(1).bytes(CLUSTER), true);
        int before = store.recording().events().size();
        disk.write(0, Noise.of(2).bytes(CLUSTER), true);
        List<Recording.Event> after = store.recording().events();
        assertThat(after.subList(before, after.size())).hasSize(2);
        assertThat(store.recording().cut(after.size()).unflushed()).isZero();
    }

    @Test
    void aForcedWriteToANewClusterIsDurable() throws Exception {
        new Blocking(overlay()).write(0, Noise.of(1).bytes(CLUSTER), true);
        assertThat(afterACut().read(0, CLUSTER)).isEqualTo(Noise.of(1).bytes(CLUSTER));
    }

    @Test
    void aForcedWriteToAClusterWhoseBitIsNotYetDurableIsDurable() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, Noise.of(1).bytes(CLUSTER));
        disk.write(0, Noise.of(2).bytes(CLUSTER), true);
        assertThat(afterACut().read(0, CLUSTER)).isEqualTo(Noise.of(2).bytes(CLUSTER));
    }

    /// The overlay opened again when the power has failed now, and all was lost that could be.
    private Blocking afterACut() throws DiskException {
        Recording recording = store.recording();
        MemoryDevice after = recording.cut(recording.events().size())
                .disk(new MemoryDevice(memory.geometry()), Survival.nothing());
        return new Blocking(new Overlay(base, OverlayStore.read(after, "store"), true));
    }

    @Test
    void aFailedWriteToANewClusterLeavesTheBase() throws Exception {
        var disk = new Blocking(overlay());
        storePlan.add(new Fault.Tear(1024));
        assertThatThrownBy(() -> disk.write(0, Noise.of(1).bytes(CLUSTER))).hasMessageContaining("IO_ERROR");
        assertThat(disk.read(0, CLUSTER)).isEqualTo(Arrays.copyOf(baseContent, CLUSTER));
        storePlan.add(new Fault.Fail(IoStatus.NO_SPACE));
        assertThatThrownBy(() -> disk.write(0, Noise.of(1).bytes(CLUSTER))).hasMessageContaining("NO_SPACE");
    }

    @Test
    void aFlushThatFailedIsToldAndTheNextOneDoesItsWork() throws Exception {
        var disk = new Blocking(overlay());
        disk.write(0, Noise.of(1).bytes(CLUSTER));
        storePlan.add(new Fault.None());
        storePlan.add(new Fault.Fail(IoStatus.IO_ERROR)); // The write of the bitmap.
        assertThatThrownBy(disk::flush).hasMessageContaining("IO_ERROR");
        disk.flush();
        assertThat(afterACut().read(0, CLUSTER)).isEqualTo(Noise.of(1).bytes(CLUSTER));
    }

    @Test
    void closingDoesNotForgetNewClusters() throws Exception {
        Overlay overlay = overlay();
        byte[] data = Noise.of(1).bytes(CLUSTER);
        new Blocking(overlay).write(CLUSTER, data);
        overlay.close();
        var again = new Overlay(base.copy(), OverlayStore.read(memory.copy(), "store"), true);
        assertThat(new Blocking(again).read(CLUSTER, CLUSTER)).isEqualTo(data);
    }

    @Test
    void aRequestThatWaitsForAnotherCannotBeStoppedForSure() throws Exception {
        Overlay overlay = overlay();
        storePlan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None()));
        Submitted write = Submitted.write(overlay, 0, Noise.of(1).bytes(CLUSTER));
        assertThat(overlay.cancel(write.request())).isEqualTo(BlockDevice.Cancellation.UNKNOWN);
        assertThat(overlay.drain(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1))).isFalse();
        while (faulty.held() == 0) {
            Thread.onSpinWait();
        }
        faulty.release();
        assertThat(write.status()).isEqualTo(IoStatus.OK);
    }

    @Test
    void aRequestThatWasPassedOnIsCancelledWhereItIs() throws Exception {
        Overlay overlay = overlay();
        new Blocking(overlay).write(0, Noise.of(1).bytes(CLUSTER));
        storePlan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None()));
        Submitted write = Submitted.write(overlay, 0, Noise.of(2).bytes(CLUSTER));
        assertThat(overlay.cancel(write.request())).isEqualTo(BlockDevice.Cancellation.CANCELLED);
        assertThat(write.status()).isEqualTo(IoStatus.CANCELLED);
    }

    @Test
    void whatWillNotBeOpenedAgainIsNotFlushedAndSaysSo() throws Exception {
        new Blocking(base).write(0, baseContent);
        var overlay = new Overlay(base, OverlayStore.format(base, "", store, "store", ID), false);
        assertThat(overlay.geometry().durable()).isFalse();
        int before = store.recording().events().size();
        var disk = new Blocking(overlay);
        disk.write(0, Noise.of(1).bytes(CLUSTER), true);
        disk.flush();
        assertThat(store.recording().events()).hasSize(before + 2);
    }

    @Test
    void anOverlayCanBeTheBaseOfAnother() throws Exception {
        Overlay lower = overlay();
        var model = new ArrayModel(new Blocking(lower), baseContent, 3);
        model.run(200);
        var upperStore = new MemoryDevice(memory.geometry());
        var upper = new Overlay(lower, OverlayStore.format(lower, "lower", upperStore, "upper", ID), true);
        new ArrayModel(new Blocking(upper), model.content(), 4).run(300);
        assertThat(new Blocking(lower).read(0, SIZE)).isEqualTo(model.content());
    }

    @Test
    void aDiskOfManyTebibytesHasALargerClusterAndASmallMap() throws Exception {
        var huge = new MemoryDevice(ByteSize.parse("64T"));
        var hugeStore = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(huge)));
        OverlayStore formatted = OverlayStore.format(huge, "huge", hugeStore, "store", ID);
        assertThat(formatted.header().clusterBytes()).isEqualTo(256 << 10);
        assertThat(formatted.header().dataOffset()).isLessThanOrEqualTo(ByteSize.parse("34M").bytes());
        var disk = new Blocking(new Overlay(huge, formatted, true));
        long end = 64L << 40;
        byte[] data = Noise.of(1).bytes(512);
        disk.write(end - 512, data, true);
        assertThat(disk.read(end - 512, 512)).isEqualTo(data);
        assertThat(disk.read(end - 1024, 512)).containsOnly(0);
    }

    @Test
    void buffersMayBeOfAnyArenaThatOtherThreadsMaySee() throws Exception {
        var disk = new Blocking(overlay());
        try (var arena = Arena.ofShared()) {
            var buffer = arena.allocate(CLUSTER).fill((byte) 3);
            disk.write(512, buffer);
            var into = arena.allocate(CLUSTER);
            disk.read(512, into);
            assertThat(into.mismatch(buffer)).isEqualTo(-1);
        }
    }

    /// Over a base of zeros it is a device like any other.
    @Nested
    class OverZeros extends BlockDeviceContract {
        @Override
        protected BlockDevice open() throws DiskException {
            var zeros = new MemoryDevice(new ByteSize(SIZE));
            var empty = new MemoryDevice(new ByteSize(OverlayStore.bytesFor(zeros)));
            return new Overlay(zeros, OverlayStore.format(zeros, "zeros", empty, "store", ID), true);
        }
    }
}
