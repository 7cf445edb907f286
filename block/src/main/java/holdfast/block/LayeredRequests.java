package holdfast.block;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The requests of a device that stands on others: handed to one of them, read in parts from several, or done on a thread that
/// may wait. Each ends exactly once, and can be cancelled where a device below can.
final class LayeredRequests {
    private final String layer;
    private final Underway underway;
    private final Map<Request, Supplier<BlockDevice.Cancellation>> cancels = Collections.synchronizedMap(new IdentityHashMap<>());

    /// @param layer what kind of device it is, for its threads
    /// @param most requests under way at once
    LayeredRequests(String layer, String device, int most) {
        this.layer = layer;
        underway = new Underway(device, most);
    }

    /// Counts a request, waiting for room if need be, and ends one that the device does not admit.
    ///
    /// @return whether it is to be done
    boolean admit(Request request, Geometry geometry) {
        underway.enter();
        IoStatus admitted = geometry.admits(request);
        if (admitted != IoStatus.OK) {
            underway.finish(request, admitted);
        }
        return admitted == IoStatus.OK;
    }

    void finish(Request request, IoStatus status) {
        underway.finish(request, status);
    }

    private void finishLater(Request request, IoStatus status) {
        cancels.remove(request);
        underway.finish(request, status);
    }

    /// Hands a request to a device, in the form that it has there.
    void pass(Request request, BlockDevice device, Request there) {
        Request below = there.completing((_, status) -> finishLater(request, status));
        cancels.put(request, () -> device.cancel(below));
        device.submit(below);
    }

    interface Work {
        void run() throws DiskException;
    }

    /// Does a request on a thread that may wait.
    void apart(Request request, Work work) {
        cancels.put(request, () -> BlockDevice.Cancellation.UNKNOWN);
        Thread.ofVirtual().name(layer).start(() -> {
            IoStatus status = IoStatus.IO_ERROR;
            try {
                work.run();
                status = IoStatus.OK;
            } catch (DiskException e) {
                status = e.status();
            } finally {
                finishLater(request, status);
            }
        });
    }

    /// A read that ends when all its parts have.
    ///
    /// @param parts each begins one part, which completes what it is given
    void inParts(Request.Read read, List<Consumer<Request.Completion>> parts) {
        cancels.put(read, () -> BlockDevice.Cancellation.UNKNOWN);
        var left = new AtomicInteger(parts.size());
        var failure = new AtomicReference<@Nullable IoStatus>();
        Request.Completion completion = (_, status) -> {
            if (status != IoStatus.OK) {
                failure.set(status);
            }
            if (left.decrementAndGet() == 0) {
                finishLater(read, Objects.requireNonNullElse(failure.get(), IoStatus.OK));
            }
        };
        parts.forEach(part -> part.accept(completion));
    }

    BlockDevice.Cancellation cancel(Request request) {
        Supplier<BlockDevice.Cancellation> cancel = cancels.get(request);
        return cancel == null ? BlockDevice.Cancellation.DONE : cancel.get();
    }

    boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    /// @return false when it was closed before
    boolean close() {
        return underway.close();
    }
}
