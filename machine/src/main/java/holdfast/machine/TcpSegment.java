package holdfast.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A frame that carries some of a stream of TCP over IPv4 and nothing else, whose checksums are right; with those that follow it, one packet for the guest, which
/// then goes through its network code once for all of them (large receive offload).
///
/// ```
/// 0 Ethernet   14 IPv4: 1 service, 2 length, 6 fragments, 8 time to live, 9 protocol, 10 checksum, 12 addresses
/// 34 TCP: 4 sequence number, 8 acknowledgement, 12 header's length in words, 13 flags, 14 window, 16 checksum, 18 urgent, 20 options
/// ```
///
/// @param payload where that begins in the frame; there is at least a byte
record TcpSegment(byte[] frame, int payload) {
    private static final int IP = 14;
    private static final int TCP = IP + 20;
    private static final int OPTIONS = TCP + 20;
    private static final int PACKET_BYTES_MAX = 65_535;
    private static final int IPV4 = 0x0800;
    private static final int WITHOUT_OPTIONS = 0x45;
    private static final int DO_NOT_FRAGMENT = 0x4000;
    private static final int PROTOCOL_TCP = 6;
    private static final int PSH = 0x08;
    private static final int ACK = 0x10;

    private static final int NEEDS_CSUM = 1;
    private static final int DATA_VALID = 2;
    private static final int GSO_TCPV4 = 1;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    /// @return null when it is something else
    static @Nullable TcpSegment of(byte[] frame) {
        if (frame.length <= OPTIONS || u16(frame, 12) != IPV4 || frame[IP] != WITHOUT_OPTIONS || frame[IP + 9] != PROTOCOL_TCP
                || u16(frame, IP + 2) != frame.length - IP || (u16(frame, IP + 6) & ~DO_NOT_FRAGMENT) != 0 || (frame[TCP + 13] & ~PSH) != ACK) {
            return null;
        }
        int payload = TCP + (frame[TCP + 12] >> 4 & 0xf) * 4;
        boolean whole = payload >= OPTIONS && payload < frame.length && Checksum.sum(frame, IP, TCP) == 0xffff
                && Checksum.fold(pseudoHeader(frame) + Checksum.sum(frame, TCP)) == 0xffff;
        return whole ? new TcpSegment(frame, payload) : null;
    }

    private static int pseudoHeader(byte[] frame) {
        return Checksum.fold(Checksum.sum(frame, IP + 12, TCP) + PROTOCOL_TCP + frame.length - TCP);
    }

    private int payloadBytes() {
        return frame.length - payload;
    }

    /// Whether it goes on where another one ends, of the same stream, and says nothing that the other does not.
    ///
    /// @param first of those that are together already; all but the last have as much payload as that
    private boolean follows(TcpSegment last, TcpSegment first) {
        return payloadBytes() <= first.payloadBytes() && last.payloadBytes() == first.payloadBytes() && (last.frame[TCP + 13] & PSH) == 0
                && i32(frame, TCP + 4) == i32(last.frame, TCP + 4) + last.payloadBytes()
                && same(last, 0, IP + 2) && same(last, IP + 6, IP + 10) && same(last, IP + 12, TCP + 4) && same(last, TCP + 8, TCP + 13)
                && same(last, TCP + 14, TCP + 16) && same(last, TCP + 18, payload);
    }

    private boolean same(TcpSegment other, int from, int to) {
        return Arrays.equals(frame, from, to, other.frame, from, to);
    }

    /// As many of the first frames as make one packet.
    ///
    /// @return none when the first is no segment
    static List<TcpSegment> together(Iterable<byte[]> frames, int countMax) {
        var together = new ArrayList<TcpSegment>();
        int bytes = 0;
        for (byte[] frame : frames) {
            TcpSegment next = together.size() == countMax ? null : of(frame);
            bytes += next == null ? 0 : together.isEmpty() ? frame.length - IP : next.payloadBytes();
            if (next == null || bytes > PACKET_BYTES_MAX || !together.isEmpty() && !next.follows(together.getLast(), together.getFirst())) {
                return together;
            }
            together.add(next);
        }
        return together;
    }

    /// What the driver is given: a `virtio_net_hdr` (virtio 1.2, §5.1.6) and a frame. Several are left to it as what they were when they were sent, to be cut and to be
    /// given a checksum (§5.1.6.4.1), so that it can send them on; of one it is told that its checksum is right.
    static byte[] message(List<TcpSegment> together) {
        TcpSegment first = together.getFirst();
        int payloadBytes = together.stream().mapToInt(TcpSegment::payloadBytes).sum();
        byte[] whole = new byte[VirtioNet.HEADER_BYTES + first.payload + payloadBytes];
        if (together.size() == 1) {
            whole[0] = DATA_VALID;
            System.arraycopy(first.frame, 0, whole, VirtioNet.HEADER_BYTES, first.frame.length);
            return whole;
        }
        byte[] frame = new byte[first.payload + payloadBytes];
        System.arraycopy(first.frame, 0, frame, 0, first.payload);
        int to = first.payload;
        for (TcpSegment segment : together) {
            System.arraycopy(segment.frame, segment.payload, frame, to, segment.payloadBytes());
            to += segment.payloadBytes();
        }
        put16(frame, IP + 2, frame.length - IP);
        put16(frame, IP + 10, 0);
        put16(frame, IP + 10, ~Checksum.sum(frame, IP, TCP));
        frame[TCP + 13] = together.getLast().frame[TCP + 13];
        put16(frame, TCP + 16, pseudoHeader(frame));
        whole[0] = NEEDS_CSUM;
        whole[1] = GSO_TCPV4;
        little16(whole, 2, first.payload);
        little16(whole, 4, first.payloadBytes());
        little16(whole, 6, TCP);
        little16(whole, 8, 16);
        System.arraycopy(frame, 0, whole, VirtioNet.HEADER_BYTES, frame.length);
        return whole;
    }

    private static int u16(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at) & 0xffff;
    }

    private static int i32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    private static void put16(byte[] bytes, int at, int value) {
        SHORT.set(bytes, at, (short) value);
    }

    private static void little16(byte[] bytes, int at, int value) {
        SHORT.set(bytes, at, Short.reverseBytes((short) value));
    }
}
