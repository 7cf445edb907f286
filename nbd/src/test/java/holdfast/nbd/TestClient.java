package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A client that sends what it is told, sense or not.
final class TestClient implements AutoCloseable {
    private final SocketChannel channel;
    final DataInputStream in;
    private final DataOutputStream out;

    private TestClient(SocketChannel channel) {
        this.channel = channel;
        in = new DataInputStream(Channels.newInputStream(channel));
        out = new DataOutputStream(Channels.newOutputStream(channel));
    }

    static TestClient connect(NbdAddress address) throws IOException {
        Path socket = ((NbdAddress.Unix) address).path();
        return new TestClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }

    /// In the transmission phase of an export.
    static TestClient go(NbdAddress address, String export, boolean structured) throws IOException {
        TestClient client = connect(address).greeted();
        if (structured) {
            client.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
            client.option(Protocol.OPT_SET_META_CONTEXT, queries(export, "base:allocation"));
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_META_CONTEXT);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
        }
        client.option(Protocol.OPT_GO, info(export));
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_INFO);
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
        return client;
    }

    /// Reads the greeting and answers it.
    TestClient greeted() throws IOException {
        assertThat(in.readLong()).isEqualTo(Protocol.NBDMAGIC);
        assertThat(in.readLong()).isEqualTo(Protocol.IHAVEOPT);
        assertThat(in.readShort()).isEqualTo((short) 3);
        out.writeInt(3);
        return this;
    }

    interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    static byte[] bytes(Content content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        content.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    static byte[] info(String export, int... wanted) throws IOException {
        return bytes(out -> {
            string(out, export);
            out.writeShort(wanted.length);
            for (int kind : wanted) {
                out.writeShort(kind);
            }
        });
    }

    static byte[] queries(String export, String... queries) throws IOException {
        return bytes(out -> {
            string(out, export);
            out.writeInt(queries.length);
            for (String query : queries) {
                string(out, query);
            }
        });
    }

    private static void string(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    void send(byte[] bytes) throws IOException {
        out.write(bytes);
    }

    void option(int option, byte[] data) throws IOException {
        send(bytes(to -> {
            to.writeLong(Protocol.IHAVEOPT);
            to.writeInt(option);
            to.writeInt(data.length);
            to.write(data);
        }));
    }

    record OptionReply(int option, int type, byte[] data) {
        String text() {
            return new String(data, StandardCharsets.UTF_8);
        }
    }

    OptionReply optionReply() throws IOException {
        assertThat(in.readLong()).isEqualTo(Protocol.REPLY_TO_OPTION);
        int option = in.readInt();
        int type = in.readInt();
        return new OptionReply(option, type, in.readNBytes(in.readInt()));
    }

    static byte[] request(int flags, int type, long cookie, long offset, long length, byte... payload) throws IOException {
        return bytes(to -> {
            to.writeInt(Protocol.REQUEST_MAGIC);
            to.writeShort(flags);
            to.writeShort(type);
            to.writeLong(cookie);
            to.writeLong(offset);
            to.writeInt((int) length);
            to.write(payload);
        });
    }

    void ask(int type, long cookie, long offset, long length, byte... payload) throws IOException {
        send(request(0, type, cookie, offset, length, payload));
    }

    /// A reply of either kind.
    ///
    /// @param type of a structured reply, else -1
    /// @param payload of a structured reply
    record Reply(int magic, int flags, int type, long cookie, int error, byte[] payload) {}

    Reply reply() throws IOException {
        int magic = in.readInt();
        if (magic == Protocol.SIMPLE_REPLY_MAGIC) {
            int error = in.readInt();
            return new Reply(magic, 1, -1, in.readLong(), error, new byte[0]);
        }
        assertThat(magic).isEqualTo(Protocol.STRUCTURED_REPLY_MAGIC);
        int flags = in.readUnsignedShort();
        int type = in.readUnsignedShort();
        long cookie = in.readLong();
        byte[] payload = in.readNBytes(in.readInt());
        int error = (type & 1 << 15) == 0 ? 0 : java.nio.ByteBuffer.wrap(payload).getInt();
        return new Reply(magic, flags, type, cookie, error, payload);
    }

    /// How a request of no payload in either direction ends; 0 for success.
    int outcome(int flags, int type, long offset, long length) throws IOException {
        send(request(flags, type, 7, offset, length));
        Reply reply = reply();
        assertThat(reply.cookie()).isEqualTo(7);
        return reply.error();
    }

    int write(long offset, byte[] data) throws IOException {
        ask(Protocol.CMD_WRITE, 8, offset, data.length, data);
        return reply().error();
    }

    /// Reads through simple replies.
    byte[] read(long offset, int length) throws IOException {
        ask(Protocol.CMD_READ, 9, offset, length);
        Reply reply = reply();
        assertThat(reply.error()).isZero();
        return in.readNBytes(length);
    }

    /// Whether the server has closed the connection, after whatever it said before.
    boolean isCutOff() {
        try {
            in.skipNBytes(Long.MAX_VALUE);
            return false;
        } catch (IOException end) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
