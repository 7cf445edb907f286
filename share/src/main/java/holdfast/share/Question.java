package holdfast.share;

import java.lang.foreign.MemorySegment;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// What a client asks, read field by field from the first one behind the header.
final class Question {
    private static final int NAME_BYTES_MAX = 255;

    private final ByteBuffer bytes;

    /// @param message whole
    Question(byte[] message) {
        bytes = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    }

    int type() {
        return bytes.get(4) & 0xff;
    }

    short tag() {
        return bytes.getShort(5);
    }

    /// Whether it is as long as it says; from here on its fields can be read.
    boolean begins() {
        boolean whole = bytes.getInt(0) == bytes.capacity();
        bytes.position(Message.HEADER_BYTES);
        return whole;
    }

    int u8() throws Refusal {
        return need(Byte.BYTES).get() & 0xff;
    }

    int u16() throws Refusal {
        return need(Short.BYTES).getShort() & 0xffff;
    }

    int u32() throws Refusal {
        return need(Integer.BYTES).getInt();
    }

    long u64() throws Refusal {
        return need(Long.BYTES).getLong();
    }

    private ByteBuffer need(int more) throws Refusal {
        if (bytes.remaining() < more) {
            throw new Refusal(Refusal.EINVAL);
        }
        return bytes;
    }

    /// Text that is no file's name.
    String text() throws Refusal {
        byte[] text = new byte[u16()];
        try {
            bytes.get(text);
        } catch (BufferUnderflowException e) {
            throw new Refusal(Refusal.EINVAL);
        }
        return new String(text, StandardCharsets.UTF_8);
    }

    /// The name of a file in a directory, and so neither a path nor the directory itself or the one above.
    String name() throws Refusal {
        String name = text();
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
            throw new Refusal(Refusal.EINVAL);
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX) {
            throw new Refusal(Refusal.ENAMETOOLONG);
        }
        return name;
    }

    /// The data of a write.
    byte[] data() throws Refusal {
        int length = u32();
        if (length < 0 || length > bytes.remaining()) {
            throw new Refusal(Refusal.EINVAL);
        }
        byte[] data = new byte[length];
        MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, MemorySegment.ofArray(data), 0, length);
        return data;
    }
}
