package holdfast.vhdx;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/// GUIDs as Windows writes them: on disk the first three fields are little-endian and the last two are as printed; in text
/// they stand in braces ([MS-DTYP] 2.3.4).
final class Guid {
    static final UUID NONE = new UUID(0, 0);
    static final int BYTES = 16;

    private static final int TEXT_LENGTH = 36;

    private Guid() {}

    /// Takes one from a little-endian buffer.
    static UUID get(ByteBuffer from) {
        long first = Integer.toUnsignedLong(from.getInt());
        long second = Short.toUnsignedLong(from.getShort());
        long third = Short.toUnsignedLong(from.getShort());
        return new UUID(first << 32 | second << 16 | third, Long.reverseBytes(from.getLong()));
    }

    /// Puts one into a little-endian buffer.
    static void put(ByteBuffer into, UUID guid) {
        long fields = guid.getMostSignificantBits();
        into.putInt((int) (fields >>> 32)).putShort((short) (fields >>> 16)).putShort((short) fields);
        into.putLong(Long.reverseBytes(guid.getLeastSignificantBits()));
    }

    static String text(UUID guid) {
        return "{" + guid + "}";
    }

    /// @return empty when it is none
    static Optional<UUID> parse(String text) {
        String bare = text.startsWith("{") && text.endsWith("}") ? text.substring(1, text.length() - 1) : text;
        if (bare.length() != TEXT_LENGTH) {
            return Optional.empty();
        }
        try {
            return Optional.of(UUID.fromString(bare));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
