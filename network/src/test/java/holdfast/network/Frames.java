package holdfast.network;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// Frames as machines send them.
final class Frames {
    static final Subnet SUBNET = new Subnet(Ipv4.parse("10.9.8.0"));
    static final Station ONE = station("one", 10);
    static final Station TWO = station("two", 11);
    static final Station THREE = station("three", 12);
    static final Ipv4 FAR = Ipv4.parse("192.0.2.1");

    private Frames() {}

    static Station station(String name, int number) {
        return new Station(name, new MacAddress(0x5254_0000_0000L + number), SUBNET.base().plus(number));
    }

    static MemorySegment ethernet(MacAddress to, MacAddress from, int type, byte... payload) {
        MemorySegment frame = Ethernet.frame(to, from, type, payload.length);
        MemorySegment.copy(MemorySegment.ofArray(payload), 0, frame, Ethernet.HEADER_BYTES, payload.length);
        return frame;
    }

    static MemorySegment arp(int operation, Station from, Ipv4 sender, Ipv4 target) {
        byte[] payload = ByteBuffer.allocate(28)
                .putInt(0x0001_0800).putShort((short) 0x0604).putShort((short) operation)
                .putShort((short) (from.card().bits() >> 32)).putInt((int) from.card().bits()).putInt(sender.bits())
                .putShort((short) 0).putInt(0).putInt(target.bits())
                .array();
        return ethernet(MacAddress.BROADCAST, from.card(), Ethernet.ARP, payload);
    }

    static MemorySegment udp(Station from, MacAddress toCard, Ipv4 to, int toPort, byte... payload) {
        return Datagram.frame(new Datagram.End(from.card(), from.address(), 4000), new Datagram.End(toCard, to, toPort), payload);
    }

    static MemorySegment udp(Station from, Station to, String text) {
        return udp(from, to.card(), to.address(), 7, text.getBytes(StandardCharsets.UTF_8));
    }

    static MemorySegment toGateway(Station from, Ipv4 to, int port, byte... payload) {
        return udp(from, SUBNET.gatewayCard(), to, port, payload);
    }

    /// What opens a connection, and nothing more.
    static MemorySegment syn(Station from, int fromPort, Ipv4 to, int toPort) {
        return tcp(from, SUBNET.gatewayCard(), fromPort, to, toPort, fromPort, 0, 0x02);
    }

    /// A segment of a connection.
    static MemorySegment tcp(Station from, MacAddress toCard, int fromPort, Ipv4 to, int toPort, int sequence, int acknowledged, int flags, byte... payload) {
        int bytes = 20 + payload.length;
        MemorySegment frame = Ethernet.frame(toCard, from.card(), Ethernet.IPV4, 20 + bytes);
        int at = Ethernet.HEADER_BYTES + 20;
        Layout.put16(frame, at, fromPort);
        Layout.put16(frame, at + 2, toPort);
        Layout.put32(frame, at + 4, sequence);
        Layout.put32(frame, at + 8, acknowledged);
        Layout.put16(frame, at + 12, 0x5000 | flags);
        Layout.put16(frame, at + 14, 1000);
        MemorySegment.copy(MemorySegment.ofArray(payload), 0, frame, at + 20, payload.length);
        Packet.header(frame, from.address(), to, Packet.TCP);
        Layout.put16(frame, at + 16, Layout.checksum(tcpSum(packet(bytes(frame)))));
        return frame;
    }

    /// All ones, folded, if the checksum is right (RFC 9293, section 3.1).
    static long tcpSum(Packet packet) {
        long bytes = packet.payload().byteSize();
        return Layout.sum(packet.bytes(), 12, 8) + Packet.TCP + bytes + Layout.sum(packet.payload(), 0, bytes);
    }

    /// IPv6 to everybody.
    ///
    /// @param chain extension headers and what is behind them
    static MemorySegment ipv6(Station from, int nextHeader, byte... chain) {
        ByteBuffer packet = ByteBuffer.allocate(40 + chain.length);
        packet.put(0, (byte) 0x60).putShort(4, (short) chain.length).put(6, (byte) nextHeader).put(7, (byte) 255).put(40, chain);
        return ethernet(MacAddress.BROADCAST, from.card(), Ethernet.IPV6, packet.array());
    }

    /// The first part of a packet whose others never come.
    static MemorySegment part(Station from, Ipv4 to, int id) {
        MemorySegment frame = Datagram.frame(
                new Datagram.End(from.card(), from.address(), 4000), new Datagram.End(SUBNET.gatewayCard(), to, 9), new byte[16]);
        int at = Ethernet.HEADER_BYTES;
        Layout.put16(frame, at + 4, id);
        Layout.put16(frame, at + 6, 0x2000);
        Layout.put16(frame, at + 10, 0);
        Layout.put16(frame, at + 10, Layout.checksum(Layout.sum(frame, at, 20)));
        return frame;
    }

    /// A query of the name server.
    static byte[] query(String name, int type) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        for (String label : name.split("\\.")) {
            out.write(label.length());
            out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.writeBytes(new byte[] {0, 0, (byte) type, 0, 1});
        return out.toByteArray();
    }

    /// A message to the DHCP server.
    ///
    /// @param requested option 50; 0.0.0.0: none
    static MemorySegment dhcp(Station from, int type, Ipv4 requested) {
        ByteBuffer message = ByteBuffer.allocate(300);
        message.put(0, (byte) 1).put(1, (byte) 1).put(2, (byte) 6).putInt(4, 0xABCD);
        message.putShort(28, (short) (from.card().bits() >> 32)).putInt(30, (int) from.card().bits()).putInt(236, 0x6382_5363);
        message.position(240).put((byte) 53).put((byte) 1).put((byte) type);
        if (!requested.equals(Ipv4.ANY)) {
            message.put((byte) 50).put((byte) 4).putInt(requested.bits());
        }
        message.put((byte) 255);
        return Datagram.frame(
                new Datagram.End(from.card(), Ipv4.ANY, 68), new Datagram.End(MacAddress.BROADCAST, Ipv4.BROADCAST, 67), message.array());
    }

    static byte[] bytes(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }

    /// The datagram that is in a frame.
    static Datagram datagram(byte[] frame) {
        return Objects.requireNonNull(Datagram.of(packet(frame)));
    }

    /// The packet that is in a frame.
    static Packet packet(byte[] frame) {
        return Objects.requireNonNull(Packet.of(new Ethernet(MemorySegment.ofArray(frame)).payload()));
    }

    /// What a frame says or asks by ARP.
    static Arp arp(byte[] frame) {
        return Objects.requireNonNull(Arp.of(new Ethernet(MemorySegment.ofArray(frame)).payload()));
    }

    /// An option of a DHCP message; empty when it is not there.
    static byte[] option(Datagram message, int wanted) {
        ByteBuffer bytes = ByteBuffer.wrap(bytes(message.payload())).position(240);
        while (true) {
            int option = bytes.get() & 255;
            if (option == 255) {
                return new byte[0];
            }
            byte[] value = new byte[bytes.get() & 255];
            bytes.get(value);
            if (option == wanted) {
                return value;
            }
        }
    }
}
