package holdfast.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a server replies to all that [Question] has, as an input says. Every sequence of bytes is such a list.
///
/// ```
/// mode 1     replies: 0 simple, 1 structured, 2 and 3 with block status, structured and extended; +4 a sound server succeeds it
/// replies    kind 1, question 1, flags 1, offset 4, length 4, fill 1, skew 1
///   kind       as below; +16 with a wrong magic number; +32 cut off in its middle; +64 extended in place of structured, and the
///              other way round
///   flags      +1 the last chunk; +2 extents without end; +4 of another context; +8 to another offset
///   offset     of data and holes, from that of the question on
///   length     of data, holes and extents; else the error
///   fill       what data begins with; how many extents, and their states
///   skew       is added to the length that the header has
/// ```
record Replied(Mode mode, List<One> replies) {
    /// What the server calls `base:allocation`.
    static final int CONTEXT_ID = 7;

    static final int SIMPLE = 0;
    static final int NONE = 1;
    static final int DATA = 2;
    static final int HOLE = 3;
    static final int STATUS = 4;
    static final int STATUS_EXTENDED = 5;
    static final int ERROR = 6;
    static final int ERROR_AT_OFFSET = 7;

    private static final int[] TYPES = {0, 0, 1, 2, 5, 6, 0x8001, 0x8002};
    private static final int KIND = 15;
    private static final int WRONG_MAGIC = 16;
    private static final int CUT_OFF = 32;
    private static final int OTHER_FORMAT = 64;
    private static final int LAST = 1;
    private static final int ENDLESS = 2;
    private static final int OTHER_CONTEXT = 4;
    private static final int OTHER_OFFSET = 8;

    private static final int REPLIES_MAX = 24;
    private static final int REPLY_BYTES = 13;
    private static final int DATA_BYTES_MAX = 1 << 17;
    private static final int SUCCESSOR = 4;
    private static final int ERROR_CODE = 0xff;

    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int STRUCTURED_MAGIC = 0x668e33ef;
    private static final int EXTENDED_MAGIC = 0x6e8a278c;

    /// @param successor whether a sound server takes over when this one has gone
    record Mode(Asked.Replies replies, boolean successor) {
        boolean extended() {
            return replies == Asked.Replies.EXTENDED;
        }

        boolean blockStatus() {
            return replies == Asked.Replies.WITH_BLOCK_STATUS || extended();
        }
    }

    record One(int kind, int question, int flags, int offset, int length, int fill, int skew) {
        private boolean has(int flag) {
            return (flags & flag) != 0;
        }

        /// The question that it answers, if there is such a one.
        private Question asked() {
            Question[] all = Question.values();
            return all[question % all.length];
        }
    }

    static Replied decode(byte[] input) {
        ByteBuffer in = ByteBuffer.wrap(input);
        int first = in.hasRemaining() ? in.get() & 0xff : 0;
        Asked.Replies[] all = Asked.Replies.values();
        var mode = new Mode(all[(first & 3) % all.length], (first & SUCCESSOR) != 0);
        var replies = new ArrayList<One>();
        while (in.remaining() >= REPLY_BYTES && replies.size() < REPLIES_MAX) {
            replies.add(new One(
                    in.get() & 0xff, in.get() & 0xff, in.get(), in.getInt(), in.getInt(), in.get() & 0xff, in.get()));
        }
        return new Replied(mode, replies);
    }

    /// As it goes over the wire.
    byte[] encode() throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        for (One one : replies) {
            int before = bytes.size();
            reply(out, one);
            if ((one.kind & CUT_OFF) != 0) {
                return Arrays.copyOf(bytes.toByteArray(), (before + bytes.size()) / 2);
            }
        }
        return bytes.toByteArray();
    }

    private void reply(DataOutputStream out, One one) throws IOException {
        int kind = one.kind & KIND;
        int wrong = (one.kind & WRONG_MAGIC) != 0 ? -1 : 0;
        if (kind == SIMPLE) {
            int error = one.length & ERROR_CODE;
            out.writeInt(SIMPLE_MAGIC ^ wrong);
            out.writeInt(error);
            out.writeLong(one.question);
            boolean data = error == 0 && mode.replies == Asked.Replies.SIMPLE && one.asked().reads();
            out.write(data ? data(one.asked().length + one.skew, one.fill) : new byte[0]);
            return;
        }
        boolean extended = mode.extended() ^ (one.kind & OTHER_FORMAT) != 0;
        byte[] payload = payload(one, kind);
        out.writeInt((extended ? EXTENDED_MAGIC : STRUCTURED_MAGIC) ^ wrong);
        out.writeShort(one.flags & LAST);
        out.writeShort(kind < TYPES.length ? TYPES[kind] : one.fill);
        out.writeLong(one.question);
        if (extended) {
            out.writeLong(one.asked().offset + (one.has(OTHER_OFFSET) ? one.offset : 0));
            out.writeLong(payload.length + one.skew);
        } else {
            out.writeInt(payload.length + one.skew);
        }
        out.write(payload);
    }

    private static byte[] payload(One one, int kind) {
        long at = (long) one.asked().offset + one.offset;
        return switch (kind) {
            case DATA -> {
                byte[] data = data(one.length % DATA_BYTES_MAX, one.fill);
                yield ByteBuffer.allocate(Long.BYTES + data.length).putLong(at).put(data).array();
            }
            case HOLE -> ByteBuffer.allocate(Long.BYTES + Integer.BYTES).putLong(at).putInt(one.length).array();
            case STATUS, STATUS_EXTENDED -> extents(one, kind == STATUS_EXTENDED);
            case ERROR -> ByteBuffer.allocate(Integer.BYTES + Short.BYTES).putInt(one.length & ERROR_CODE).array();
            case ERROR_AT_OFFSET -> ByteBuffer.allocate(Integer.BYTES + Short.BYTES + Long.BYTES)
                    .putInt(one.length & ERROR_CODE)
                    .putShort((short) 0)
                    .putLong(at)
                    .array();
            default -> new byte[0];
        };
    }

    private static byte[] data(int length, int fill) {
        var data = new byte[Math.max(0, length)];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (fill + i);
        }
        return data;
    }

    private static byte[] extents(One one, boolean wide) {
        int count = 1 + (one.fill & 3);
        ByteBuffer extents = ByteBuffer.allocate(wide ? 8 + 16 * count : 4 + 8 * count);
        extents.putInt(one.has(OTHER_CONTEXT) ? CONTEXT_ID + 1 : CONTEXT_ID);
        if (wide) {
            extents.putInt(count);
        }
        for (int i = 0; i < count; i++) {
            int state = one.fill >> (2 + 2 * i) & 3;
            if (wide) {
                extents.putLong(one.has(ENDLESS) ? -1 : Integer.toUnsignedLong(one.length)).putLong(state);
            } else {
                extents.putInt(one.has(ENDLESS) ? -1 : one.length).putInt(state);
            }
        }
        return extents.array();
    }
}
