package holdfast.disk;

import static holdfast.disk.ProvisionedSample.BLOCK;
import static holdfast.disk.ProvisionedSample.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.ForwardingDevice;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.block.Submitted;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A driver in the guest takes a disk over that is still arriving, and gives it back.
@Timeout(60)
class MapDeviceTest {
    private static final int SIZE = 16 << 20;
    private static final Fault HELD = new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None());

    /// Of the map: so many blocks of 4 KiB.
    private static final int SECTOR_BLOCKS = 2000;

    private final ProvisionedSample sample;
    private final SharedImage image;
    private final ProvisionedDevice device;
    private final Blocking disk;
    private final MapDevice mapDevice;
    private final Blocking map;

    MapDeviceTest() throws DiskException {
        sample = ProvisionedSample.of(SIZE);
        image = sample.shared();
        device = sample.open(image);
        disk = new Blocking(device);
        mapDevice = new MapDevice(device);
        map = new Blocking(mapDevice);
    }

    private void says(String word) throws DiskException {
        map.write(0, Arrays.copyOf((word + "\n").getBytes(StandardCharsets.US_ASCII), 512));
    }

    private String text() throws DiskException {
        return new String(map.read(0, MapDevice.TEXT_BYTES), StandardCharsets.UTF_8).replace("\0", "");
    }

    /// As a driver would note it.
    private byte[] noted(int index, int from, int to) throws DiskException {
        PresenceMap other = sample.map();
        other.modify((long) index * SECTOR_BLOCKS + from, (long) index * SECTOR_BLOCKS + to);
        return other.takeDirty().getFirst().bytes();
    }

    private static int at(int sector) {
        return MapDevice.MAP_OFFSET + sector * 512;
    }

    @Test
    void itSaysWhatTheDiskIsAndHasNoMapBeforeADriverHasTakenOver() throws Exception {
        assertThat(text().lines()).containsExactly(
                "holdfast map 1", "brings host", "size " + SIZE, "block 4096", "map 65536", "image " + ProvisionedSample.IDENTITY, "from image");
        assertThat(map.read(4096, 4096)).containsOnly(0);
        assertThatThrownBy(() -> map.read(at(0), 512)).isInstanceOf(DiskException.class);
        assertThatThrownBy(() -> map.write(at(0), noted(0, 1, 2))).isInstanceOf(DiskException.class);
        assertThatThrownBy(() -> says("whatever")).isInstanceOf(DiskException.class);
        assertThat(disk.read(0, BLOCK)).isEqualTo(Arrays.copyOf(sample.content(), BLOCK));
    }

    @Test
    void whoTakesOverHasTheMapAndTheStorageAndTheRepositoryIsLeft() throws Exception {
        disk.read(3L * BLOCK, 2 * BLOCK);
        byte[] own = Noise.of(5).bytes(BLOCK);
        disk.write(9L * BLOCK, own);
        says("take-over");
        assertThat(text()).contains("\nbrings guest\n");
        assertThat(device.isHandedOver()).isTrue();
        assertThat(image.open()).as("connections").isZero();
        PresenceMap taken = sample.map();
        assertThat(taken.runs(0, 12)).extracting(PresenceMap.Run::state).containsExactly(
                PresenceMap.State.ABSENT, PresenceMap.State.ARRIVED, PresenceMap.State.ABSENT, PresenceMap.State.MODIFIED, PresenceMap.State.ABSENT);
        assertThat(map.read(at(0), 512)).isEqualTo(new Blocking(sample.descriptor()).read(8192, 512));
        assertThat(disk.read(9L * BLOCK, BLOCK)).isEqualTo(own);
        long asked = image.bytesRead();
        disk.read(100L * BLOCK, BLOCK);
        assertThat(image.bytesRead()).as("the host asks for nothing").isEqualTo(asked);
    }

    /// The path is then that of the storage alone.
    @Test
    void theStorageGetsTheVeryRequestsAsSoonAsADriverHasTakenOver() throws Exception {
        var seen = new CopyOnWriteArrayList<Request>();
        ForwardingDevice storage = new ForwardingDevice() {
            @Override
            public BlockDevice below() {
                return sample.storage();
            }

            @Override
            public void submit(Request request) {
                seen.add(request);
                sample.storage().submit(request);
            }
        };
        try (ProvisionedDevice other = ProvisionedSample.open(storage, sample.descriptor(), image, LONG); var itsMap = new MapDevice(other)) {
            new Blocking(itsMap).write(0, Arrays.copyOf("take-over".getBytes(StandardCharsets.US_ASCII), 512));
            Submitted read = Submitted.to(other, done -> new Request.Read(0, Arena.ofAuto().allocate(BLOCK), done));
            assertThat(read.status()).isEqualTo(IoStatus.OK);
            assertThat(seen.getLast()).isSameAs(read.request());
        }
    }

    @Test
    void whatTheDriverHasBroughtIsHereWhenItGivesTheDiskBack() throws Exception {
        says("take-over");
        byte[] brought = Noise.of(6).bytes(4 * BLOCK);
        disk.write(2100L * BLOCK, brought);
        disk.flush();
        map.write(at(1), noted(1, 100, 104), true);
        says("give-back");
        assertThat(device.isHandedOver()).isFalse();
        assertThat(disk.read(2100L * BLOCK, 4 * BLOCK)).isEqualTo(brought);
        assertThat(disk.read(5L * BLOCK, BLOCK)).as("brought by the host again").isEqualTo(Arrays.copyOfRange(sample.content(), 5 * BLOCK, 6 * BLOCK));
        assertThat(device.presence().modifiedBytes()).isEqualTo(4 * BLOCK);
        assertThatThrownBy(() -> map.read(at(0), 512)).isInstanceOf(DiskException.class);
    }

    @Test
    void aMachineThatBeginsAnewHasItsReadsBroughtByTheHostAgain() throws Exception {
        says("take-over");
        mapDevice.machineReset();
        assertThat(disk.read(0, SIZE)).isEqualTo(sample.content());
    }

    @Test
    void aDiskThatIsClosedInADriversHandsIsOpenedAsItsMapSays() throws Exception {
        says("take-over");
        byte[] brought = Noise.of(6).bytes(BLOCK);
        disk.write(7L * BLOCK, brought);
        map.write(at(0), noted(0, 7, 8));
        mapDevice.close();
        device.close();
        try (ProvisionedDevice again = sample.again().open(image)) {
            var opened = new Blocking(again);
            assertThat(opened.read(7L * BLOCK, BLOCK)).isEqualTo(brought);
            assertThat(opened.read(8L * BLOCK, BLOCK)).isEqualTo(Arrays.copyOfRange(sample.content(), 8 * BLOCK, 9 * BLOCK));
        }
    }

    @Test
    void aDiskThatTheDriverHasBroughtWhollyIsComplete() throws Exception {
        says("take-over");
        disk.write(0, sample.content());
        map.write(at(0), noted(0, 0, 2000));
        map.write(at(1), noted(1, 0, 2000));
        map.write(at(2), noted(2, 0, SIZE / BLOCK - 2 * SECTOR_BLOCKS));
        assertThat(device.presence().absentBytes()).isZero();
        mapDevice.close();
        device.close();
        assertThat(sample.again().hasArrived()).isTrue();
    }

    @Test
    void whatIsNoMapIsNotTakenForOne() throws Exception {
        says("take-over");
        byte[] flipped = noted(0, 7, 8);
        flipped[20] ^= 1;
        byte[] ofAnother = noted(1, 7, 8);
        for (byte[] wrong : List.of(flipped, ofAnother)) {
            assertThatThrownBy(() -> map.write(at(0), wrong)).isInstanceOf(DiskException.class);
        }
        assertThatThrownBy(() -> map.write(8192, new byte[512])).isInstanceOf(DiskException.class);
        says("give-back");
        assertThat(disk.read(0, BLOCK)).isEqualTo(Arrays.copyOf(sample.content(), BLOCK));
    }

    @Test
    void nobodyFillsNorNamesWhatADriverHas() throws Exception {
        says("take-over");
        assertThatThrownBy(() -> device.fill(0, Alarm.wallClock())).isInstanceOf(OperatorError.class).hasMessageContaining("in the hands of a driver");
        assertThatThrownBy(device::identity).isInstanceOf(OperatorError.class);
        says("give-back");
        assertThat(device.fill(0, Alarm.wallClock()).await(Duration.ofSeconds(20))).isTrue();
        assertThat(disk.read(0, SIZE)).isEqualTo(sample.content());
    }

    /// A part of a block, whose rest is still at the repository.
    @Test
    void whatIsUnderWayWhenItIsHandedOverIsDoneAndNoted() throws Exception {
        var slow = new FaultyDevice(sample.image(), request -> request instanceof Request.Read ? HELD : new Fault.None());
        try (ProvisionedDevice written = sample.open(new SharedImage(slow))) {
            byte[] own = Noise.of(8).bytes(512);
            Submitted write = Submitted.write(written, 50L * BLOCK + 1024, own);
            var taking = new FutureTask<Void>(() -> {
                written.handOver();
                return null;
            });
            Thread taker = Thread.ofPlatform().start(taking);
            while (!waitsForWhatIsUnderWay(taker) && taker.isAlive()) {
                Thread.onSpinWait();
            }
            boolean waited = taker.isAlive();
            while (taker.isAlive() || !write.isEnded()) {
                slow.release();
                Thread.onSpinWait();
            }
            assertThat(waited).as("the repository has not answered the write before").isTrue();
            taking.get();
            assertThat(write.status()).isEqualTo(IoStatus.OK);
            assertThat(sample.map().isModified(50, 51)).isTrue();
            byte[] block = Arrays.copyOfRange(sample.content(), 50 * BLOCK, 51 * BLOCK);
            System.arraycopy(own, 0, block, 1024, 512);
            assertThat(new Blocking(sample.storage()).read(50L * BLOCK, BLOCK)).isEqualTo(block);
        }
    }

    private static boolean waitsForWhatIsUnderWay(Thread thread) {
        return thread.getState() == Thread.State.TIMED_WAITING
                && Arrays.stream(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(LayeredRequests.class.getName()) && frame.getMethodName().equals("drain"));
    }
}
