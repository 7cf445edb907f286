package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VirtioNetTest {
    private static final long MAC = 0x52_54_00_12_34_56L;
    private static final int HEADER = VirtioNet.HEADER_BYTES;

    private final VirtioRig rig = new VirtioRig();
    private final WirePort wire = new WirePort();
    private final VirtioNet net = new VirtioNet("net", rig.memory, new DirectGate(), wire, MAC, 1400);
    private final VirtioPci function = rig.plug(net);
    private final GuestDriver driver = new GuestDriver(rig, 1).start();

    private static byte[] frame(long to, int bytes) {
        byte[] frame = new byte[bytes];
        new Random(bytes).nextBytes(frame);
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (to >> 40 - 8 * i);
        }
        return frame;
    }

    private void transmit(byte[] header, byte[] frame) {
        long at = rig.allocate(HEADER + frame.length, 2);
        rig.write(at, header);
        rig.write(at + HEADER, frame);
        driver.queue(VirtioNet.TRANSMIT).send(Part.out(at, HEADER), Part.out(at + HEADER, frame.length));
        driver.queue(VirtioNet.TRANSMIT).taken();
    }

    private long receiveBuffer(int bytes) {
        long at = rig.allocate(bytes, 8);
        driver.queue(VirtioNet.RECEIVE).add(Part.in(at, bytes));
        return at;
    }

    private int control(int... message) {
        byte[] bytes = new byte[message.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) message[i];
        }
        long at = rig.allocate(bytes.length + 1, 1);
        rig.write(at, bytes);
        driver.queue(VirtioNet.CONTROL).send(Part.out(at, 2), Part.out(at + 2, bytes.length - 2), Part.in(at + bytes.length, 1));
        assertThat(driver.queue(VirtioNet.CONTROL).taken().length()).isEqualTo(1);
        return rig.load(at + bytes.length, 1);
    }

    @Test
    void theConfigurationTellsAddressLinkAndMtu() {
        assertThat(driver.deviceConfigLong(0) & 0xffff_ffff_ffffL).isEqualTo(0x5634_1200_5452L);
        assertThat(driver.deviceConfig(6, 2)).isEqualTo(VirtioNet.LINK_UP);
        assertThat(driver.deviceConfig(10, 2)).isEqualTo(1400);
    }

    @Test
    void aFrameIsSentWithoutItsHeader() {
        byte[] frame = frame(0x0202_0202_0202L, 90);
        transmit(new byte[HEADER], frame);
        assertThat(wire.sent()).containsExactly(frame);
    }

    @Test
    void aFrameArrivesWithAHeader() {
        long at = receiveBuffer(2048);
        byte[] frame = frame(MAC, 200);
        wire.arrive(frame);
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(HEADER + 200);
        assertThat(rig.read(at + HEADER, 200)).isEqualTo(frame);
        assertThat(rig.read(at, HEADER)).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
        assertThat(driver.interrupt()).isEqualTo(1);
    }

    @Test
    void aLargeFrameIsSpreadOverBuffersAtOnce() {
        long first = receiveBuffer(512);
        long second = receiveBuffer(512);
        wire.arrive(frame(MAC, 1300));
        assertThat(driver.queue(VirtioNet.RECEIVE).take()).as("two buffers are too few").isNull();
        long third = receiveBuffer(512);
        driver.queue(VirtioNet.RECEIVE).kick();
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(512);
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(512);
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(1312 - 1024);
        assertThat(rig.load(first + 10, 2)).as("buffers used").isEqualTo(3);
        ByteBuffer whole = ByteBuffer.allocate(1312)
                .put(rig.read(first, 512))
                .put(rig.read(second, 512))
                .put(rig.read(third, 288));
        assertThat(Arrays.copyOfRange(whole.array(), HEADER, 1312)).isEqualTo(frame(MAC, 1300));
    }

    @Test
    void withoutMergingAFrameThatDoesNotFitIsDropped() {
        driver.start(driver.offered() & ~VirtioNet.MRG_RXBUF);
        receiveBuffer(100);
        wire.arrive(frame(MAC, 200));
        assertThat(driver.queue(VirtioNet.RECEIVE).take()).isNull();
        wire.arrive(frame(MAC, 60));
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(72);
    }

    @Test
    void aFrameThatNoSetOfBuffersCanHoldIsDropped() {
        for (int i = 0; i < 64; i++) {
            receiveBuffer(64);
        }
        wire.arrive(frame(MAC, 9000));
        wire.arrive(frame(MAC, 40));
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(52);
    }

    @Test
    void framesWaitForBuffersUpToABound() {
        byte[] small = frame(MAC, 100);
        int bound = FrameQueue.BYTES_MAX / FrameQueue.bytesOf(small);
        for (int i = 0; i < bound + 50; i++) {
            byte[] numbered = small.clone();
            ByteBuffer.wrap(numbered).putInt(20, i);
            wire.arrive(numbered);
        }
        long at = rig.allocate(1024, 8);
        int arrived = 0;
        for (int i = 0; i < bound + 50; i++) {
            driver.queue(VirtioNet.RECEIVE).send(Part.in(at, 1024));
            if (driver.queue(VirtioNet.RECEIVE).take() != null) {
                assertThat(ByteBuffer.wrap(rig.read(at + HEADER, 100)).getInt(20)).as("in order").isEqualTo(i);
                arrived++;
            } else {
                break;
            }
        }
        assertThat(arrived).isEqualTo(bound).isGreaterThan(4000);
    }

    @Test
    void runtsAndGiantsAreDropped() {
        receiveBuffer(2048);
        wire.arrive(new byte[13]);
        wire.arrive(new byte[VirtioNet.FRAME_BYTES_MAX + 1]);
        assertThat(driver.queue(VirtioNet.RECEIVE).take()).isNull();
        transmit(new byte[HEADER], new byte[13]);
        assertThat(wire.sent()).isEmpty();
    }

    @Test
    void aFrameWithoutAHeaderNeedsAReset() {
        driver.queue(VirtioNet.TRANSMIT).send(Part.out(rig.allocate(16, 1), HEADER - 1));
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
    }

    /// UDP in IPv4: the driver leaves the sum of the pseudo-header in the field, the device completes it.
    @Test
    void aChecksumLeftToTheDeviceIsCompleted() {
        byte[] frame = frame(0x0202_0202_0202L, 14 + 20 + 8 + 33);
        int start = 34;
        int pseudo = 0x1234;
        frame[start + 6] = (byte) (pseudo >> 8);
        frame[start + 7] = (byte) pseudo;
        byte[] header = new byte[HEADER];
        header[0] = 1;
        header[6] = (byte) start;
        header[8] = 6;
        transmit(header, frame);
        byte[] sent = wire.sent().getFirst();
        // With the complement in its field the whole sums to all ones, less the pseudo-header that is no longer in it.
        int sum = Checksum.sum(sent, start) + pseudo;
        assertThat((sum & 0xffff) + (sum >> 16)).isEqualTo(0xffff);
        assertThat(Arrays.copyOf(sent, start)).isEqualTo(Arrays.copyOf(frame, start));
    }

    @Test
    void aChecksumOutsideTheFrameDropsIt() {
        byte[] header = new byte[HEADER];
        header[0] = 1;
        header[6] = 59;
        header[8] = 0;
        transmit(header, new byte[60]);
        header[6] = -1;
        header[7] = -1;
        header[8] = -1;
        header[9] = -1;
        transmit(header, new byte[60]);
        assertThat(wire.sent()).isEmpty();
    }

    @Test
    void aFrameToBeSegmentedIsDropped() {
        byte[] header = new byte[HEADER];
        header[1] = 1;
        transmit(header, new byte[60]);
        assertThat(wire.sent()).isEmpty();
    }

    /// A packet of TCP that the driver has not cut, to a network that takes it: whole, with its checksum.
    @Test
    void aFrameToBeSegmentedIsSentWholeToANetworkThatTakesIt() {
        var other = new VirtioRig();
        var large = new WirePort(true);
        other.plug(new VirtioNet("net", other.memory, new DirectGate(), large, MAC, 1500));
        GuestDriver offloading = new GuestDriver(other, 1).start();
        assertThat(driver.offered() & VirtioNet.HOST_TSO4).isZero();
        assertThat(offloading.offered() & VirtioNet.HOST_TSO4).isNotZero();
        byte[] frame = frame(0x0202_0202_0202L, 14 + 40 + 50_000);
        byte[] header = new byte[HEADER];
        header[0] = 1;
        header[1] = 1;
        header[6] = 34;
        header[8] = 16;
        long at = other.allocate(HEADER + frame.length, 2);
        other.write(at, header);
        other.write(at + HEADER, frame);
        offloading.queue(VirtioNet.TRANSMIT).send(Part.out(at, HEADER), Part.out(at + HEADER, frame.length));
        byte[] sent = large.sent().getFirst();
        assertThat(sent).hasSameSizeAs(frame);
        int pseudo = (frame[50] & 0xff) << 8 | frame[51] & 0xff;
        int sum = Checksum.sum(sent, 34) + pseudo;
        assertThat((sum & 0xffff) + (sum >> 16)).isEqualTo(0xffff);
        header[1] = 4; // TCP over IPv6
        other.write(at, header);
        offloading.queue(VirtioNet.TRANSMIT).send(Part.out(at, HEADER), Part.out(at + HEADER, frame.length));
        assertThat(large.sent()).hasSize(1);
    }

    @Test
    void theFilterPassesWhatTheDriverAsksFor() {
        long other = 0x02_00_00_00_00_01L;
        long group = 0x01_00_5e_00_00_01L;
        for (int i = 0; i < 10; i++) {
            receiveBuffer(256);
        }
        assertThat(arrives(other)).as("promiscuous at first").isTrue();
        assertThat(control(0, 0, 0)).isZero();
        assertThat(arrives(other)).isFalse();
        assertThat(arrives(MAC)).isTrue();
        assertThat(arrives(0xffff_ffff_ffffL)).isTrue();
        assertThat(arrives(group)).isFalse();
        assertThat(control(1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1)).isZero();
        assertThat(arrives(other)).isTrue();
        assertThat(arrives(group)).isTrue();
        assertThat(control(1, 0, 0, 0, 0, 0, 0, 0, 0, 0)).isZero();
        assertThat(arrives(group)).isFalse();
        assertThat(control(0, 1, 1)).isZero();
        assertThat(arrives(group)).as("all multicasts").isTrue();
        assertThat(control(1, 1, 2, 0, 0, 0, 0, 1)).as("a new address").isZero();
        assertThat(arrives(other)).isTrue();
        assertThat(arrives(MAC)).isFalse();
    }

    private boolean arrives(long to) {
        wire.arrive(frame(to, 64));
        return driver.queue(VirtioNet.RECEIVE).take() != null;
    }

    @Test
    void badControlCommandsAreRefused() {
        assertThat(control(9, 9, 0)).isEqualTo(1);
        assertThat(control(1, 1, 1, 2, 3)).isEqualTo(1);
        assertThat(control(1, 0, 255, 255, 255, 255, 0, 0, 0, 0)).isEqualTo(1);
        assertThat(control(1, 0, 0, 0, 0, 0, 1, 0, 0, 0)).isEqualTo(1);
    }

    @Test
    void aPulledCableIsSeenAndCarriesNothing() {
        receiveBuffer(256);
        net.link(false);
        assertThat(driver.interrupt()).isEqualTo(2);
        assertThat(driver.deviceConfig(6, 2)).isZero();
        transmit(new byte[HEADER], frame(1, 64));
        assertThat(wire.sent()).isEmpty();
        assertThat(arrives(MAC)).isFalse();
        net.link(true);
        assertThat(arrives(MAC)).isTrue();
    }

    @Test
    void anAnnouncementIsAskedForUntilItIsAcknowledged() {
        net.announce();
        assertThat(driver.interrupt()).isEqualTo(2);
        assertThat(driver.deviceConfig(6, 2)).isEqualTo(VirtioNet.LINK_UP | VirtioNet.ANNOUNCE);
        assertThat(control(3, 0)).isZero();
        assertThat(driver.deviceConfig(6, 2)).isEqualTo(VirtioNet.LINK_UP);
    }

    @Test
    void whatWaitsSurvivesASave() {
        wire.arrive(frame(MAC, 77));
        control(0, 0, 0);
        function.pause();
        byte[] record = VirtioRig.saved(function);
        function.reset();
        VirtioRig.restore(function, record);
        assertThat(VirtioRig.saved(function)).isEqualTo(record);
        function.resume();
        receiveBuffer(256);
        driver.queue(VirtioNet.RECEIVE).kick();
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(HEADER + 77);
        assertThat(arrives(0x02_00_00_00_00_09L)).as("the filter as well").isFalse();
    }

    @Test
    void aFrameThatComesWhileADeviceIsQuietWaits() {
        receiveBuffer(256);
        function.pause();
        wire.arrive(frame(MAC, 64));
        assertThat(driver.queue(VirtioNet.RECEIVE).take()).isNull();
        assertThat(driver.wire().level()).isFalse();
        function.resume();
        assertThat(driver.queue(VirtioNet.RECEIVE).taken().length()).isEqualTo(HEADER + 64);
        assertThat(driver.wire().level()).isTrue();
    }
}
