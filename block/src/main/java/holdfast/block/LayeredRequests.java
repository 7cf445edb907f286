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
/// may wait. Each ends exactly once, and can be cancelled where a device below can, and while it waits for its turn.
public final class LayeredRequests {
    private final String layer;
    private final Underway underway;
    private final Map<Request, Supplier<BlockDevice.Cancellation>> cancels = Collections.synchronizedMap(new IdentityHashMap<>());

    /// @param layer what kind of device it is, for its threads
    /// @param most requests under way at once
    public LayeredRequests(String layer, String device, int most) {
        this.layer = layer;
        underway = new Underway(device, most);
    }

    /// Counts a request, waiting for room if need be, and ends one that the device does not admit.
    ///
    /// @return whether it is to be done
    public boolean admit(Request request, Geometry geometry) {
        underway.enter();
        IoStatus admitted = geometry.admits(request);
        if (admitted != IoStatus.OK) {
            underway.finish(request, admitted);
        }
        return admitted == IoStatus.OK;
    }

    public void finish(Request request, IoStatus status) {
        underway.finish(request, status);
    }

    private void finishLater(Request request, IoStatus status) {
        cancels.remove(request);
        underway.finish(request, status);
    }

    /// Hands a request to a device, in the form that it has there.
    void pass(Request request, BlockDevice device, Request there) {
        pass(request, device, there, () -> {});
    }

    /// @param ended called when the device has ended it, before its completion
    public void pass(Request request, BlockDevice device, Request there, Runnable ended) {
        var state = new AtomicReference<>(Passed.ON_ITS_WAY);
        Request below = there.completing((_, status) -> {
            if (state.getAndSet(Passed.ENDED) == Passed.KNOWN) {
                cancels.remove(request);
            }
            ended.run();
            underway.finish(request, status);
        });
        device.submit(below);
        // Most end before this: there is nothing to cancel then.
        if (state.get() != Passed.ENDED) {
            cancels.put(request, () -> device.cancel(below));
            if (!state.compareAndSet(Passed.ON_ITS_WAY, Passed.KNOWN)) {
                cancels.remove(request);
            }
        }
    }

    /// A request that a device has: whether [#cancel] knows it.
    private enum Passed {
        ON_ITS_WAY,
        KNOWN,
        ENDED
    }

    /// Something that may wait.
    @FunctionalInterface
    public interface Work {
        void run() throws DiskException;
    }

    /// Something that waits in line for its turn.
    @FunctionalInterface
    public interface Waiting {
        void run(Turn turn) throws DiskException;
    }

    /// When a request's turn has come. Until then it can be cancelled, and has changed nothing.
    @FunctionalInterface
    public interface Turn {
        /// Of work that nobody can cancel.
        Turn ALWAYS = () -> {};

        /// Called before anything is changed; again when the turn has been taken, it does nothing.
        ///
        /// @throws DiskException when the request was cancelled while it waited, which has ended it
        void take() throws DiskException;
    }

    /// Whose a request that waits is: its cancellation's, or its work's.
    private static final class Ticket implements Turn {
        private enum State {
            WAITING,
            TAKEN,
            CANCELLED
        }

        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

        @Override
        public void take() throws DiskException {
            if (state.compareAndExchange(State.WAITING, State.TAKEN) == State.CANCELLED) {
                throw new DiskException("a request that was waiting", IoStatus.CANCELLED);
            }
        }

        boolean cancel() {
            return state.compareAndSet(State.WAITING, State.CANCELLED);
        }

        boolean isCancelled() {
            return state.get() == State.CANCELLED;
        }

        /// Whether the work is to end the request; nobody can cancel it from here on.
        boolean ends() {
            return state.compareAndExchange(State.WAITING, State.TAKEN) != State.CANCELLED;
        }
    }

    /// A request that its device ends when it can. Until its turn has been taken it can be cancelled.
    public final class Later implements Turn {
        private final Request request;
        private final Ticket ticket = new Ticket();

        private Later(Request request) {
            this.request = request;
        }

        @Override
        public void take() throws DiskException {
            ticket.take();
        }

        /// Ends the request, once, unless it has been cancelled.
        public void end(IoStatus status) {
            if (ticket.ends()) {
                finishLater(request, status);
            }
        }
    }

    /// For a request that is neither passed on nor given a thread.
    public Later later(Request request) {
        var later = new Later(request);
        cancels.put(request, () -> cancel(request, later.ticket));
        return later;
    }

    private BlockDevice.Cancellation cancel(Request request, Ticket ticket) {
        if (!ticket.cancel()) {
            return BlockDevice.Cancellation.UNKNOWN;
        }
        finishLater(request, IoStatus.CANCELLED);
        return BlockDevice.Cancellation.CANCELLED;
    }

    /// Does a request on a thread that may wait; it cannot be cancelled.
    public void apart(Request request, Work work) {
        var ticket = new Ticket();
        var _ = ticket.ends();
        apart(request, _ -> work.run(), ticket);
    }

    /// Does a request on a thread that may wait; until it has taken its turn it can be cancelled.
    public void apart(Request request, Waiting work) {
        apart(request, work, new Ticket());
    }

    private void apart(Request request, Waiting work, Ticket ticket) {
        cancels.put(request, () -> cancel(request, ticket));
        start(request, work, ticket);
    }

    /// Does a request that was to be ended later on a thread that may wait.
    public void apart(Later later, Waiting work) {
        start(later.request, work, later.ticket);
    }

    private void start(Request request, Waiting work, Ticket ticket) {
        Thread.ofVirtual().name(layer).start(() -> {
            IoStatus status = IoStatus.IO_ERROR;
            try {
                if (!ticket.isCancelled()) {
                    work.run(ticket);
                    status = IoStatus.OK;
                }
            } catch (DiskException e) {
                status = e.status();
            } finally {
                if (ticket.ends()) {
                    finishLater(request, status);
                }
            }
        });
    }

    /// A read that ends when all its parts have.
    ///
    /// @param parts each begins one part, which completes what it is given
    void inParts(Request.Read read, List<Consumer<Request.Completion>> parts) {
        inParts(read, parts, () -> {});
    }

    /// @param ended called when all have ended, before its completion
    public void inParts(Request.Read read, List<Consumer<Request.Completion>> parts, Runnable ended) {
        cancels.put(read, () -> BlockDevice.Cancellation.UNKNOWN);
        var left = new AtomicInteger(parts.size());
        var failure = new AtomicReference<@Nullable IoStatus>();
        Request.Completion completion = (_, status) -> {
            if (status != IoStatus.OK) {
                failure.set(status);
            }
            if (left.decrementAndGet() == 0) {
                ended.run();
                finishLater(read, Objects.requireNonNullElse(failure.get(), IoStatus.OK));
            }
        };
        parts.forEach(part -> part.accept(completion));
    }

    public BlockDevice.Cancellation cancel(Request request) {
        Supplier<BlockDevice.Cancellation> cancel = cancels.get(request);
        return cancel == null ? BlockDevice.Cancellation.DONE : cancel.get();
    }

    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    /// @return false when it was closed before
    public boolean close() {
        return underway.close();
    }
}
