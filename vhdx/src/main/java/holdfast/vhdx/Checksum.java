package holdfast.vhdx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/// The checksum of headers, region tables and log entries: CRC-32C of the whole structure, its own field, the four bytes
/// at offset 4, taken as zero.
final class Checksum {
    private static final int OFFSET = 4;

    private Checksum() {}

    static boolean holds(byte[] structure) {
        return bytes(structure).getInt(OFFSET) == of(structure);
    }

    static void seal(byte[] structure) {
        bytes(structure).putInt(OFFSET, of(structure));
    }

    private static int of(byte[] structure) {
        var crc = new CRC32C();
        crc.update(structure, 0, OFFSET);
        crc.update(new byte[Integer.BYTES]);
        int rest = OFFSET + Integer.BYTES;
        crc.update(structure, rest, structure.length - rest);
        return (int) crc.getValue();
    }

    /// Everything in a VHDX file is little-endian.
    static ByteBuffer bytes(byte[] structure) {
        return ByteBuffer.wrap(structure).order(ByteOrder.LITTLE_ENDIAN);
    }
}
