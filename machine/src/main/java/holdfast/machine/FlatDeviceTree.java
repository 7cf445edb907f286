package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes a flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5). All numbers are big-endian.
final class FlatDeviceTree {
    private static final int MAGIC = 0xd00dfeed;
    private static final int VERSION = 17;
    private static final int LAST_COMPATIBLE_VERSION = 16;
    private static final int HEADER_BYTES = 40;
    private static final int RESERVATIONS_BYTES = 16;
    private static final int BEGIN_NODE = 1;
    private static final int END_NODE = 2;
    private static final int PROPERTY = 3;
    private static final int END = 9;

    /// Boot loaders write bootargs and initrd into the tree where it lies, without asking whether there is room: U-Boot takes 12 KiB.
    private static final int ROOM_BYTES = 16 << 10;

    private final ByteArrayOutputStream structure = new ByteArrayOutputStream();
    private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
    private final Map<String, Integer> stringOffsets = new LinkedHashMap<>();
    private int depth;

    /// Opens a node; the root is named "".
    FlatDeviceTree begin(String name) {
        word(BEGIN_NODE);
        bytes((name + '\0').getBytes(StandardCharsets.US_ASCII));
        depth++;
        return this;
    }

    FlatDeviceTree end() {
        word(END_NODE);
        depth--;
        return this;
    }

    /// A property without a value: it is there.
    FlatDeviceTree flag(String name) {
        return property(name, new byte[0]);
    }

    FlatDeviceTree cells(String name, int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Integer.BYTES);
        for (int value : values) {
            buffer.putInt(value);
        }
        return property(name, buffer.array());
    }

    /// Pairs of cells.
    FlatDeviceTree longs(String name, long... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Long.BYTES);
        for (long value : values) {
            buffer.putLong(value);
        }
        return property(name, buffer.array());
    }

    /// One string, or a list of them.
    FlatDeviceTree text(String name, String... values) {
        return property(name, (String.join("\0", values) + '\0').getBytes(StandardCharsets.UTF_8));
    }

    FlatDeviceTree property(String name, byte[] value) {
        word(PROPERTY);
        word(value.length);
        word(stringOffset(name));
        bytes(value);
        return this;
    }

    private int stringOffset(String name) {
        return stringOffsets.computeIfAbsent(name, key -> {
            int offset = strings.size();
            strings.writeBytes((key + '\0').getBytes(StandardCharsets.US_ASCII));
            return offset;
        });
    }

    private void word(int value) {
        structure.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
    }

    /// Everything in the structure block is aligned to four bytes.
    private void bytes(byte[] value) {
        structure.writeBytes(value);
        structure.writeBytes(new byte[-value.length & 3]);
    }

    /// The whole blob, with room behind it. All nodes must have been closed.
    byte[] toByteArray(int bootHart) {
        if (depth != 0) {
            throw new IllegalStateException(depth + " nodes are still open");
        }
        word(END);
        int structureAt = HEADER_BYTES + RESERVATIONS_BYTES;
        int stringsAt = structureAt + structure.size();
        ByteBuffer blob = ByteBuffer.allocate(stringsAt + strings.size() + ROOM_BYTES);
        blob.putInt(MAGIC).putInt(blob.capacity()).putInt(structureAt).putInt(stringsAt).putInt(HEADER_BYTES);
        blob.putInt(VERSION).putInt(LAST_COMPATIBLE_VERSION).putInt(bootHart);
        blob.putInt(strings.size()).putInt(structure.size());
        // An empty list of reservations is one pair of zeros.
        blob.putLong(0).putLong(0);
        blob.put(structure.toByteArray()).put(strings.toByteArray());
        return blob.array();
    }
}
