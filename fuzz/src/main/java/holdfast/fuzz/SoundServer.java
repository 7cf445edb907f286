package holdfast.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One connection of a server that keeps to the protocol as far as it goes: it shakes hands, hears requests, and answers them when
/// it is asked to.
///
/// @param mode what it agrees on
record SoundServer(Replied.Mode mode, DataInputStream in, DataOutputStream out) {
    /// What every byte of its disk is.
    static final byte CONTENT = 0x5a;

    private static final long NBDMAGIC = 0x4e42444d41474943L;
    private static final long IHAVEOPT = 0x49484156454f5054L;
    private static final long OPTION_REPLY = 0x0003e889045565a9L;
    private static final int ACK = 1;
    private static final int INFO = 3;
    private static final int META_CONTEXT = 4;
    private static final int UNSUPPORTED = (1 << 31) + 1;
    private static final int GO = 7;
    private static final int STRUCTURED_REPLY = 8;
    private static final int SET_META_CONTEXT = 10;
    private static final int EXTENDED_HEADERS = 11;
    /// Flush, FUA, trim, write zeroes, fast zero.
    private static final int FLAGS = 1 | 4 | 8 | 32 | 64 | 2048;

    private static final int WRITE = 1;
    private static final int DISC = 2;

    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int STRUCTURED_MAGIC = 0x668e33ef;
    private static final int EXTENDED_MAGIC = 0x6e8a278c;

    private record Request(int type, long cookie, long offset, long length) {}

    private interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Content content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        content.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void reply(DataOutputStream to, int option, int type, byte[] data) throws IOException {
        to.writeLong(OPTION_REPLY);
        to.writeInt(option);
        to.writeInt(type);
        to.writeInt(data.length);
        to.write(data);
    }

    /// Says all of its side at once, and hears the client's.
    void shakeHands() throws IOException {
        out.write(bytes(this::greet));
        out.flush();
        in.readInt();
        for (int option = 0; option != GO; ) {
            in.readLong();
            option = in.readInt();
            in.skipNBytes(in.readInt());
        }
    }

    private void greet(DataOutputStream to) throws IOException {
        to.writeLong(NBDMAGIC);
        to.writeLong(IHAVEOPT);
        to.writeShort(3);
        boolean structured = mode.replies() != Asked.Replies.SIMPLE;
        reply(to, EXTENDED_HEADERS, mode.extended() ? ACK : UNSUPPORTED, new byte[0]);
        if (!mode.extended()) {
            reply(to, STRUCTURED_REPLY, structured ? ACK : UNSUPPORTED, new byte[0]);
        }
        if (structured) {
            if (mode.blockStatus()) {
                reply(to, SET_META_CONTEXT, META_CONTEXT, bytes(context -> {
                    context.writeInt(Replied.CONTEXT_ID);
                    context.write("base:allocation".getBytes(StandardCharsets.US_ASCII));
                }));
            }
            reply(to, SET_META_CONTEXT, ACK, new byte[0]);
        }
        reply(to, GO, INFO, bytes(info -> {
            info.writeShort(0);
            info.writeLong(Question.DISK_BYTES);
            info.writeShort(FLAGS);
        }));
        reply(to, GO, ACK, new byte[0]);
    }

    private Request hear() throws IOException {
        in.readInt();
        in.readShort();
        int type = in.readShort();
        long cookie = in.readLong();
        long offset = in.readLong();
        long length = mode.extended() ? in.readLong() : Integer.toUnsignedLong(in.readInt());
        in.skipNBytes(type == WRITE ? length : 0);
        return new Request(type, cookie, offset, length);
    }

    /// Hears so many requests.
    void hear(int requests) throws IOException {
        for (int i = 0; i < requests; i++) {
            hear();
        }
    }

    /// Answers requests until the client says goodbye.
    void serve() throws IOException {
        for (Request request = hear(); request.type != DISC; request = hear()) {
            Request one = request;
            out.write(bytes(to -> answer(to, one)));
            out.flush();
        }
    }

    private void answer(DataOutputStream to, Request request) throws IOException {
        Question question = Question.values()[(int) request.cookie];
        byte[] data = new byte[question.reads() ? question.length : 0];
        Arrays.fill(data, CONTENT);
        if (mode.replies() == Asked.Replies.SIMPLE) {
            to.writeInt(SIMPLE_MAGIC);
            to.writeInt(0);
            to.writeLong(request.cookie);
            to.write(data);
        } else if (question.reads()) {
            chunk(to, 1, request, bytes(chunk -> {
                chunk.writeLong(request.offset);
                chunk.write(data);
            }));
        } else if (question == Question.BLOCK_STATUS) {
            chunk(to, mode.extended() ? 6 : 5, request, bytes(chunk -> extent(chunk, request)));
        } else {
            chunk(to, 0, request, new byte[0]);
        }
    }

    private void chunk(DataOutputStream to, int type, Request request, byte[] payload) throws IOException {
        to.writeInt(mode.extended() ? EXTENDED_MAGIC : STRUCTURED_MAGIC);
        to.writeShort(1);
        to.writeShort(type);
        to.writeLong(request.cookie);
        if (mode.extended()) {
            to.writeLong(request.offset);
            to.writeLong(payload.length);
        } else {
            to.writeInt(payload.length);
        }
        to.write(payload);
    }

    private void extent(DataOutputStream to, Request request) throws IOException {
        to.writeInt(Replied.CONTEXT_ID);
        if (mode.extended()) {
            to.writeInt(1);
            to.writeLong(request.length);
            to.writeLong(0);
        } else {
            to.writeInt((int) request.length);
            to.writeInt(0);
        }
    }
}
