package holdfast.nbd;

import holdfast.block.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Puts a device's request into those that a server can do.
record Parts(NbdExport export) {
    /// Of requests without data: lengths on the wire have 32 bits, unless headers are extended.
    private static final long LENGTH_MAX = 1L << 30;

    private static final MemorySegment ZEROS = Arena.global().allocate(1 << 20, 4096);

    /// @return none when there is nothing to do
    List<Part> of(Part.Whole whole) {
        var parts = new ArrayList<Part>();
        switch (whole.request) {
            case Request.Read read -> data(parts, whole, Protocol.CMD_READ, 0, read.offset(), read.into());
            case Request.Write write -> {
                int flags = forced(whole, write.forceUnitAccess());
                data(parts, whole, Protocol.CMD_WRITE, flags, write.offset(), write.from());
            }
            case Request.Flush _ -> {
                if (export.can(Protocol.FLAG_SEND_FLUSH)) {
                    parts.add(flush(whole));
                }
            }
            case Request.Discard discard -> {
                if (export.can(Protocol.FLAG_SEND_TRIM)) {
                    range(parts, whole, Protocol.CMD_TRIM, 0, discard.offset(), discard.length());
                }
            }
            case Request.WriteZeroes zeroes -> zeroes(parts, whole, zeroes);
            case Request.Extents extents -> {
                long length = Math.min(extents.length(), lengthMax());
                if (export.blockStatus()) {
                    parts.add(new Part(whole, Protocol.CMD_BLOCK_STATUS, 0, extents.offset(), length, null));
                }
            }
        }
        return parts;
    }

    static Part flush(Part.Whole whole) {
        return new Part(whole, Protocol.CMD_FLUSH, 0, 0, 0, null);
    }

    /// Where the server has no force unit access, a flush does it.
    private int forced(Part.Whole whole, boolean forced) {
        if (forced && export.can(Protocol.FLAG_SEND_FUA)) {
            return Protocol.CMD_FLAG_FUA;
        }
        whole.flushAfterwards = forced && export.can(Protocol.FLAG_SEND_FLUSH);
        return 0;
    }

    private void data(List<Part> parts, Part.Whole whole, int type, int flags, long offset, MemorySegment data) {
        long most = payloadBytesMax();
        for (long done = 0; done < data.byteSize(); ) {
            long step = Math.min(most, data.byteSize() - done);
            parts.add(new Part(whole, type, flags, offset + done, step, data.asSlice(done, step)));
            done += step;
        }
    }

    private long lengthMax() {
        return export.extended() ? Long.MAX_VALUE : LENGTH_MAX;
    }

    /// A multiple of every block there is.
    private long payloadBytesMax() {
        return Math.max(4096, Math.min(export.payloadBytesMax(), Protocol.PAYLOAD_BYTES_MAX) / 4096 * 4096);
    }

    private void range(List<Part> parts, Part.Whole whole, int type, int flags, long offset, long length) {
        for (long done = 0; done < length; ) {
            long step = Math.min(lengthMax(), length - done);
            parts.add(new Part(whole, type, flags, offset + done, step, null));
            done += step;
        }
    }

    /// Where the server cannot write zeros they are sent.
    private void zeroes(List<Part> parts, Part.Whole whole, Request.WriteZeroes zeroes) {
        int flags = forced(whole, zeroes.forceUnitAccess());
        if (export.can(Protocol.FLAG_SEND_WRITE_ZEROES)) {
            flags |= zeroes.mayUnmap() ? 0 : Protocol.CMD_FLAG_NO_HOLE;
            flags |= zeroes.fastOnly() ? Protocol.CMD_FLAG_FAST_ZERO : 0;
            range(parts, whole, Protocol.CMD_WRITE_ZEROES, flags, zeroes.offset(), zeroes.length());
            return;
        }
        long most = Math.min(ZEROS.byteSize(), payloadBytesMax());
        for (long done = 0; done < zeroes.length(); done += most) {
            long step = Math.min(most, zeroes.length() - done);
            parts.add(new Part(whole, Protocol.CMD_WRITE, flags, zeroes.offset() + done, step, ZEROS.asSlice(0, step)));
        }
    }

    /// Whether zeros can be written fast, or it can be tried.
    boolean hasFastZeroes() {
        return export.can(Protocol.FLAG_SEND_WRITE_ZEROES) && export.can(Protocol.FLAG_SEND_FAST_ZERO);
    }
}
