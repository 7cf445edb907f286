package holdfast.nbd;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A request as it comes: magic 4, flags 2, type 2, cookie 8, offset 8, length 4, or 8 with extended headers (proto.md, "Request
/// message").
///
/// @param offset unsigned, so negative when it is beyond every disk
/// @param length unsigned, so negative when it is longer than every disk
/// @param payloadBytes bytes that follow and were not taken; unsigned
record ClientRequest(int flags, int type, long cookie, long offset, long length, long payloadBytes) {

    /// After the magic number.
    static ClientRequest parse(ByteBuffer in, ReplyFormat format) {
        int flags = in.getShort() & 0xffff;
        int type = in.getShort() & 0xffff;
        long cookie = in.getLong();
        long offset = in.getLong();
        boolean extended = format == ReplyFormat.EXTENDED;
        long length = extended ? in.getLong() : Integer.toUnsignedLong(in.getInt());
        boolean payload = extended ? (flags & Protocol.CMD_FLAG_PAYLOAD_LEN) != 0 : type == Protocol.CMD_WRITE;
        return new ClientRequest(flags, type, cookie, offset, length, payload ? length : 0);
    }

    /// Whether its payload is a list of as many contexts as there are: one. Any other list has one that there is not, has one twice,
    /// or has none.
    boolean listsContexts(Negotiated agreed) {
        return type == Protocol.CMD_BLOCK_STATUS
                && agreed.format() == ReplyFormat.EXTENDED
                && agreed.blockStatus()
                && has(Protocol.CMD_FLAG_PAYLOAD_LEN)
                && payloadBytes == Protocol.BLOCK_STATUS_PAYLOAD_BYTES;
    }

    /// The same with its payload taken: effect length 8, context 4. When that is not ours the flag stays, which is refused then.
    ClientRequest withContext(ByteBuffer payload) {
        long effectLength = payload.getLong();
        boolean ours = payload.getInt() == BlockStatus.CONTEXT_ID;
        int flagsLeft = ours ? flags & ~Protocol.CMD_FLAG_PAYLOAD_LEN : flags;
        return new ClientRequest(flagsLeft, type, cookie, offset, effectLength, 0);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /// Whether so much follows that there is no reading past it: with extended headers it may be any length.
    boolean isEndless() {
        return payloadBytes < 0 || payloadBytes > 0xffff_ffffL
                || has(Protocol.CMD_FLAG_PAYLOAD_LEN) && payloadBytes > Protocol.PAYLOAD_BYTES_MAX;
    }

    /// What is wrong with it, before any disk has seen it.
    ///
    /// @return null for nothing
    @Nullable NbdError problem(Negotiated agreed) {
        if ((flags & ~allowedFlags(agreed)) != 0 || type == Protocol.CMD_WRITE && payloadBytes != length) {
            return NbdError.EINVAL;
        }
        return switch (type) {
            case Protocol.CMD_FLUSH -> null;
            case Protocol.CMD_READ -> {
                NbdError error = range(agreed.export(), NbdError.EINVAL);
                boolean split = has(Protocol.CMD_FLAG_DF) && length > Buffer.PIECE_BYTES;
                yield error == null && split ? NbdError.EOVERFLOW : payload(error);
            }
            case Protocol.CMD_WRITE -> payload(change(agreed.export(), NbdError.ENOSPC));
            case Protocol.CMD_TRIM -> change(agreed.export(), NbdError.EINVAL);
            case Protocol.CMD_WRITE_ZEROES -> change(agreed.export(), NbdError.ENOSPC);
            case Protocol.CMD_CACHE -> range(agreed.export(), NbdError.EINVAL);
            case Protocol.CMD_BLOCK_STATUS ->
                agreed.blockStatus() && length > 0 ? range(agreed.export(), NbdError.EINVAL) : NbdError.EINVAL;
            default -> NbdError.EINVAL;
        };
    }

    private int allowedFlags(Negotiated agreed) {
        return Protocol.CMD_FLAG_FUA | switch (type) {
            case Protocol.CMD_READ -> agreed.format() == ReplyFormat.SIMPLE ? 0 : Protocol.CMD_FLAG_DF;
            case Protocol.CMD_WRITE -> agreed.format() == ReplyFormat.EXTENDED ? Protocol.CMD_FLAG_PAYLOAD_LEN : 0;
            case Protocol.CMD_WRITE_ZEROES -> Protocol.CMD_FLAG_NO_HOLE | Protocol.CMD_FLAG_FAST_ZERO;
            case Protocol.CMD_BLOCK_STATUS -> Protocol.CMD_FLAG_REQ_ONE;
            default -> 0;
        };
    }

    private @Nullable NbdError payload(@Nullable NbdError error) {
        return error == null && length > Protocol.PAYLOAD_BYTES_MAX ? NbdError.EINVAL : error;
    }

    private @Nullable NbdError change(Export export, NbdError beyondEnd) {
        return export.readOnly() ? NbdError.EPERM : range(export, beyondEnd);
    }

    private @Nullable NbdError range(Export export, NbdError beyondEnd) {
        if (offset < 0 || length < 0 || offset > export.sizeBytes() - length) {
            return beyondEnd;
        }
        return ((offset | length) & (export.minimumBlockBytes() - 1)) == 0 ? null : NbdError.EINVAL;
    }
}
