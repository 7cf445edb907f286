package holdfast.network;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A packet of TCP (RFC 9293, section 3.1) that is longer than a frame, in parts that are not: what a network card does for who leaves it that.
///
/// ```
/// 4  sequence number     12  header's length in words     13  flags     16  checksum
/// ```
///
/// @param headerBytes of Ethernet, IPv4 and TCP together
/// @param payloadBytesMax of each part
record TcpSegments(Ethernet frame, Packet packet, int headerBytes, int payloadBytesMax) {
    private static final int TCP_HEADER_BYTES_MIN = 20;
    private static final int CWR = 0x80;
    /// What the last part alone says: FIN and PSH.
    private static final int OF_THE_END = 0x09;

    /// @param packet in the frame, of TCP and whole
    /// @return null when its header is none, or leaves no room behind it
    static @Nullable TcpSegments of(Ethernet frame, Packet packet, int frameBytesMax) {
        MemorySegment tcp = packet.payload();
        if (tcp.byteSize() < TCP_HEADER_BYTES_MIN) {
            return null;
        }
        int tcpHeaderBytes = (Layout.u8(tcp, 12) >>> 4) * 4;
        if (tcpHeaderBytes < TCP_HEADER_BYTES_MIN || tcpHeaderBytes > tcp.byteSize()) {
            return null;
        }
        int headerBytes = Ethernet.HEADER_BYTES + packet.headerBytes() + tcpHeaderBytes;
        return headerBytes >= frameBytesMax ? null : new TcpSegments(frame, packet, headerBytes, frameBytesMax - headerBytes);
    }

    /// @param each is given the frames in their order, whose bytes are this one's again when it returns
    void forEach(Consumer<MemorySegment> each) {
        MemorySegment whole = frame.bytes().asSlice(0, Ethernet.HEADER_BYTES + packet.bytes().byteSize());
        long payloadBytes = whole.byteSize() - headerBytes;
        MemorySegment part = MemorySegment.ofArray(new byte[headerBytes + payloadBytesMax]);
        MemorySegment.copy(whole, 0, part, 0, headerBytes);
        int number = 0;
        for (long from = 0; from == 0 || from < payloadBytes; from += payloadBytesMax) {
            int bytes = (int) Math.min(payloadBytesMax, payloadBytes - from);
            MemorySegment.copy(whole, headerBytes + from, part, headerBytes, bytes);
            MemorySegment segment = part.asSlice(0, headerBytes + bytes);
            number(whole, segment, number++, from, from + bytes == payloadBytes);
            each.accept(segment);
        }
    }

    private void number(MemorySegment whole, MemorySegment segment, int number, long offset, boolean last) {
        int ip = Ethernet.HEADER_BYTES;
        int tcp = ip + packet.headerBytes();
        int tcpBytes = (int) segment.byteSize() - tcp;
        Layout.put16(segment, ip + 2, (int) segment.byteSize() - ip);
        Layout.put16(segment, ip + 4, Layout.u16(whole, ip + 4) + number);
        Layout.put16(segment, ip + 10, 0);
        Layout.put16(segment, ip + 10, Layout.checksum(Layout.sum(segment, ip, packet.headerBytes())));
        Layout.put32(segment, tcp + 4, Layout.i32(whole, tcp + 4) + (int) offset);
        int flags = Layout.u8(whole, tcp + 13) & (last ? 0xFF : ~OF_THE_END) & (number == 0 ? 0xFF : ~CWR);
        Layout.put8(segment, tcp + 13, flags);
        Layout.put16(segment, tcp + 16, 0);
        long pseudoHeader = Layout.sum(segment, ip + 12L, 8) + Packet.TCP + tcpBytes;
        Layout.put16(segment, tcp + 16, Layout.checksum(pseudoHeader + Layout.sum(segment, tcp, tcpBytes)));
    }
}
