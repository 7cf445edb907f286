package holdfast.network;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A packet of IPv4 (RFC 791, section 3.1).
///
/// ```
/// 0  version 4, header's length in words     2  length     6  fragment     9  protocol     12  source     16  destination
/// ```
///
/// @param bytes header and payload, without what Ethernet has padded it with
/// @param headerBytes with options
record Packet(MemorySegment bytes, int headerBytes) {
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;

    private static final int HEADER_BYTES_MIN = 20;
    private static final int DO_NOT_FRAGMENT = 0x4000;
    private static final int TIME_TO_LIVE = 64;

    /// @return null when it is none
    static @Nullable Packet of(MemorySegment bytes) {
        if (bytes.byteSize() < HEADER_BYTES_MIN || Layout.u8(bytes, 0) >>> 4 != 4) {
            return null;
        }
        int headerBytes = (Layout.u8(bytes, 0) & 15) * 4;
        int length = Layout.u16(bytes, 2);
        if (headerBytes < HEADER_BYTES_MIN || length < headerBytes || length > bytes.byteSize()) {
            return null;
        }
        return new Packet(bytes.asSlice(0, length), headerBytes);
    }

    Ipv4 source() {
        return Layout.address(bytes, 12);
    }

    Ipv4 destination() {
        return Layout.address(bytes, 16);
    }

    int protocol() {
        return Layout.u8(bytes, 9);
    }

    /// Whether it is but a part of a packet.
    boolean isFragment() {
        return (Layout.u16(bytes, 6) & ~DO_NOT_FRAGMENT & 0x7FFF) != 0;
    }

    /// Whether it is whole, of TCP, UDP or ICMP, and has no options: the rest is what is wanted least and goes wrong most. libslirp 4.7.0 follows wild
    /// pointers when it puts together parts that are not as they should be.
    boolean isPlain() {
        return !isFragment() && headerBytes == HEADER_BYTES_MIN && (protocol() == TCP || protocol() == UDP || protocol() == ICMP);
    }

    MemorySegment payload() {
        return bytes.asSlice(headerBytes);
    }

    /// The port that it is for, if it is a whole packet of TCP or UDP; else -1.
    int destinationPort() {
        boolean hasPorts = (protocol() == TCP || protocol() == UDP) && !isFragment();
        return hasPorts && payload().byteSize() >= 4 ? Layout.u16(bytes, headerBytes + 2) : -1;
    }

    /// Writes a header before a payload that is there.
    static void header(MemorySegment frame, Ipv4 source, Ipv4 destination, int protocol) {
        int at = Ethernet.HEADER_BYTES;
        Layout.put16(frame, at, 0x4500);
        Layout.put16(frame, at + 2, (int) frame.byteSize() - at);
        Layout.put16(frame, at + 6, DO_NOT_FRAGMENT);
        Layout.put8(frame, at + 8, TIME_TO_LIVE);
        Layout.put8(frame, at + 9, protocol);
        Layout.put32(frame, at + 12, source.bits());
        Layout.put32(frame, at + 16, destination.bits());
        Layout.put16(frame, at + 10, Layout.checksum(Layout.sum(frame, at, HEADER_BYTES_MIN)));
    }
}
