package holdfast.share;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/// A client of 9P2000.L that sends whatever it is told to, and waits for the answer.
final class Client {
    static final int ROOM = 64 << 10;

    private final SharedDirectory server;

    Client(SharedDirectory server) {
        this.server = server;
    }

    /// A request in the making.
    static final class Request {
        private final ByteBuffer bytes = ByteBuffer.allocate(ROOM).order(ByteOrder.LITTLE_ENDIAN).position(Message.HEADER_BYTES);
        private final int type;

        Request(int type) {
            this.type = type;
        }

        Request u8(int value) {
            bytes.put((byte) value);
            return this;
        }

        Request u16(int value) {
            bytes.putShort((short) value);
            return this;
        }

        Request u32(int value) {
            bytes.putInt(value);
            return this;
        }

        Request u64(long value) {
            bytes.putLong(value);
            return this;
        }

        Request text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            bytes.putShort((short) utf8.length).put(utf8);
            return this;
        }

        Request data(byte[] data) {
            bytes.putInt(data.length).put(data);
            return this;
        }

        byte[] whole() {
            byte[] whole = new byte[bytes.position()];
            bytes.putInt(0, whole.length).put(4, (byte) type).putShort(5, (short) 1);
            bytes.get(0, whole);
            return whole;
        }
    }

    byte[] raw(byte[] request) {
        var answer = new CompletableFuture<byte[]>();
        server.submit(request, ROOM, answer::complete);
        return answer.join();
    }

    /// What is behind the header of an answer that is no error.
    ByteBuffer ok(Request request) {
        ByteBuffer answer = ByteBuffer.wrap(raw(request.whole())).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(answer.getInt(0)).isEqualTo(answer.capacity());
        assertThat(answer.get(4)).as("error " + (answer.get(4) == Message.ERROR_ANSWER ? answer.getInt(7) : 0)).isEqualTo((byte) (request.type + 1));
        return answer.position(Message.HEADER_BYTES);
    }

    int errno(Request request) {
        ByteBuffer answer = ByteBuffer.wrap(raw(request.whole())).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(answer.get(4)).isEqualTo((byte) Message.ERROR_ANSWER);
        return answer.getInt(Message.HEADER_BYTES);
    }

    void attach(int fid) {
        ok(new Request(Message.VERSION).u32(ROOM).text("9P2000.L"));
        ok(new Request(Message.ATTACH).u32(fid).u32(-1).text("root").text("").u32(0));
    }

    static Request walk(int from, int to, String... names) {
        var walk = new Request(Message.WALK).u32(from).u32(to).u16(names.length);
        for (String name : names) {
            walk.text(name);
        }
        return walk;
    }

    static Request open(int fid, int flags) {
        return new Request(Message.OPEN).u32(fid).u32(flags);
    }

    static Request read(int fid, long offset, int count) {
        return new Request(Message.READ).u32(fid).u64(offset).u32(count);
    }

    static Request write(int fid, long offset, byte[] data) {
        return new Request(Message.WRITE).u32(fid).u64(offset).data(data);
    }

    static byte[] data(ByteBuffer answer) {
        byte[] data = new byte[answer.getInt()];
        answer.get(data);
        return data;
    }
}
