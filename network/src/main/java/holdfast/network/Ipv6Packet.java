package holdfast.network;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A packet of IPv6 (RFC 8200, sections 3 and 4), as far as must be known of it to tell who claims to be the router.
///
/// ```
/// 0  version 6     4  payload's length     6  next header     8  source     24  destination     40  extension headers …
/// ```
///
/// @param protocol what is behind the extension headers; [#NOT_FIRST] in a part that is not a packet's first
/// @param at where that begins
record Ipv6Packet(MemorySegment bytes, int protocol, int at) {
    static final int NOT_FIRST = -1;

    private static final int HEADER_BYTES = 40;
    private static final int EXTENSIONS_MAX = 8;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION = 60;
    private static final int EXTENSION_UNIT = 8;
    private static final int OFFSET_MASK = 0xFFF8;

    private static final int ICMP = 58;
    private static final int ROUTER_ADVERTISEMENT = 134;
    private static final int REDIRECT = 137;
    private static final int DHCP_SERVER_PORT = 547;

    /// @return null when it is none, or one whose first part does not say what it is (RFC 7112)
    static @Nullable Ipv6Packet of(MemorySegment bytes) {
        if (bytes.byteSize() < HEADER_BYTES || Layout.u8(bytes, 0) >>> 4 != 6) {
            return null;
        }
        int next = Layout.u8(bytes, 6);
        int at = HEADER_BYTES;
        for (int extensions = 0; next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION; extensions++) {
            if (extensions == EXTENSIONS_MAX || at + EXTENSION_UNIT > bytes.byteSize()) {
                return null;
            }
            if (next == FRAGMENT && (Layout.u16(bytes, at + 2) & OFFSET_MASK) != 0) {
                return new Ipv6Packet(bytes, NOT_FIRST, at);
            }
            int length = next == FRAGMENT ? EXTENSION_UNIT : (Layout.u8(bytes, at + 1) + 1) * EXTENSION_UNIT;
            next = Layout.u8(bytes, at);
            at += length;
        }
        return at + 2 > bytes.byteSize() && (next == ICMP || next == Packet.UDP) ? null : new Ipv6Packet(bytes, next, at);
    }

    /// Whether it tells others where to send what they send: it is of a router, or of a server of addresses and names.
    boolean isOfRouter() {
        return switch (protocol) {
            case ICMP -> Layout.u8(bytes, at) == ROUTER_ADVERTISEMENT || Layout.u8(bytes, at) == REDIRECT;
            case Packet.UDP -> Layout.u16(bytes, at) == DHCP_SERVER_PORT;
            default -> false;
        };
    }
}
