package holdfast.machine;

import holdfast.block.BlockDevice;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// A disk that does nothing until it is told to: requests pile up, and are then passed on, failed or cancelled.
final class HeldDisk implements BlockDevice {
    private final BlockDevice below;
    private final Geometry geometry;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private final List<Request> seen = new ArrayList<>();

    HeldDisk(BlockDevice below, Geometry geometry) {
        this.below = below;
        this.geometry = geometry;
    }

    HeldDisk(BlockDevice below) {
        this(below, below.geometry());
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public synchronized void submit(Request request) {
        waiting.add(request);
        seen.add(request);
        notifyAll();
    }

    /// Everything ever submitted.
    synchronized List<Request> seen() {
        return List.copyOf(seen);
    }

    synchronized int waiting() {
        return waiting.size();
    }

    private synchronized Request next() {
        return waiting.remove();
    }

    /// Does the request that waits longest.
    void release() {
        Request request = next();
        below.submit(copy(request, request.completion()));
    }

    /// With the request itself as what the completion hears of.
    private static Request copy(Request original, Request.Completion completion) {
        Request.Completion told = (_, status) -> completion.done(original, status);
        return switch (original) {
            case Request.Read r -> new Request.Read(r.offset(), r.into(), told);
            case Request.Write w -> new Request.Write(w.offset(), w.from(), w.forceUnitAccess(), told);
            case Request.Flush _ -> new Request.Flush(told);
            case Request.Discard d -> new Request.Discard(d.offset(), d.length(), told);
            case Request.WriteZeroes z ->
                new Request.WriteZeroes(z.offset(), z.length(), z.mayUnmap(), z.fastOnly(), z.forceUnitAccess(), told);
            case Request.Extents e -> new Request.Extents(e.offset(), e.length(), e.extents(), told);
        };
    }

    void releaseAll() {
        while (waiting() > 0) {
            release();
        }
    }

    void fail(IoStatus status) {
        next().complete(status);
    }

    @Override
    public Cancellation cancel(Request request) {
        boolean found;
        synchronized (this) {
            found = waiting.removeIf(held -> held.equals(request));
            notifyAll();
        }
        if (!found) {
            return Cancellation.DONE;
        }
        request.complete(IoStatus.CANCELLED);
        return Cancellation.CANCELLED;
    }

    /// A disk that hangs never drains by itself.
    @Override
    public synchronized boolean drain(long deadlineNanos) {
        return waiting.isEmpty();
    }

    @Override
    public void close() {
        below.close();
    }
}
