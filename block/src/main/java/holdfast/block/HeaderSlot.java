package holdfast.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/// One of the two pages at the beginning of a file of ours that say what it is: a magic number (8 bytes), a version (4), a
/// checksum (4), and then what the format has. Little-endian. Versions of the header are written to the two in turn, so that a
/// cut leaves the old one or the new one.
final class HeaderSlot {
    static final int BYTES = 4096;
    static final int COUNT = 2;

    private static final int CRC_OFFSET = 12;
    static final int TEXT_BYTES_MAX = 1800;

    private HeaderSlot() {}

    /// A slot to put the format's fields into, and then to [#seal].
    static ByteBuffer begin(long magic, int version) {
        return ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(magic).putInt(version).putInt(0);
    }

    static byte[] seal(ByteBuffer slot) {
        slot.putInt(CRC_OFFSET, crc(slot.array()));
        return slot.array();
    }

    /// A slot that was sealed.
    ///
    /// @param fields the format's
    record Sealed(int version, ByteBuffer fields) {}

    /// The format's fields, if this is a slot that was sealed.
    ///
    /// @param index which of the slots in `slots`, one after the other
    static Optional<ByteBuffer> open(byte[] slots, int index, long magic, int version) {
        return open(slots, index, magic).filter(slot -> slot.version == version).map(Sealed::fields);
    }

    /// The same, of whatever version.
    static Optional<Sealed> open(byte[] slots, int index, long magic) {
        var slot = ByteBuffer.wrap(slots, index * BYTES, BYTES).slice().order(ByteOrder.LITTLE_ENDIAN);
        var bytes = new byte[BYTES];
        slot.get(0, bytes);
        boolean ours = slot.getLong() == magic;
        int version = slot.getInt();
        return ours && slot.getInt() == crc(bytes) ? Optional.of(new Sealed(version, slot)) : Optional.empty();
    }

    static void putText(ByteBuffer slot, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > TEXT_BYTES_MAX) {
            throw new IllegalArgumentException("longer than " + TEXT_BYTES_MAX + " bytes: " + text);
        }
        slot.putShort((short) bytes.length).put(bytes);
    }

    /// Whatever is left of it, when the slot says that it is longer.
    static String text(ByteBuffer slot) {
        if (slot.remaining() < Short.BYTES) {
            return "";
        }
        var bytes = new byte[Math.min(Short.toUnsignedInt(slot.getShort()), slot.remaining())];
        slot.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int crc(byte[] slot) {
        var crc = new CRC32C();
        crc.update(slot, 0, CRC_OFFSET);
        crc.update(new byte[Integer.BYTES]);
        crc.update(slot, CRC_OFFSET + Integer.BYTES, BYTES - CRC_OFFSET - Integer.BYTES);
        return (int) crc.getValue();
    }
}
