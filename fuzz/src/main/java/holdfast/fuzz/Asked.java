package holdfast.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a client asks for after a sound handshake, as an input says. Every sequence of bytes is such a list.
///
/// ```
/// mode 1     replies: 0 simple, 1 structured, 2 and 3 with block status, structured and extended; +4 the export that is read-only
/// requests   kind 1, flags 2, offset 8, length 8, fill 1
///   kind       type of the request; +32 without its magic number; +64 cut off in its middle
///   fill       what a write is filled with; of a list of contexts the length that it is for, in sectors, +128 with one that there is not
/// ```
///
/// A request that no client could send whole (more than 2 MiB of payload) is cut off, and so is everything after it.
record Asked(Mode mode, List<One> requests) {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int DISC = 2;
    static final int TRIM = 4;
    static final int WRITE_ZEROES = 6;
    static final int BLOCK_STATUS = 7;

    /// What the server calls `base:allocation`.
    private static final int CONTEXT_ID = 1;

    private static final int OTHER_CONTEXT = 0x80;

    private static final int REQUESTS_MAX = 16;
    private static final int REQUEST_BYTES = 20;
    private static final int PAYLOAD_BYTES_MAX = 2 << 20;
    private static final long LENGTH = 0xffff_ffffL;
    private static final int TYPE = 0x1f;
    private static final int NO_MAGIC = 0x20;
    private static final int CUT_OFF = 0x40;
    private static final int READ_ONLY = 4;

    private static final long IHAVEOPT = 0x49484156454f5054L;
    private static final int MAGIC = 0x25609513;
    private static final int EXTENDED_MAGIC = 0x21e41c71;
    private static final int WITH_PAYLOAD = 0x20;
    private static final int EXTENDED_HEADERS = 11;
    private static final int STRUCTURED_REPLY = 8;
    private static final int SET_META_CONTEXT = 10;
    private static final int GO = 7;

    enum Replies {
        SIMPLE,
        STRUCTURED,
        WITH_BLOCK_STATUS,
        EXTENDED
    }

    /// @param readOnly whether it is the export that is
    record Mode(Replies replies, boolean readOnly) {
        String export() {
            return readOnly ? "read-only" : "disk";
        }
    }

    /// One request; its cookie is its number.
    ///
    /// @param payloadBytes that it says it has; unsigned
    /// @param whole whether a server gets all of it, and has to answer
    record One(int kind, int flags, long offset, long length, long payloadBytes, int fill, boolean whole) {
        int type() {
            return kind & TYPE;
        }

        byte[] payload() {
            var payload = new byte[isSendable(payloadBytes) ? (int) payloadBytes : PAYLOAD_BYTES_MAX];
            if (type() == BLOCK_STATUS) {
                listContexts(payload);
            } else {
                Arrays.fill(payload, (byte) fill);
            }
            return payload;
        }

        private void listContexts(byte[] payload) {
            ByteBuffer list = ByteBuffer.allocate(Math.ceilDiv(payload.length, Integer.BYTES) * Integer.BYTES + Long.BYTES);
            list.putLong((fill & ~OTHER_CONTEXT) * 512L);
            while (list.hasRemaining()) {
                list.putInt(CONTEXT_ID);
            }
            if ((fill & OTHER_CONTEXT) != 0 && payload.length > 0) {
                list.put(Long.BYTES + Integer.BYTES - 1, (byte) (CONTEXT_ID + 1));
            }
            list.get(0, payload);
        }
    }

    private static boolean isSendable(long payloadBytes) {
        return payloadBytes >= 0 && payloadBytes <= PAYLOAD_BYTES_MAX;
    }

    static Asked decode(byte[] input) {
        ByteBuffer in = ByteBuffer.wrap(input);
        int first = in.hasRemaining() ? in.get() & 0xff : 0;
        Replies[] all = Replies.values();
        var mode = new Mode(all[(first & 3) % all.length], (first & READ_ONLY) != 0);
        var requests = new ArrayList<One>();
        boolean extended = mode.replies == Replies.EXTENDED;
        boolean goesOn = true;
        while (goesOn && in.remaining() >= REQUEST_BYTES && requests.size() < REQUESTS_MAX) {
            int kind = in.get() & 0xff;
            int flags = in.getShort() & 0xffff;
            long offset = in.getLong();
            long length = in.getLong() & (extended ? -1 : LENGTH);
            boolean payload = extended ? (flags & WITH_PAYLOAD) != 0 : (kind & TYPE) == WRITE;
            long payloadBytes = payload ? length : 0;
            goesOn = isSendable(payloadBytes) && (kind & (NO_MAGIC | CUT_OFF)) == 0 && (kind & TYPE) != DISC;
            requests.add(new One(kind, flags, offset, length, payloadBytes, in.get() & 0xff, goesOn));
        }
        return new Asked(mode, requests);
    }

    /// As it goes over the wire, the handshake first.
    byte[] encode() throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        handshake(out);
        boolean extended = mode.replies == Replies.EXTENDED;
        for (int i = 0; i < requests.size(); i++) {
            One one = requests.get(i);
            int magic = extended ? EXTENDED_MAGIC : MAGIC;
            out.writeInt((one.kind & NO_MAGIC) == 0 ? magic : ~magic);
            out.writeShort(one.flags);
            out.writeShort(one.type());
            out.writeLong(i);
            out.writeLong(one.offset);
            if (extended) {
                out.writeLong(one.length);
            } else {
                out.writeInt((int) one.length);
            }
            out.write(one.payload());
        }
        boolean cut = !requests.isEmpty() && (requests.getLast().kind & CUT_OFF) != 0;
        byte[] all = bytes.toByteArray();
        return cut ? Arrays.copyOf(all, all.length - Math.max(1, requests.getLast().payload().length / 2)) : all;
    }

    private void handshake(DataOutputStream out) throws IOException {
        out.writeInt(3);
        byte[] export = mode.export().getBytes(StandardCharsets.US_ASCII);
        byte[] context = "base:allocation".getBytes(StandardCharsets.US_ASCII);
        if (mode.replies != Replies.SIMPLE) {
            option(out, mode.replies == Replies.EXTENDED ? EXTENDED_HEADERS : STRUCTURED_REPLY, new byte[0]);
        }
        if (mode.replies == Replies.WITH_BLOCK_STATUS || mode.replies == Replies.EXTENDED) {
            ByteBuffer queries = ByteBuffer.allocate(3 * Integer.BYTES + export.length + context.length);
            queries.putInt(export.length).put(export).putInt(1).putInt(context.length).put(context);
            option(out, SET_META_CONTEXT, queries.array());
        }
        option(out, GO, ByteBuffer.allocate(Integer.BYTES + export.length + 2).putInt(export.length).put(export).array());
    }

    private static void option(DataOutputStream out, int option, byte[] data) throws IOException {
        out.writeLong(IHAVEOPT);
        out.writeInt(option);
        out.writeInt(data.length);
        out.write(data);
    }
}
