package holdfast.network;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A datagram of UDP (RFC 768): source's port, destination's port, length, checksum, payload.
record Datagram(int sourcePort, int destinationPort, MemorySegment payload) {
    private static final int HEADER_BYTES = 8;
    private static final int IP_BYTES = 20;

    /// @return null when the packet has none that is whole
    static @Nullable Datagram of(Packet packet) {
        MemorySegment bytes = packet.payload();
        if (packet.protocol() != Packet.UDP || packet.isFragment() || bytes.byteSize() < HEADER_BYTES) {
            return null;
        }
        int length = Layout.u16(bytes, 4);
        if (length < HEADER_BYTES || length > bytes.byteSize()) {
            return null;
        }
        return new Datagram(Layout.u16(bytes, 0), Layout.u16(bytes, 2), bytes.asSlice(HEADER_BYTES, length - HEADER_BYTES));
    }

    /// One of the two ends of a datagram.
    record End(MacAddress card, Ipv4 address, int port) {}

    /// The frame of a datagram.
    static MemorySegment frame(End from, End to, byte[] payload) {
        MemorySegment frame = Ethernet.frame(to.card(), from.card(), Ethernet.IPV4, IP_BYTES + HEADER_BYTES + payload.length);
        int at = Ethernet.HEADER_BYTES + IP_BYTES;
        int length = HEADER_BYTES + payload.length;
        Layout.put16(frame, at, from.port());
        Layout.put16(frame, at + 2, to.port());
        Layout.put16(frame, at + 4, length);
        MemorySegment.copy(MemorySegment.ofArray(payload), 0, frame, at + HEADER_BYTES, payload.length);
        Packet.header(frame, from.address(), to.address(), Packet.UDP);
        long pseudoHeader = Layout.sum(frame, Ethernet.HEADER_BYTES + 12L, 8) + Packet.UDP + length;
        int checksum = Layout.checksum(pseudoHeader + Layout.sum(frame, at, length));
        Layout.put16(frame, at + 6, checksum == 0 ? 0xFFFF : checksum);
        return frame;
    }
}
