package holdfast.network;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Why the way out has a socket.
///
/// @param machine whose it is
/// @param port of the machine's that its datagrams come from, by which they find their socket again; 0 when that says nothing
record Opening(Ipv4 machine, Kind kind, int port) {
    private static final int FLAGS = 13;
    private static final int SYN = 2;
    private static final int ACK = 16;
    private static final int ECHO_REQUEST = 8;

    /// What sockets are for, and how many of it one machine has at most. A connection holds up to 256 KiB of what has not been read yet.
    enum Kind {
        /// A connection of the machine's.
        CONNECTION(4096),
        /// Datagrams of one port of the machine's: a socket stays for 4 minutes after the last of them.
        DATAGRAMS(1024),
        /// One echo that the machine has asked for: until it comes, or for 4 minutes.
        ECHO(64),
        /// A connection to the machine by a forward.
        ACCEPTED(4096);

        final int max;

        Kind(int max) {
            this.max = max;
        }
    }

    /// @param frame of a machine, for the outside, with a whole packet
    /// @return null when no socket would be opened for it
    static @Nullable Opening of(MemorySegment frame) {
        @Nullable Ethernet ethernet = Ethernet.of(frame);
        @Nullable Packet packet = ethernet == null || ethernet.type() != Ethernet.IPV4 ? null : Packet.of(ethernet.payload());
        if (packet == null) {
            return null;
        }
        MemorySegment payload = packet.payload();
        long length = payload.byteSize();
        switch (packet.protocol()) {
            case Packet.TCP -> {
                boolean opens = length > FLAGS && (Layout.u8(payload, FLAGS) & (SYN | ACK)) == SYN;
                return opens ? new Opening(packet.source(), Kind.CONNECTION, 0) : null;
            }
            case Packet.UDP -> {
                return new Opening(packet.source(), Kind.DATAGRAMS, length < 2 ? 0 : Layout.u16(payload, 0));
            }
            case Packet.ICMP -> {
                boolean asks = length > 0 && Layout.u8(payload, 0) == ECHO_REQUEST;
                return asks ? new Opening(packet.source(), Kind.ECHO, 0) : null;
            }
            default -> {
                return null;
            }
        }
    }
}
