package holdfast.nbd;

import holdfast.block.Extent;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One request on the wire, which is all or a part of one of a device's. Sent again on the next connection when the first one is
/// lost before its reply.
final class Part {
    /// A request of the device, and what becomes of its parts.
    static final class Whole {
        final Request request;

        /// Whether a flush follows, in place of force unit access, when all parts have succeeded.
        boolean flushAfterwards;

        /// Answers of its parts, and parts whose data is being sent.
        int awaited;

        boolean sent;

        /// Whether data goes out with one of its parts.
        boolean sendsData;

        IoStatus status = IoStatus.OK;

        Whole(Request request) {
            this.request = request;
        }
    }

    final Whole whole;
    final int type;
    final int flags;
    final long offset;
    final long length;

    /// Where the data of a read goes, or that of a write comes from.
    final @Nullable MemorySegment data;

    /// Names it on every connection.
    long cookie;

    /// Of a read: bytes that have come on this connection.
    final Received received = new Received();

    /// Of a request for extents: what has come on this connection, and is passed on when its reply is at its end; null for nothing.
    @Nullable List<Extent> extents;

    /// How many changes were answered before this was sent: what a flush covers.
    long changesBefore;

    /// The error of a structured reply that is not at its end; 0 for none.
    int error;

    Part(Whole whole, int type, int flags, long offset, long length, @Nullable MemorySegment data) {
        this.whole = whole;
        this.type = type;
        this.flags = flags;
        this.offset = offset;
        this.length = length;
        this.data = data;
        whole.awaited++;
        whole.sendsData |= carriesData();
    }

    /// What a lost connection has left is forgotten.
    void beginAnew() {
        received.clear();
        extents = null;
        error = 0;
    }

    /// Whether data goes out with it.
    boolean carriesData() {
        return type == Protocol.CMD_WRITE && data != null;
    }

    /// Whether it changes the disk in a way that a flush has to make durable.
    boolean wantsFlush() {
        return switch (type) {
            case Protocol.CMD_WRITE, Protocol.CMD_WRITE_ZEROES, Protocol.CMD_TRIM -> (flags & Protocol.CMD_FLAG_FUA) == 0;
            default -> false;
        };
    }

    /// @param format what was agreed on with the server
    void putHeader(ByteBuffer into, ReplyFormat format) {
        boolean extended = format == ReplyFormat.EXTENDED;
        boolean payload = extended && type == Protocol.CMD_WRITE;
        into.putInt(format.requestMagic)
                .putShort((short) (payload ? flags | Protocol.CMD_FLAG_PAYLOAD_LEN : flags))
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset);
        if (extended) {
            into.putLong(length);
        } else {
            into.putInt((int) length);
        }
    }

    /// What the server's error means for the request.
    static IoStatus status(int error, Request request) {
        if (error == NbdError.ENOTSUP.code()) {
            boolean fast = request instanceof Request.WriteZeroes zeroes && zeroes.fastOnly();
            return fast ? IoStatus.UNSUPPORTED : IoStatus.IO_ERROR;
        }
        if (error == NbdError.EPERM.code()) {
            return IoStatus.READ_ONLY;
        }
        return error == NbdError.ENOSPC.code() ? IoStatus.NO_SPACE : IoStatus.IO_ERROR;
    }
}
