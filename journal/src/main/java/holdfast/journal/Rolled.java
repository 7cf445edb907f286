package holdfast.journal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// That the base takes on everything up to an entry: it holds some of that from here on, and all of it when segments are gone. What the
/// disk was before that entry is not known any more.
///
/// ```
///  0  8  sequence of the last entry that it takes on
///  8  8  the latest time of all entries up to there
/// 16  8  sequence of the first entry that the journal had then
/// 24  2  length of what the base was called before, and then its bytes, UTF-8
///  …  2  length of what it is called as soon as it is changed, and then its bytes, UTF-8
/// ```
record Rolled(long sequence, long latestNanos, long firstKept, String from, String to) {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int TEXTS_OFFSET = 24;

    MemorySegment encode() {
        byte[] before = from.getBytes(StandardCharsets.UTF_8);
        byte[] after = to.getBytes(StandardCharsets.UTF_8);
        MemorySegment data = Arena.ofAuto().allocate(TEXTS_OFFSET + 2 * Short.BYTES + before.length + after.length);
        data.set(LONG, 0, sequence);
        data.set(LONG, 8, latestNanos);
        data.set(LONG, 16, firstKept);
        put(data, put(data, TEXTS_OFFSET, before), after);
        return data;
    }

    private static long put(MemorySegment data, long at, byte[] text) {
        data.set(SHORT, at, (short) text.length);
        MemorySegment.copy(text, 0, data, ValueLayout.JAVA_BYTE, at + Short.BYTES, text.length);
        return at + Short.BYTES + text.length;
    }

    /// @return empty when it makes no sense
    static Optional<Rolled> parse(MemorySegment data) {
        try {
            String before = text(data, TEXTS_OFFSET);
            String after = text(data, TEXTS_OFFSET + Short.BYTES + before.getBytes(StandardCharsets.UTF_8).length);
            return Optional.of(new Rolled(data.get(LONG, 0), data.get(LONG, 8), data.get(LONG, 16), before, after));
        } catch (IndexOutOfBoundsException cutShort) {
            return Optional.empty();
        }
    }

    private static String text(MemorySegment data, long at) {
        int length = Short.toUnsignedInt(data.get(SHORT, at));
        return new String(data.asSlice(at + Short.BYTES, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }
}
