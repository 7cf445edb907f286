package holdfast.network;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Who has an address (RFC 826), of Ethernet and IPv4.
///
/// ```
/// 0  1     2  0x0800     4  6     5  4     6  operation
/// 8  sender's card, 14 address     18 target's card, 24 address
/// ```
record Arp(int operation, MacAddress senderCard, Ipv4 sender, Ipv4 target) {
    static final int REQUEST = 1;
    static final int REPLY = 2;

    private static final int BYTES = 28;

    /// @return null when it is none
    static @Nullable Arp of(MemorySegment bytes) {
        if (bytes.byteSize() < BYTES || Layout.i32(bytes, 0) != 0x0001_0800 || Layout.u16(bytes, 4) != 0x0604) {
            return null;
        }
        int operation = Layout.u16(bytes, 6);
        if (operation != REQUEST && operation != REPLY) {
            return null;
        }
        return new Arp(operation, Layout.card(bytes, 8), Layout.address(bytes, 14), Layout.address(bytes, 24));
    }

    /// The frame that says who has the target's address.
    MemorySegment answer(MacAddress card) {
        MemorySegment frame = Ethernet.frame(senderCard, card, Ethernet.ARP, BYTES);
        int at = Ethernet.HEADER_BYTES;
        Layout.put32(frame, at, 0x0001_0800);
        Layout.put16(frame, at + 4, 0x0604);
        Layout.put16(frame, at + 6, REPLY);
        Layout.put(frame, at + 8, card);
        Layout.put32(frame, at + 14, target.bits());
        Layout.put(frame, at + 18, senderCard);
        Layout.put32(frame, at + 24, sender.bits());
        return frame;
    }
}
