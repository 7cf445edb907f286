package holdfast.share;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// An answer in the making.
final class Reply {
    private static final int QID_BYTES = 13;
    private static final int QID_DIRECTORY = 0x80;
    private static final int QID_LINK = 0x02;

    private final ByteBuffer bytes;

    /// @param room what the client takes
    Reply(int type, short tag, int room) {
        bytes = ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0).put((byte) type).putShort(tag);
    }

    static byte[] error(short tag, int errno) {
        ByteBuffer error = ByteBuffer.allocate(Message.HEADER_BYTES + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return error.putInt(error.capacity()).put((byte) Message.ERROR_ANSWER).putShort(tag).putInt(errno).array();
    }

    Reply u8(int value) {
        bytes.put((byte) value);
        return this;
    }

    Reply u16(int value) {
        bytes.putShort((short) value);
        return this;
    }

    Reply u32(int value) {
        bytes.putInt(value);
        return this;
    }

    Reply u64(long value) {
        bytes.putLong(value);
        return this;
    }

    Reply text(byte[] text) {
        bytes.putShort((short) text.length).put(text);
        return this;
    }

    Reply text(String text) {
        return text(text.getBytes(StandardCharsets.UTF_8));
    }

    /// What makes a file the same one for the client.
    Reply qid(FileStatus status) {
        return qid(status.isDirectory() ? QID_DIRECTORY : status.isLink() ? QID_LINK : 0, version(status), status.inode());
    }

    Reply qid(int type, int version, long path) {
        return u8(type).u32(version).u64(path);
    }

    private static int version(FileStatus status) {
        return Long.hashCode(status.modified().seconds() * 31 + status.modified().nanos() ^ status.size() << 8);
    }

    Reply time(FileStatus.Time time) {
        return u64(time.seconds()).u64(time.nanos());
    }

    int room() {
        return bytes.remaining();
    }

    static int entryBytes(int nameBytes) {
        return QID_BYTES + Long.BYTES + 1 + Short.BYTES + nameBytes;
    }

    ByteBuffer bytes() {
        return bytes;
    }

    byte[] whole() {
        bytes.putInt(0, bytes.position());
        return Arrays.copyOf(bytes.array(), bytes.position());
    }
}
