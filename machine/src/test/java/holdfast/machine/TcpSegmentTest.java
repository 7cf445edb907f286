package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.GuestDriver.GuestQueue;
import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a driver gets of segments of TCP that come together. Checksums are worked out here once more.
class TcpSegmentTest {
    private static final int HEADER = VirtioNet.HEADER_BYTES;
    private static final int BUFFER_BYTES = 2048;
    private static final int SEQUENCE = 0x7fff_fe00;
    /// An option of 12 bytes, as Linux sends it: two that say nothing, and a time stamp.
    private static final byte[] OPTION = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9};

    private final VirtioRig rig = new VirtioRig();
    private final WirePort wire = new WirePort();
    private final long buffers = rig.allocate(64 * BUFFER_BYTES, 8);
    private GuestDriver driver;
    private int taken;

    @BeforeEach
    void begin() {
        rig.plug(new VirtioNet("net", rig.memory, new DirectGate(), wire, 0x52_54_00_12_34_56L, 1500));
        driver = new GuestDriver(rig, 1).start();
    }

    // ---- frames

    private static byte[] segment(int offset, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + 20 + 20 + OPTION.length + payload.length);
        frame.put(new byte[] {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 2, 2, 2, 2, 2, 8, 0});
        frame.put(new byte[] {0x45, 0}).putShort((short) (frame.capacity() - 14)).putShort((short) (offset / 100)).putShort((short) 0x4000).put(new byte[] {64, 6, 0, 0});
        frame.put(new byte[] {10, 0, 0, 2, 10, 0, 0, 15});
        frame.putShort((short) 80).putShort((short) 4096).putInt(SEQUENCE + offset).putInt(77).put(new byte[] {(byte) (20 + OPTION.length << 2), 0x10}).putShort((short) 999);
        frame.putInt(0).put(OPTION).put(payload);
        return summed(frame.array());
    }

    private static byte[] summed(byte[] frame) {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        bytes.putShort(24, (short) 0).putShort(24, (short) ~sum(frame, 14, 34, 0)).putShort(50, (short) 0);
        bytes.putShort(50, (short) ~sum(frame, 34, frame.length, pseudoHeader(frame)));
        return frame;
    }

    private static int pseudoHeader(byte[] frame) {
        return sum(frame, 26, 34, 6 + frame.length - 34);
    }

    private static int sum(byte[] bytes, int from, int to, int first) {
        int sum = first;
        for (int i = from; i < to; i++) {
            sum += (bytes[i] & 0xff) << ((i - from) % 2 == 0 ? 8 : 0);
        }
        return (sum & 0xffff) + (sum >> 16) + ((sum & 0xffff) + (sum >> 16) >> 16) & 0xffff;
    }

    private static byte[] random(int bytes) {
        byte[] payload = new byte[bytes];
        new Random(bytes).nextBytes(payload);
        return payload;
    }

    // ---- what the driver does with them

    private void buffers(int count) {
        GuestQueue queue = driver.queue(VirtioNet.RECEIVE);
        for (int i = 0; i < count; i++) {
            queue.add(Part.in(buffers + queue.added() % 64 * BUFFER_BYTES, BUFFER_BYTES));
        }
    }

    private byte[] read(GuestQueue queue, GuestQueue.Used used) {
        taken++;
        return rig.read(Integer.toUnsignedLong(rig.load(queue.descriptors + 16L * used.head(), 4)), used.length());
    }

    /// Everything that has arrived: header and frame, out of as many buffers as the header says.
    private List<byte[]> arrived() {
        GuestQueue queue = driver.queue(VirtioNet.RECEIVE);
        var messages = new ArrayList<byte[]>();
        for (var used = queue.take(); used != null; used = queue.take()) {
            byte[] message = read(queue, used);
            for (int more = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getShort(10); more > 1; more--) {
                byte[] next = read(queue, queue.taken());
                int end = message.length;
                message = Arrays.copyOf(message, end + next.length);
                System.arraycopy(next, 0, message, end, next.length);
            }
            messages.add(message);
        }
        return messages;
    }

    /// As a driver sends a message on: in parts, each with a header of its own (RFC 9293, section 3.1), if it is left to it to cut.
    private static List<byte[]> cut(byte[] message) {
        ByteBuffer header = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        byte[] frame = Arrays.copyOfRange(message, HEADER, message.length);
        if (message[1] == 0) {
            return List.of(frame);
        }
        assertThat(message[0]).as("a checksum is left to the driver").isEqualTo((byte) 1);
        assertThat(message[1]).as("TCP over IPv4").isEqualTo((byte) 1);
        assertThat(header.getShort(6)).isEqualTo((short) 34);
        assertThat(header.getShort(8)).isEqualTo((short) 16);
        assertThat(ByteBuffer.wrap(frame).getShort(16)).isEqualTo((short) (frame.length - 14));
        assertThat(sum(frame, 14, 34, 0)).isEqualTo(0xffff);
        assertThat(ByteBuffer.wrap(frame).getShort(50)).as("of the pseudo-header").isEqualTo((short) pseudoHeader(frame));
        int headers = header.getShort(2);
        int payload = header.getShort(4);
        var parts = new ArrayList<byte[]>();
        for (int from = headers; from < frame.length; from += payload) {
            byte[] part = Arrays.copyOf(frame, headers + Math.min(payload, frame.length - from));
            System.arraycopy(frame, from, part, headers, part.length - headers);
            ByteBuffer bytes = ByteBuffer.wrap(part);
            bytes.putShort(16, (short) (part.length - 14)).putInt(38, bytes.getInt(38) + from - headers);
            part[47] = (byte) (from + payload < frame.length ? part[47] & ~8 : part[47]);
            parts.add(summed(part));
        }
        return parts;
    }

    /// Their number (IPv4's identification) is lost where they are put together.
    private static byte[] unnumbered(byte[] frame) {
        return summed(ByteBuffer.wrap(frame.clone()).putShort(18, (short) 0).array());
    }

    private static void areSame(List<byte[]> parts, List<byte[]> frames) {
        assertThat(parts).hasSameSizeAs(frames);
        for (int i = 0; i < parts.size(); i++) {
            assertThat(unnumbered(parts.get(i))).as("number " + i).isEqualTo(unnumbered(frames.get(i)));
        }
    }

    @Test
    void segmentsThatFollowOneAnotherAreOnePacket() {
        buffers(8);
        byte[] last = segment(2000, random(301));
        last[47] |= 8;
        List<byte[]> frames = List.of(segment(0, random(1000)), segment(1000, random(1000)), summed(last));
        wire.arrive(frames.toArray(byte[][]::new));
        List<byte[]> arrived = arrived();
        assertThat(arrived).hasSize(1);
        areSame(cut(arrived.getFirst()), frames);
    }

    static Stream<Named<Consumer<byte[]>>> differences() {
        return Stream.of(
                Named.of("another machine", frame -> frame[11]++), Named.of("another protocol", frame -> frame[13]++), Named.of("another service", frame -> frame[15]++),
                Named.of("may be fragmented", frame -> frame[20] = 0), Named.of("a fragment", frame -> frame[20] = 0x20), Named.of("lives longer", frame -> frame[22]++),
                Named.of("of UDP", frame -> frame[23] = 17), Named.of("another address", frame -> frame[29]++), Named.of("another port", frame -> frame[35]++),
                Named.of("a gap", frame -> frame[41]++), Named.of("acknowledges more", frame -> frame[45]++), Named.of("an end", frame -> frame[47] |= 1),
                Named.of("a beginning", frame -> frame[47] |= 2), Named.of("no acknowledgement", frame -> frame[47] = 0), Named.of("another window", frame -> frame[49]++),
                Named.of("something urgent", frame -> frame[53]++), Named.of("a later time stamp", frame -> frame[61]++), Named.of("headers longer than it", frame -> frame[46] = (byte) 0xf0));
    }

    @ParameterizedTest
    @MethodSource("differences")
    void whatSaysSomethingElseArrivesAlone(Consumer<byte[]> difference) {
        buffers(8);
        byte[] other = segment(10, random(10));
        difference.accept(other);
        List<byte[]> frames = List.of(segment(0, random(10)), summed(other), segment(20, random(10)));
        wire.arrive(frames.toArray(byte[][]::new));
        assertThat(arrived().stream().map(message -> Arrays.copyOfRange(message, HEADER, message.length))).containsExactlyElementsOf(frames);
    }

    /// In the data, the header of TCP, that of IPv4, and the length: the guest's own check is to find it.
    @Test
    void whatIsDamagedArrivesAsItIs() {
        buffers(8);
        for (int at : new int[] {70, 44, 19, 17}) {
            byte[] damaged = segment(10, random(10));
            damaged[at]++;
            wire.arrive(segment(0, random(10)), damaged);
            List<byte[]> arrived = arrived();
            assertThat(arrived).as("at " + at).hasSize(2);
            assertThat(arrived.getFirst()[0]).as("checked").isEqualTo((byte) 2);
            assertThat(arrived.getLast()[0]).as("not to be believed, at " + at).isZero();
            assertThat(arrived.getLast()).endsWith(damaged);
        }
    }

    @Test
    void aDriverThatDoesNotAskForItGetsFrames() {
        byte[][] frames = {segment(0, random(10)), segment(10, random(10))};
        driver.start(driver.offered() & ~VirtioNet.GUEST_TSO4);
        buffers(2);
        wire.arrive(frames);
        assertThat(arrived()).extracting(message -> message[0]).containsExactly((byte) 2, (byte) 2);
        driver.start(driver.offered() & ~(VirtioNet.GUEST_TSO4 | VirtioNet.GUEST_CSUM));
        buffers(2);
        wire.arrive(frames);
        assertThat(arrived()).extracting(message -> message[0]).containsExactly((byte) 0, (byte) 0);
    }

    @Test
    void whatHasNoBuffersTogetherComesOneByOne() {
        buffers(2);
        List<byte[]> frames = List.of(segment(0, random(1400)), segment(1400, random(1400)), segment(2800, random(1400)), segment(4200, random(1400)));
        wire.arrive(frames.toArray(byte[][]::new));
        List<byte[]> parts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            arrived().forEach(message -> parts.addAll(cut(message)));
            buffers(2);
            driver.queue(VirtioNet.RECEIVE).kick();
        }
        areSame(parts, frames);
    }

    @Test
    void aPacketIsNoLongerThanIpHasIt() {
        buffers(60);
        List<byte[]> frames = Stream.iterate(0, i -> i + 1).limit(60).map(i -> segment(i * 1400, random(1400))).toList();
        wire.arrive(frames.toArray(byte[][]::new));
        List<byte[]> arrived = arrived();
        assertThat(arrived).hasSize(2);
        assertThat(arrived.getFirst()).hasSizeLessThanOrEqualTo(HEADER + 14 + 65_535).hasSizeGreaterThan(HEADER + 14 + 65_535 - 1400);
        areSame(arrived.stream().flatMap(message -> cut(message).stream()).toList(), frames);
    }

    @Test
    void nothingIsLostOrMadeOfStreamsThatAreMixed() {
        var random = new Random(3);
        buffers(24);
        for (int round = 0; round < 200; round++) {
            var frames = new ArrayList<byte[]>();
            int[] offsets = new int[2];
            for (int i = random.nextInt(1, 12); i > 0; i--) {
                int stream = random.nextInt(8) / 7;
                byte[] payload = random(random.nextInt(6) == 0 ? random.nextInt(0, 90) : 90);
                byte[] frame = segment(offsets[stream], payload);
                frame[35] += (byte) stream;
                frame[47] |= (byte) (random.nextInt(6) == 0 ? 8 : 0);
                frames.add(summed(frame));
                offsets[stream] += payload.length + random.nextInt(12) / 11;
            }
            int before = taken;
            wire.arrive(frames.toArray(byte[][]::new));
            areSame(arrived().stream().flatMap(message -> cut(message).stream()).toList(), frames);
            buffers(taken - before);
        }
    }
}
