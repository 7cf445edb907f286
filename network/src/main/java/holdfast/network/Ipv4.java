package holdfast.network;

import java.util.regex.Pattern;

/// An IPv4 address.
///
/// @param bits in host order: the first byte in bits 31..24
public record Ipv4(int bits) {
    static final Ipv4 ANY = new Ipv4(0);
    static final Ipv4 BROADCAST = new Ipv4(-1);

    private static final Pattern DOTTED = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    /// @throws IllegalArgumentException when it is none in dotted decimal
    public static Ipv4 parse(String text) {
        if (!DOTTED.matcher(text).matches()) {
            throw new IllegalArgumentException("no IPv4 address: " + text);
        }
        int bits = 0;
        for (String part : text.split("\\.", -1)) {
            int value = Integer.parseInt(part);
            if (value > 255) {
                throw new IllegalArgumentException("no IPv4 address: " + text);
            }
            bits = bits << 8 | value;
        }
        return new Ipv4(bits);
    }

    Ipv4 plus(int addresses) {
        return new Ipv4(bits + addresses);
    }

    int firstByte() {
        return bits >>> 24;
    }

    @Override
    public String toString() {
        return (bits >>> 24) + "." + (bits >>> 16 & 255) + "." + (bits >>> 8 & 255) + "." + (bits & 255);
    }
}
