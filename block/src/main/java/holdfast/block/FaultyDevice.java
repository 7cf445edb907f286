package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Passes requests on, and does to each what a plan says: fails, tears, loses, delays or holds it.
///
/// The plan is asked once for each request that is within the disk, in the order of submission; a plan made from a seeded
/// random generator gives the same faults every time.
public final class FaultyDevice implements BlockDevice {
    private final BlockDevice lower;
    private final Function<Request, Fault> plan;
    private final Alarm alarm;
    private final Underway underway;
    private final Map<Request, Place> pending = new IdentityHashMap<>();
    private final List<Waiting> held = new ArrayList<>();

    /// Where a request is.
    private sealed interface Place {}

    private record PassedOn(Request below) implements Place {}

    /// Not a record: two requests with the same content are not the same.
    private static final class Waiting implements Place {
        final Request request;
        final Fault.WhenCancelled whenCancelled;
        final Fault then;

        Waiting(Request request, Fault.WhenCancelled whenCancelled, Fault then) {
            this.request = request;
            this.whenCancelled = whenCancelled;
            this.then = then;
        }
    }

    /// @param plan what happens to each request; called one at a time
    public FaultyDevice(BlockDevice lower, Function<Request, Fault> plan) {
        this(lower, plan, Alarm.wallClock());
    }

    /// @param alarm what delays are measured with
    public FaultyDevice(BlockDevice lower, Function<Request, Fault> plan, Alarm alarm) {
        this.lower = lower;
        this.plan = plan;
        this.alarm = alarm;
        underway = new Underway("faulty disk", lower.geometry().queueDepth());
    }

    @Override
    public Geometry geometry() {
        return lower.geometry();
    }

    @Override
    public Optional<String> identity() {
        return lower.identity();
    }

    @Override
    public void submit(Request request) {
        underway.enter();
        IoStatus admitted = geometry().admits(request);
        if (admitted != IoStatus.OK) {
            underway.finish(request, admitted);
            return;
        }
        Fault fault;
        synchronized (plan) {
            fault = plan.apply(request);
        }
        proceed(request, fault);
    }

    private void proceed(Request request, Fault fault) {
        switch (fault) {
            case Fault.None _ -> pass(request, request);
            case Fault.Fail(IoStatus status) -> underway.finish(request, status);
            case Fault.Tear(long bytes) -> tear(request, bytes);
            case Fault.Lose _ -> lose(request);
            case Fault.Delay(var duration, var whenCancelled, Fault then) -> {
                Waiting waiting = suspend(request, whenCancelled, then, false);
                alarm.after(duration, () -> resume(waiting));
            }
            case Fault.Hold(var whenCancelled, Fault then) -> suspend(request, whenCancelled, then, true);
        }
    }

    private void pass(Request request, Request asWhat) {
        pass(request, asWhat, IoStatus.OK);
    }

    /// @param best how the request ends if what was passed on succeeds
    private void pass(Request request, Request asWhat, IoStatus best) {
        Request below = asWhat.completing((_, status) -> {
            synchronized (pending) {
                pending.remove(request);
            }
            underway.finish(request, status == IoStatus.OK ? best : status);
        });
        synchronized (pending) {
            pending.put(request, new PassedOn(below));
        }
        lower.submit(below);
    }

    private void tear(Request request, long bytes) {
        if (request instanceof Request.Write write) {
            int block = geometry().logicalBlockBytes();
            long torn = Math.min(bytes / block * block, write.from().byteSize());
            MemorySegment part = write.from().asSlice(0, torn);
            pass(request, new Request.Write(write.offset(), part, false, write.completion()), IoStatus.IO_ERROR);
        } else {
            underway.finish(request, IoStatus.IO_ERROR);
        }
    }

    private void lose(Request request) {
        switch (request) {
            case Request.Write _, Request.WriteZeroes _, Request.Discard _ -> underway.finish(request, IoStatus.OK);
            case Request.Read _, Request.Flush _, Request.Extents _ -> pass(request, request);
        }
    }

    private Waiting suspend(Request request, Fault.WhenCancelled whenCancelled, Fault then, boolean hold) {
        var waiting = new Waiting(request, whenCancelled, then);
        synchronized (pending) {
            pending.put(request, waiting);
            if (hold) {
                held.add(waiting);
            }
        }
        return waiting;
    }

    private void resume(Waiting waiting) {
        boolean stillWaits;
        synchronized (pending) {
            stillWaits = pending.remove(waiting.request, waiting);
        }
        if (stillWaits) {
            proceed(waiting.request, waiting.then);
        }
    }

    /// How many requests are held.
    public int held() {
        synchronized (pending) {
            return held.size();
        }
    }

    /// Lets every held request go on, in the order of submission.
    public void release() {
        List<Waiting> released;
        synchronized (pending) {
            released = List.copyOf(held);
            held.clear();
        }
        released.forEach(this::resume);
    }

    @Override
    public Cancellation cancel(Request request) {
        Place place;
        synchronized (pending) {
            place = pending.get(request);
            if (place instanceof Waiting waiting) {
                if (waiting.whenCancelled == Fault.WhenCancelled.TOO_LATE) {
                    return Cancellation.UNKNOWN;
                }
                pending.remove(request);
                held.remove(waiting);
            }
        }
        return switch (place) {
            case null -> Cancellation.DONE;
            case PassedOn(Request below) -> lower.cancel(below);
            case Waiting _ -> {
                underway.finish(request, IoStatus.CANCELLED);
                yield Cancellation.CANCELLED;
            }
        };
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    /// Releases what is held, waits for all, and closes the device below.
    @Override
    public void close() {
        release();
        if (underway.close()) {
            lower.close();
        }
    }
}
