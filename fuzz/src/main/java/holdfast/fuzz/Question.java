package holdfast.fuzz;

import holdfast.block.Extent;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// What a client asks of a server that it must not trust ([RepliesTarget]): always the same, each once. Its number is its cookie
/// on the wire. The last is not sent where the server has no block status.
enum Question {
    READ(0, 0, 1024),
    READ_ONE(0, 4096, 512),
    WRITE(1, 8192, 512),
    FLUSH(3, 0, 0),
    TRIM(4, 4096, 4096),
    WRITE_ZEROES(6, 512, 1024),
    READ_LONG(0, 65_536, 65_536),
    BLOCK_STATUS(7, 0, 65_536);

    /// The size of the disk that is asked.
    static final int DISK_BYTES = 1 << 20;

    final int type;
    final int offset;
    final int length;

    Question(int type, int offset, int length) {
        this.type = type;
        this.offset = offset;
        this.length = length;
    }

    static int sent(boolean withBlockStatus) {
        return values().length - (withBlockStatus ? 0 : 1);
    }

    boolean reads() {
        return type == 0;
    }

    /// @param memory of the question's length
    Request request(MemorySegment memory, Consumer<Extent> extents, Request.Completion done) {
        return switch (this) {
            case READ, READ_ONE, READ_LONG -> new Request.Read(offset, memory, done);
            case WRITE -> new Request.Write(offset, memory, false, done);
            case FLUSH -> new Request.Flush(done);
            case TRIM -> new Request.Discard(offset, length, done);
            case WRITE_ZEROES -> new Request.WriteZeroes(offset, length, true, true, false, done);
            case BLOCK_STATUS -> new Request.Extents(offset, length, extents, done);
        };
    }
}
