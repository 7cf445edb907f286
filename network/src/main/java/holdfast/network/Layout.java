package holdfast.network;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Numbers in network order, at any offset in bytes.
final class Layout {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private Layout() {}

    static int u8(MemorySegment bytes, long offset) {
        return bytes.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    static int u16(MemorySegment bytes, long offset) {
        return bytes.get(SHORT, offset) & 0xFFFF;
    }

    static int i32(MemorySegment bytes, long offset) {
        return bytes.get(INT, offset);
    }

    static Ipv4 address(MemorySegment bytes, long offset) {
        return new Ipv4(i32(bytes, offset));
    }

    static MacAddress card(MemorySegment bytes, long offset) {
        return new MacAddress((long) u16(bytes, offset) << 32 | i32(bytes, offset + 2) & 0xFFFF_FFFFL);
    }

    static void put8(MemorySegment bytes, long offset, int value) {
        bytes.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
    }

    static void put16(MemorySegment bytes, long offset, int value) {
        bytes.set(SHORT, offset, (short) value);
    }

    static void put32(MemorySegment bytes, long offset, int value) {
        bytes.set(INT, offset, value);
    }

    static void put(MemorySegment bytes, long offset, MacAddress card) {
        put16(bytes, offset, (int) (card.bits() >>> 32));
        put32(bytes, offset + 2, (int) card.bits());
    }

    /// The sum of the Internet's checksums (RFC 1071), before its folding.
    static long sum(MemorySegment bytes, long offset, long length) {
        long sum = 0;
        long at = 0;
        for (; at + 3 < length; at += 4) {
            // Two words at once: what the lower one carries is added in the end.
            sum += i32(bytes, offset + at) & 0xFFFF_FFFFL;
        }
        for (; at + 1 < length; at += 2) {
            sum += u16(bytes, offset + at);
        }
        return at < length ? sum + (u8(bytes, offset + at) << 8) : sum;
    }

    static int checksum(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xFFFF) + (folded >>> 16);
        }
        return (int) ~folded & 0xFFFF;
    }
}
