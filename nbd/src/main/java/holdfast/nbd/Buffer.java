package holdfast.nbd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// Off-heap room for the data of one request and, right before it, for the header of its reply: so that a reply is one
/// run of bytes. Replies without data are written into it from the start.
final class Buffer {
    /// Room for the longest header with data behind it.
    static final int HEADER_BYTES = 64;

    /// The sizes there are. Together they bound what a connection holds: 6.5 MiB, and 82 requests under way.
    enum Size {
        SMALL(8 << 10, 64),
        MEDIUM(256 << 10, 16),
        LARGE(1 << 20, 2);

        final int dataBytes;
        final int mostPerConnection;

        Size(int dataBytes, int mostPerConnection) {
            this.dataBytes = dataBytes;
            this.mostPerConnection = mostPerConnection;
        }

        /// The smallest that has room.
        static Size of(long bytes) {
            return bytes <= SMALL.dataBytes ? SMALL : bytes <= MEDIUM.dataBytes ? MEDIUM : LARGE;
        }
    }

    /// Longer requests are done in pieces of this size.
    static final int PIECE_BYTES = Size.LARGE.dataBytes;

    private final Size size;
    private final MemorySegment memory;
    private final ByteBuffer bytes;

    Buffer(Size size) {
        this.size = size;
        memory = Arena.ofAuto().allocate(HEADER_BYTES + size.dataBytes, 4096);
        bytes = memory.asByteBuffer();
    }

    Size size() {
        return size;
    }

    /// The data, for a device.
    MemorySegment data(long length) {
        return memory.asSlice(HEADER_BYTES, length);
    }

    /// The data, to be filled from a socket.
    ByteBuffer payload(int length) {
        return bytes.limit(HEADER_BYTES + length).position(HEADER_BYTES);
    }

    /// A reply without data begins here; [#endReply] ends it.
    ByteBuffer beginReply() {
        return bytes.clear();
    }

    void endReply() {
        bytes.flip();
    }

    /// A reply with data behind it: its header goes here, all of these bytes.
    ByteBuffer beginHeader(int headerBytes, int dataBytes) {
        return bytes.limit(HEADER_BYTES + dataBytes).position(HEADER_BYTES - headerBytes);
    }

    void endHeader(int headerBytes) {
        bytes.position(HEADER_BYTES - headerBytes);
    }

    /// The reply, to be written.
    ByteBuffer reply() {
        return bytes;
    }
}
