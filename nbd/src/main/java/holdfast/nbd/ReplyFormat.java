package holdfast.nbd;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// How replies are written, as was agreed on (proto.md, "Simple reply message" and "Structured reply chunk message").
///
/// ```
/// simple:      magic 4, error 4, cookie 8                               [data of a read]
/// structured:  magic 4, flags 2, type 2, cookie 8, length of payload 4, payload
///   data:        offset 8, data
///   error:       error 4, length of message 2, message
///   status:      context 4, then length 4 and flags 4 for each extent
/// ```
enum ReplyFormat {
    SIMPLE {
        @Override
        void data(Buffer buffer, long cookie, long offset, int length, boolean last) {
            simpleData(buffer, cookie, length);
        }

        @Override
        void error(Buffer buffer, long cookie, NbdError error) {
            simple(buffer, cookie, error.code());
        }
    },

    STRUCTURED {
        @Override
        void data(Buffer buffer, long cookie, long offset, int length, boolean last) {
            int headerBytes = Protocol.STRUCTURED_REPLY_BYTES + Long.BYTES;
            ByteBuffer header = buffer.beginHeader(headerBytes, length);
            chunk(header, last, Protocol.REPLY_TYPE_OFFSET_DATA, cookie, Long.BYTES + length);
            header.putLong(offset);
            buffer.endHeader(headerBytes);
        }

        @Override
        void error(Buffer buffer, long cookie, NbdError error) {
            byte[] message = error.message().getBytes(StandardCharsets.UTF_8);
            ByteBuffer reply = buffer.beginReply();
            chunk(reply, true, Protocol.REPLY_TYPE_ERROR, cookie, Integer.BYTES + Short.BYTES + message.length);
            reply.putInt(error.code()).putShort((short) message.length).put(message);
            buffer.endReply();
        }
    };

    /// Data of a read, which is in the buffer already.
    ///
    /// @param last whether the reply ends with it; a simple reply has no other pieces
    abstract void data(Buffer buffer, long cookie, long offset, int length, boolean last);

    abstract void error(Buffer buffer, long cookie, NbdError error);

    /// Success of anything that has no data: a simple reply is allowed for it in every format, and the shortest.
    void success(Buffer buffer, long cookie) {
        simple(buffer, cookie, 0);
    }

    /// The end of a read that has no data.
    void nothingRead(Buffer buffer, long cookie) {
        if (this == SIMPLE) {
            simple(buffer, cookie, 0);
        } else {
            ByteBuffer reply = buffer.beginReply();
            chunk(reply, true, 0, cookie, 0);
            buffer.endReply();
        }
    }

    /// The header of a simple reply and its data, or the first part of it: how long it is, the peer knows.
    static void simpleData(Buffer buffer, long cookie, int firstPart) {
        ByteBuffer header = buffer.beginHeader(Protocol.SIMPLE_REPLY_BYTES, firstPart);
        header.putInt(Protocol.SIMPLE_REPLY_MAGIC).putInt(0).putLong(cookie);
        buffer.endHeader(Protocol.SIMPLE_REPLY_BYTES);
    }

    private static void simple(Buffer buffer, long cookie, int error) {
        buffer.beginReply().putInt(Protocol.SIMPLE_REPLY_MAGIC).putInt(error).putLong(cookie);
        buffer.endReply();
    }

    static void chunk(ByteBuffer into, boolean last, int type, long cookie, int payloadBytes) {
        into.putInt(Protocol.STRUCTURED_REPLY_MAGIC)
                .putShort((short) (last ? Protocol.REPLY_FLAG_DONE : 0))
                .putShort((short) type)
                .putLong(cookie)
                .putInt(payloadBytes);
    }
}
