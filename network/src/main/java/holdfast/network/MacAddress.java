package holdfast.network;

import java.util.HexFormat;

/// The address of a network card.
///
/// @param bits six bytes as one number, the first in bits 47..40
public record MacAddress(long bits) {
    static final MacAddress BROADCAST = new MacAddress(0xFFFF_FFFF_FFFFL);

    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("no address of a network card: " + bits);
        }
    }

    /// @throws IllegalArgumentException when it is not six bytes in hexadecimal with colons between them
    public static MacAddress parse(String text) {
        byte[] bytes = COLONS.parseHex(text);
        if (bytes.length != 6) {
            throw new IllegalArgumentException("no address of a network card: " + text);
        }
        long bits = 0;
        for (byte b : bytes) {
            bits = bits << 8 | b & 255;
        }
        return new MacAddress(bits);
    }

    /// Of several cards, or of all.
    boolean isGroup() {
        return (bits >>> 40 & 1) != 0;
    }

    @Override
    public String toString() {
        byte[] bytes = new byte[6];
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) (bits >> 40 - 8 * i);
        }
        return COLONS.formatHex(bytes);
    }
}
