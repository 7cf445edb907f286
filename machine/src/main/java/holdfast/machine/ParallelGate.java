package holdfast.machine;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/// The gate of parallel mode: events are applied at once, several at the same time. While it is shut (the machine is
/// paused, and its devices are quiet) they wait, in order, and are applied when it opens.
final class ParallelGate implements EventGate {
    private record Event(Receiver receiver, byte[] payload) {}

    private final Set<String> sources = new HashSet<>();
    /// Held for reading while an event is applied, for writing while the gate is opened or shut.
    private final ReentrantReadWriteLock passage = new ReentrantReadWriteLock(true);
    private final Queue<Event> waiting = new ArrayDeque<>();
    private boolean open;

    @Override
    public Input register(String source, Receiver receiver) {
        if (!sources.add(source)) {
            throw new IllegalArgumentException("event source registered twice: " + source);
        }
        return new Input() {
            @Override
            public void offer(byte[] payload) {
                pass(receiver, payload);
            }

            @Override
            public Expected expect() {
                return payload -> pass(receiver, payload);
            }

            @Override
            public byte[] ask(Supplier<byte[]> answer) {
                return answer.get();
            }
        };
    }

    private void pass(Receiver receiver, byte[] payload) {
        Lock shared = passage.readLock();
        shared.lock();
        try {
            if (open) {
                receiver.accept(payload);
                return;
            }
            synchronized (waiting) {
                waiting.add(new Event(receiver, payload));
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
                event.receiver.accept(event.payload);
            }
            open = true;
        } finally {
            exclusive.unlock();
        }
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

    /// Throws away what waits: the machine is reset or its state replaced.
    void clear() {
        Lock exclusive = passage.writeLock();
        exclusive.lock();
        try {
            waiting.clear();
        } finally {
            exclusive.unlock();
        }
    }
}
