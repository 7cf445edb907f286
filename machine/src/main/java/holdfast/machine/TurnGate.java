package holdfast.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The gate of deterministic mode, as its scheduler drives it: everything is applied at a gate point, between two turns of
/// harts. Alarms that are due come first, then completions that are due, then what was offered.
abstract sealed class TurnGate implements EventGate, PendingInputs, AutoCloseable permits LiveGate, ReplayGate {
    /// What a request to the outside seems to take: 100 µs, as a good disk has it.
    private static final long LATENCY_TICKS = 1_000;

    static final byte[] NOTHING = {};

    /// One source, numbered as it was registered.
    final class Source implements Input {
        final int index;
        final String name;
        final Receiver receiver;
        private long alarmTicks = Long.MAX_VALUE;
        private long expected;

        private Source(int index, String name, Receiver receiver) {
            this.index = index;
            this.name = name;
            this.receiver = receiver;
        }

        @Override
        public void offer(byte[] payload) {
            synchronized (outside) {
                offers.add(new Offer(this, payload));
                outside.notifyAll();
            }
        }

        @Override
        public Expected expect() {
            Due entry = new Due(this, expected++, clock.ticks() + LATENCY_TICKS, sequence++);
            due.add(entry);
            return entry;
        }

        @Override
        public byte[] ask(Supplier<byte[]> answer) {
            return answered(this, answer);
        }

        @Override
        public void alarm(long deadlineTicks) {
            alarmTicks = deadlineTicks;
        }
    }

    record Offer(Source source, byte[] payload) {}

    /// A completion that will come, and the time at which the guest sees it.
    final class Due implements Expected, Comparable<Due> {
        final Source source;
        final long number;
        final long ticks;
        private final long order;
        /// Guarded by `outside`.
        private byte @Nullable [] payload;

        private Due(Source source, long number, long ticks, long order) {
            this.source = source;
            this.number = number;
            this.ticks = ticks;
            this.order = order;
        }

        @Override
        public void complete(byte[] bytes) {
            synchronized (outside) {
                payload = bytes;
                outside.notifyAll();
            }
        }

        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(ticks, other.ticks);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    final RetiredClock clock;
    final List<Source> sources = new ArrayList<>();
    /// On the hart's thread alone.
    final PriorityQueue<Due> due = new PriorityQueue<>();

    private long sequence;
    /// Guards what comes from outside.
    private final Object outside = new Object();

    private final Queue<Offer> offers = new ArrayDeque<>();
    private boolean awaited = true;

    TurnGate(RetiredClock clock) {
        this.clock = clock;
    }

    @Override
    public Input register(String name, Receiver receiver) {
        if (sources.stream().anyMatch(source -> source.name.equals(name))) {
            throw new IllegalArgumentException("event source registered twice: " + name);
        }
        Source source = new Source(sources.size(), name, receiver);
        sources.add(source);
        return source;
    }

    @Override
    public boolean mayWait() {
        return false;
    }

    @Override
    public List<Pending> pending() {
        synchronized (outside) {
            return offers.stream()
                    .map(offer -> new Pending(offer.source.name, offer.payload))
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

    /// Answers a question, or has it answered by the record.
    abstract byte[] answered(Source source, Supplier<byte[]> answer);

    /// A gate point: applies everything that belongs here, and waits for what is due and has not come.
    ///
    /// @return false when [#hurry] ended the wait: what is left will be applied at the same turn, after the pause
    abstract boolean point(long turn);

    /// Waits until something is offered, or [#hurry] is called.
    abstract void awaitInput(long turn);

    /// Ends a wait for the outside, and lets no other begin until [#patient] is called. Any thread.
    void hurry() {
        synchronized (outside) {
            awaited = false;
            outside.notifyAll();
        }
    }

    void patient() {
        synchronized (outside) {
            awaited = true;
        }
    }

    /// Releases the record.
    @Override
    public abstract void close();

    /// Guest time at which something is due next; [Long#MAX_VALUE] when nothing is.
    final long nextTicks() {
        long next = due.isEmpty() ? Long.MAX_VALUE : due.element().ticks;
        for (Source source : sources) {
            next = Math.min(next, source.alarmTicks);
        }
        return next;
    }

    final void ringAlarms() {
        long now = clock.ticks();
        for (Source source : sources) {
            if (source.alarmTicks <= now) {
                source.alarmTicks = Long.MAX_VALUE;
                source.receiver.accept(NOTHING);
            }
        }
    }

    /// @return the payload, or null when [#hurry] ended the wait
    final byte @Nullable [] awaitCompletion(Due entry) {
        synchronized (outside) {
            Uninterrupted.await(outside, () -> entry.payload != null || !awaited);
            return entry.payload;
        }
    }

    final @Nullable Offer pollOffer() {
        synchronized (outside) {
            return offers.poll();
        }
    }

    final int offerCount() {
        synchronized (outside) {
            return offers.size();
        }
    }

    final void awaitOffer() {
        synchronized (outside) {
            Uninterrupted.await(outside, () -> !offers.isEmpty() || !awaited);
        }
    }
}
