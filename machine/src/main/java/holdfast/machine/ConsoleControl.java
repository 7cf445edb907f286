package holdfast.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A message on a console device's control queues (virtio 1.2, §5.3.6.2): port id, event, value, then what the event
/// brings.
record ConsoleControl(int port, int event, int value, byte[] more) {
    static final int DEVICE_READY = 0;
    static final int PORT_ADD = 1;
    static final int PORT_READY = 3;
    static final int CONSOLE_PORT = 4;
    static final int RESIZE = 5;
    static final int PORT_OPEN = 6;
    static final int PORT_NAME = 7;

    static final int HEADER_BYTES = 8;

    static ConsoleControl of(int port, int event, int value) {
        return new ConsoleControl(port, event, value, new byte[0]);
    }

    static ConsoleControl name(int port, String name) {
        return new ConsoleControl(port, PORT_NAME, 1, name.getBytes(StandardCharsets.UTF_8));
    }

    /// Columns first, as the specification has it.
    static ConsoleControl resize(int port, int columns, int rows) {
        byte[] size = {(byte) columns, (byte) (columns >> 8), (byte) rows, (byte) (rows >> 8)};
        return new ConsoleControl(port, RESIZE, 0, size);
    }

    byte[] encode() {
        return ByteBuffer.allocate(HEADER_BYTES + more.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(port)
                .putShort((short) event)
                .putShort((short) value)
                .put(more)
                .array();
    }

    /// @param bytes at least [#HEADER_BYTES]
    static ConsoleControl parse(byte[] bytes) {
        ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return of(fields.getInt(), fields.getShort() & 0xffff, fields.getShort() & 0xffff);
    }
}
