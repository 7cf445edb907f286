package holdfast.block;

import java.util.Locale;
import java.util.regex.Pattern;

/// A number of bytes, as people write and read it: `4096`, `256M`, `1GiB`.
///
/// Every unit is a power of 1024, with or without `iB` or `B`, as qemu-img and most tools for virtual machines
/// have it: `1K` = `1KB` = `1KiB` = 1024 bytes. Upper and lower case are the same. Fractions are not accepted,
/// since a size that was rounded is a size that surprises.
public record ByteSize(long bytes) implements Comparable<ByteSize> {

    private static final Pattern WRITTEN = Pattern.compile("(\\d{1,19})\\s*(?:([KMGTPE])(?:I?B)?|B)?");
    private static final String UNITS = "KMGTPE";

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size cannot be negative: " + bytes);
        }
    }

    public static ByteSize ofMebibytes(long mebibytes) {
        return new ByteSize(Math.multiplyExact(mebibytes, 1L << 20));
    }

    /// Reads a size; throws [IllegalArgumentException] with a message fit for the person who wrote it.
    public static ByteSize parse(String text) {
        var matcher = WRITTEN.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a size; write for example 4096, 256M or 1GiB");
        }
        String unit = matcher.group(2);
        int shift = unit == null ? 0 : 10 * (UNITS.indexOf(unit) + 1);
        try {
            return new ByteSize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift));
        } catch (ArithmeticException | NumberFormatException tooLarge) {
            throw new IllegalArgumentException("'" + text + "' is too large: the limit is 8 EiB less one byte", tooLarge);
        }
    }

    /// Exact, so that [#parse] gives the same size back: the largest unit that divides it.
    @Override
    public String toString() {
        if (bytes == 0) {
            return "0";
        }
        int unit = Math.min(Long.numberOfTrailingZeros(bytes) / 10, UNITS.length());
        return unit == 0 ? Long.toString(bytes) : (bytes >> (10 * unit)) + "" + UNITS.charAt(unit - 1) + "iB";
    }

    /// Rounded for the eye, three digits at most: `1.46 GiB`.
    public String rounded() {
        int unit = bytes < 1024 ? 0 : (63 - Long.numberOfLeadingZeros(bytes)) / 10;
        if (unit == 0) {
            return bytes + " B";
        }
        double value = bytes / (double) (1L << (10 * unit));
        if (value >= 999.5 && unit < UNITS.length()) {
            value /= 1024;
            unit++;
        }
        int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f %ciB", value, UNITS.charAt(unit - 1));
    }

    @Override
    public int compareTo(ByteSize other) {
        return Long.compare(bytes, other.bytes);
    }
}
