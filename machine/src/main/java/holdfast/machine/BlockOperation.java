package holdfast.machine;

import holdfast.block.Request;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// What a guest wants of its disk, once everything about it was checked.
///
/// @param offset bytes from the start of the disk
/// @param length bytes
/// @param durable to be completed only when it survives a power cut
/// @param unmap zeros may be holes
record BlockOperation(Kind kind, long offset, long length, boolean durable, boolean unmap) {
    enum Kind {
        READ,
        WRITE,
        FLUSH,
        DISCARD,
        WRITE_ZEROES
    }

    /// @param buffer of `length` bytes when there is data
    Request request(MemorySegment buffer, Request.Completion completion) {
        return switch (kind) {
            case READ -> new Request.Read(offset, buffer, completion);
            case WRITE -> new Request.Write(offset, buffer, durable, completion);
            case FLUSH -> new Request.Flush(completion);
            case DISCARD -> new Request.Discard(offset, length, completion);
            case WRITE_ZEROES -> new Request.WriteZeroes(offset, length, unmap, false, durable, completion);
        };
    }

    /// Bytes that pass through a buffer of the host.
    int dataBytes() {
        return carriesData() ? (int) length : 0;
    }

    private boolean carriesData() {
        return kind == Kind.READ || kind == Kind.WRITE;
    }

    void save(StateWriter out) throws IOException {
        out.writeInt(kind.ordinal());
        out.writeLong(offset);
        out.writeLong(length);
        out.writeBoolean(durable);
        out.writeBoolean(unmap);
    }

    static BlockOperation restore(StateReader in) throws IOException {
        int kind = in.readInt();
        if (kind < 0 || kind >= Kind.values().length) {
            throw new IOException("a saved disk request is of no known kind");
        }
        var operation = new BlockOperation(
                Kind.values()[kind], in.readLong(), in.readLong(), in.readBoolean(), in.readBoolean());
        boolean tooLong = operation.carriesData() && operation.length > BlockConfig.DATA_BYTES_MAX;
        if (operation.offset < 0 || operation.length < 0 || tooLong) {
            throw new IOException("a saved disk request is malformed");
        }
        return operation;
    }
}
