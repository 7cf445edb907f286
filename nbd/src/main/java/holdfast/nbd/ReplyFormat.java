package holdfast.nbd;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// How requests and replies are written, as was agreed on (proto.md, "Simple reply message", "Structured reply chunk message";
/// its branch extension-ext-header, "Extended reply chunk message").
///
/// ```
/// simple:      magic 4, error 4, cookie 8                                          [data of a read]
/// structured:  magic 4, flags 2, type 2, cookie 8, length of payload 4, payload
/// extended:    magic 4, flags 2, type 2, cookie 8, offset of the request 8, length of payload 8, payload
///   data:        offset 8, data
///   error:       error 4, length of message 2, message
///   status:      context 4, then length 4 and flags 4 for each extent; extended: context 4, count 4, then 8 and 8
/// ```
enum ReplyFormat {
    SIMPLE(Protocol.REQUEST_MAGIC, Protocol.REQUEST_BYTES, Protocol.SIMPLE_REPLY_BYTES),
    STRUCTURED(Protocol.REQUEST_MAGIC, Protocol.REQUEST_BYTES, Protocol.STRUCTURED_REPLY_BYTES),
    EXTENDED(Protocol.EXTENDED_REQUEST_MAGIC, Protocol.EXTENDED_REQUEST_BYTES, Protocol.EXTENDED_REPLY_BYTES);

    /// What requests begin with, and how long they are without their payload.
    final int requestMagic;

    final int requestBytes;
    private final int headerBytes;

    ReplyFormat(int requestMagic, int requestBytes, int headerBytes) {
        this.requestMagic = requestMagic;
        this.requestBytes = requestBytes;
        this.headerBytes = headerBytes;
    }

    /// Data of a read, which is in the buffer already.
    ///
    /// @param last whether the reply ends with it; a simple reply has no other pieces
    void data(Buffer buffer, ClientRequest request, long offset, int length, boolean last) {
        if (this == SIMPLE) {
            simpleData(buffer, request.cookie(), length);
            return;
        }
        int bytes = headerBytes + Long.BYTES;
        ByteBuffer header = buffer.beginHeader(bytes, length);
        chunk(header, last, Protocol.REPLY_TYPE_OFFSET_DATA, request, Long.BYTES + length);
        header.putLong(offset);
        buffer.endHeader(bytes);
    }

    void error(Buffer buffer, ClientRequest request, NbdError error) {
        if (this == SIMPLE) {
            simple(buffer, request.cookie(), error.code());
            return;
        }
        byte[] message = error.message().getBytes(StandardCharsets.UTF_8);
        ByteBuffer reply = buffer.beginReply();
        chunk(reply, true, Protocol.REPLY_TYPE_ERROR, request, Integer.BYTES + Short.BYTES + message.length);
        reply.putInt(error.code()).putShort((short) message.length).put(message);
        buffer.endReply();
    }

    /// Success of anything that has no data: a simple reply, the shortest, wherever it is allowed.
    void success(Buffer buffer, ClientRequest request) {
        if (this == EXTENDED) {
            nothing(buffer, request);
        } else {
            simple(buffer, request.cookie(), 0);
        }
    }

    /// The end of a read that has no data.
    void nothingRead(Buffer buffer, ClientRequest request) {
        if (this == SIMPLE) {
            simple(buffer, request.cookie(), 0);
        } else {
            nothing(buffer, request);
        }
    }

    private void nothing(Buffer buffer, ClientRequest request) {
        chunk(buffer.beginReply(), true, Protocol.REPLY_TYPE_NONE, request, 0);
        buffer.endReply();
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

    /// The header of a chunk, which there is not in simple replies.
    void chunk(ByteBuffer into, boolean last, int type, ClientRequest request, int payloadBytes) {
        into.putInt(this == EXTENDED ? Protocol.EXTENDED_REPLY_MAGIC : Protocol.STRUCTURED_REPLY_MAGIC)
                .putShort((short) (last ? Protocol.REPLY_FLAG_DONE : 0))
                .putShort((short) type)
                .putLong(request.cookie());
        if (this == EXTENDED) {
            into.putLong(request.offset()).putLong(payloadBytes);
        } else {
            into.putInt(payloadBytes);
        }
    }
}
