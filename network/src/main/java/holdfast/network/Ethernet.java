package holdfast.network;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A frame of Ethernet (IEEE 802.3, clause 3) without its check sequence.
///
/// ```
/// 0  destination, 6 bytes     6  source, 6 bytes     12  type     14  payload
/// ```
record Ethernet(MemorySegment bytes) {
    static final int HEADER_BYTES = 14;
    static final int IPV4 = 0x0800;
    static final int ARP = 0x0806;
    static final int IPV6 = 0x86DD;

    /// @return null when it is too short to be one
    static @Nullable Ethernet of(MemorySegment bytes) {
        return bytes.byteSize() < HEADER_BYTES ? null : new Ethernet(bytes);
    }

    MacAddress destination() {
        return Layout.card(bytes, 0);
    }

    MacAddress source() {
        return Layout.card(bytes, 6);
    }

    int type() {
        return Layout.u16(bytes, 12);
    }

    MemorySegment payload() {
        return bytes.asSlice(HEADER_BYTES);
    }

    /// A frame with room for its payload.
    static MemorySegment frame(MacAddress destination, MacAddress source, int type, int payloadBytes) {
        MemorySegment frame = MemorySegment.ofArray(new byte[HEADER_BYTES + payloadBytes]);
        Layout.put(frame, 0, destination);
        Layout.put(frame, 6, source);
        Layout.put16(frame, 12, type);
        return frame;
    }
}
