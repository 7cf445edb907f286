package holdfast.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The gate of parallel mode: events are applied at once, several at the same time. While it is shut (the machine is
/// paused, and its devices are quiet) they wait, in order, and are applied when it opens.
final class ParallelGate implements EventGate, PendingInputs, AutoCloseable {
    private static final byte[] NOTHING = {};

    private record Event(Source source, byte[] payload) {}

    private final HostPacedClock clock;
    private final List<Source> sources = new ArrayList<>();
    /// Held for reading while an event is applied, for writing while the gate is opened or shut.
    private final ReentrantReadWriteLock passage = new ReentrantReadWriteLock(true);
    private final Queue<Event> waiting = new ArrayDeque<>();
    private final ScheduledExecutorService alarms =
            Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("holdfast-alarms").factory());
    private boolean open;
    private volatile Consumer<Throwable> onFailure = cause -> {};

    ParallelGate(HostPacedClock clock) {
        this.clock = clock;
    }

    @Override
    public Input register(String source, Receiver receiver) {
        if (sources.stream().anyMatch(other -> other.name.equals(source))) {
            throw new IllegalArgumentException("event source registered twice: " + source);
        }
        Source input = new Source(source, receiver);
        sources.add(input);
        return input;
    }

    @Override
    public boolean mayWait() {
        return !HartThread.isCurrent();
    }

    /// Who is told when a device breaks while it applies an event: whoever brought the event cannot help it.
    void onFailure(Consumer<Throwable> listener) {
        onFailure = listener;
    }

    private void apply(Event event) {
        try {
            event.source.receiver.accept(event.payload);
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
        }
    }

    private final class Source implements Input {
        private final String name;
        private final Receiver receiver;
        private long deadlineTicks = Long.MAX_VALUE;
        private @Nullable Future<?> alarm;

        Source(String name, Receiver receiver) {
            this.name = name;
            this.receiver = receiver;
        }

        @Override
        public void offer(byte[] payload) {
            pass(this, payload);
        }

        @Override
        public Expected expect() {
            return payload -> pass(this, payload);
        }

        @Override
        public byte[] ask(Supplier<byte[]> answer) {
            return answer.get();
        }

        @Override
        public synchronized void alarm(long ticks) {
            deadlineTicks = ticks;
            arm();
        }

        /// Guest time stands while the gate is shut; then this is called again.
        private synchronized void arm() {
            if (alarm != null) {
                alarm.cancel(false);
                alarm = null;
            }
            if (deadlineTicks != Long.MAX_VALUE && !alarms.isShutdown()) {
                alarm = alarms.schedule(this::ring, clock.nanosUntil(deadlineTicks), TimeUnit.NANOSECONDS);
            }
        }

        private void ring() {
            synchronized (this) {
                if (deadlineTicks == Long.MAX_VALUE || clock.nanosUntil(deadlineTicks) > 0) {
                    arm();
                    return;
                }
                deadlineTicks = Long.MAX_VALUE;
            }
            pass(this, NOTHING);
        }
    }

    private void pass(Source source, byte[] payload) {
        Lock shared = passage.readLock();
        shared.lock();
        try {
            if (open) {
                apply(new Event(source, payload));
                return;
            }
            synchronized (waiting) {
                waiting.add(new Event(source, payload));
            }
        } finally {
            shared.unlock();
        }
    }

    /// Lets events through, those that waited first.
    void open() {
        Lock exclusive = passage.writeLock();
        exclusive.lock();
        try {
            for (Event event = waiting.poll(); event != null; event = waiting.poll()) {
                apply(event);
            }
            open = true;
        } finally {
            exclusive.unlock();
        }
        sources.forEach(Source::arm);
    }

    /// Returns when no event is being applied any more; from then on they wait.
    void shut() {
        Lock exclusive = passage.writeLock();
        exclusive.lock();
        try {
            open = false;
        } finally {
            exclusive.unlock();
        }
    }

    @Override
    public List<Pending> pending() {
        synchronized (waiting) {
            return waiting.stream()
                    .map(event -> new Pending(event.source.name, event.payload))
                    .toList();
        }
    }

    @Override
    public boolean offerAgain(Pending pending) {
        for (Source source : sources) {
            if (source.name.equals(pending.source())) {
                source.offer(pending.payload());
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        alarms.shutdownNow();
    }
}
