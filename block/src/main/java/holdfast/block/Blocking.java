package holdfast.block;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// A device for those who would rather wait: tools, formats and tests. Each method submits one request and returns when
/// it has completed; waiting is not interruptible, since the request is not either. Not to be used in a completion.
public record Blocking(BlockDevice device) {

    public void read(long offset, MemorySegment into) throws DiskException {
        await(completion -> new Request.Read(offset, into, completion));
    }

    public byte[] read(long offset, int length) throws DiskException {
        MemorySegment buffer = Arena.ofAuto().allocate(length);
        read(offset, buffer);
        return buffer.toArray(ValueLayout.JAVA_BYTE);
    }

    public void write(long offset, MemorySegment from) throws DiskException {
        await(completion -> new Request.Write(offset, from, false, completion));
    }

    public void write(long offset, byte[] bytes) throws DiskException {
        write(offset, bytes, false);
    }

    /// @param forceUnitAccess whether it is durable when this returns
    public void write(long offset, byte[] bytes, boolean forceUnitAccess) throws DiskException {
        MemorySegment buffer = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        await(completion -> new Request.Write(offset, buffer, forceUnitAccess, completion));
    }

    public void flush() throws DiskException {
        await(Request.Flush::new);
    }

    public void discard(long offset, long length) throws DiskException {
        await(completion -> new Request.Discard(offset, length, completion));
    }

    /// Zeros whose space may be given back, written one by one if need be.
    public void writeZeroes(long offset, long length) throws DiskException {
        await(completion -> new Request.WriteZeroes(offset, length, true, false, false, completion));
    }

    /// The runs of the whole range, neighbours of equal state joined.
    public List<Extent> extents(long offset, long length) throws DiskException {
        var runs = new ArrayList<Extent>();
        for (long at = offset; at < offset + length; at = runs.getLast().end()) {
            long from = at;
            await(completion -> new Request.Extents(from, offset + length - from, run -> join(runs, run), completion));
        }
        return runs;
    }

    private static void join(List<Extent> runs, Extent next) {
        Extent last = runs.isEmpty() ? null : runs.getLast();
        if (last != null && last.allocated() == next.allocated() && last.readsZero() == next.readsZero()) {
            long length = last.length() + next.length();
            runs.set(runs.size() - 1, new Extent(last.offset(), length, last.allocated(), last.readsZero()));
        } else {
            runs.add(next);
        }
    }

    /// Submits what `request` makes around the completion that is given to it.
    ///
    /// @throws DiskException when it ends with anything but [IoStatus#OK]
    public void await(Function<Request.Completion, Request> request) throws DiskException {
        var ended = new CompletableFuture<IoStatus>();
        Request submitted = request.apply((_, status) -> ended.complete(status));
        device.submit(submitted);
        IoStatus status = ended.join();
        if (status != IoStatus.OK) {
            throw new DiskException(submitted.getClass().getSimpleName(), status);
        }
    }
}
