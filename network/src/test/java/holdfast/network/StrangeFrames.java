package holdfast.network;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Frames of [Frames#ONE] that are wrong at one layer and sound at those below it, so that they get as far as that: from one seed.
final class StrangeFrames {
    private static final int PAYLOAD_BYTES_MAX = 400;

    private final Random random;

    StrangeFrames(long seed) {
        random = new Random(seed);
    }

    MemorySegment next() {
        return switch (random.nextInt(8)) {
            case 0 -> noise(Ethernet.ARP);
            case 1 -> Frames.ipv6(Frames.ONE, new int[] {0, 17, 43, 44, 58, 60}[random.nextInt(6)], noise());
            case 2 -> damaged(Frames.arp(random.nextInt(4), Frames.ONE, Frames.ONE.address(), target()), Ethernet.HEADER_BYTES);
            case 3 -> ip(random.nextInt(256), noise());
            case 4 -> udp(dhcp(), DhcpServer.SERVER_PORT);
            case 5 -> udp(dns(), NameServer.PORT);
            case 6 -> damaged(Frames.toGateway(Frames.ONE, target(), random.nextInt(1, 65_536), noise()), Ethernet.HEADER_BYTES + 8);
            default -> damaged(Frames.syn(Frames.ONE, random.nextInt(65_536), target(), random.nextInt(65_536)), Ethernet.HEADER_BYTES + 20);
        };
    }

    private byte[] noise() {
        byte[] bytes = new byte[random.nextInt(PAYLOAD_BYTES_MAX)];
        random.nextBytes(bytes);
        return bytes;
    }

    private Ipv4 target() {
        return switch (random.nextInt(4)) {
            case 0 -> Frames.SUBNET.gateway();
            case 1 -> Frames.SUBNET.nameServer();
            case 2 -> Frames.TWO.address();
            default -> Frames.FAR;
        };
    }

    private MacAddress card() {
        return random.nextInt(4) == 0 ? MacAddress.BROADCAST : Frames.SUBNET.gatewayCard();
    }

    private MemorySegment noise(int type) {
        return Frames.ethernet(card(), Frames.ONE.card(), type, noise());
    }

    /// Some bytes behind those that are to be sound are changed; the header's checksum is right again.
    private MemorySegment damaged(MemorySegment frame, int sound) {
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            Layout.put8(frame, sound + random.nextInt((int) frame.byteSize() - sound), random.nextInt(256));
        }
        return summed(frame);
    }

    private static MemorySegment summed(MemorySegment frame) {
        int at = Ethernet.HEADER_BYTES;
        if (Layout.u16(frame, 12) == Ethernet.IPV4) {
            int headerBytes = (Layout.u8(frame, at) & 15) * 4;
            if (headerBytes >= 20 && at + headerBytes <= frame.byteSize()) {
                Layout.put16(frame, at + 10, 0);
                Layout.put16(frame, at + 10, Layout.checksum(Layout.sum(frame, at, headerBytes)));
            }
        }
        return frame;
    }

    private MemorySegment ip(int protocol, byte[] payload) {
        MemorySegment frame = Ethernet.frame(card(), Frames.ONE.card(), Ethernet.IPV4, 20 + payload.length);
        MemorySegment.copy(MemorySegment.ofArray(payload), 0, frame, Ethernet.HEADER_BYTES + 20, payload.length);
        Packet.header(frame, Frames.ONE.address(), target(), random.nextBoolean() ? protocol : random.nextInt(18));
        if (random.nextInt(4) == 0) {
            // With options, which are whatever follows; and a part of something.
            Layout.put8(frame, Ethernet.HEADER_BYTES, 0x40 | random.nextInt(16));
            Layout.put16(frame, Ethernet.HEADER_BYTES + 6, random.nextInt(65_536));
        }
        return summed(frame);
    }

    private MemorySegment udp(byte[] payload, int port) {
        Ipv4 to = port == DhcpServer.SERVER_PORT ? Frames.SUBNET.gateway() : Frames.SUBNET.nameServer();
        return Frames.udp(Frames.ONE, Frames.SUBNET.gatewayCard(), to, port, payload);
    }

    /// A sound beginning, and options whose lengths may lead anywhere.
    private byte[] dhcp() {
        byte[] sound = Frames.bytes(Frames.datagram(Frames.bytes(Frames.dhcp(Frames.ONE, random.nextInt(10), target()))).payload());
        var message = new ByteArrayOutputStream();
        message.write(sound, 0, random.nextInt(3) == 0 ? 240 : 243);
        for (int options = random.nextInt(6); options > 0; options--) {
            message.write(new int[] {0, 12, 50, 53, 54, 61, 255}[random.nextInt(7)]);
            message.write(random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(6));
            message.writeBytes(new byte[] {(byte) random.nextInt(10), (byte) random.nextInt(), 0, 2});
        }
        byte[] all = message.toByteArray();
        if (random.nextInt(4) == 0) {
            all[random.nextInt(240)] = (byte) random.nextInt();
        }
        return all;
    }

    /// A header, and labels whose lengths may lead anywhere, back too.
    private byte[] dns() {
        var query = new ByteArrayOutputStream();
        query.writeBytes(new byte[] {1, 2, (byte) (random.nextInt(4) == 0 ? random.nextInt() : 1), 0, 0, (byte) (random.nextInt(8) == 0 ? random.nextInt(3) : 1), 0, 0, 0, 0, 0, 0});
        String name = List.of("two", "two.test.internal", "none.test.internal", "11.8.9.10.in-addr.arpa", "8.999.in-addr.arpa", "a\0.two", "far.example")
                .get(random.nextInt(7));
        for (String label : name.split("\\.")) {
            query.write(random.nextInt(12) == 0 ? random.nextInt(256) : label.length());
            query.writeBytes(label.getBytes(StandardCharsets.ISO_8859_1));
        }
        query.writeBytes(new byte[] {0, 0, (byte) new int[] {1, 12, 28, 255}[random.nextInt(4)], 0, 1});
        byte[] all = query.toByteArray();
        return random.nextInt(6) == 0 ? Arrays.copyOf(all, random.nextInt(all.length)) : all;
    }
}
