package holdfast.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A gate that lets events through when the test says so, as deterministic mode does at its gate points.
final class SteppedGate implements EventGate {
    private record Event(Receiver receiver, byte[] payload) {}

    private static final class Due {
        private final Receiver receiver;
        private byte @Nullable [] payload;

        private Due(Receiver receiver) {
            this.receiver = receiver;
        }
    }

    private final Queue<Event> offered = new ArrayDeque<>();
    private final List<Due> expected = new ArrayList<>();

    @Override
    public Input register(String source, Receiver receiver) {
        return new Input() {
            @Override
            public void offer(byte[] payload) {
                offered.add(new Event(receiver, payload));
            }

            @Override
            public Expected expect() {
                var due = new Due(receiver);
                expected.add(due);
                return payload -> due.payload = payload;
            }

            @Override
            public void alarm(long deadlineTicks) {
                throw new UnsupportedOperationException("no virtio device has an alarm");
            }

            @Override
            public byte[] ask(Supplier<byte[]> answer) {
                return answer.get();
            }
        };
    }

    @Override
    public boolean mayWait() {
        return false;
    }

    /// Everything that was offered.
    void passOffers() {
        while (!offered.isEmpty()) {
            Event event = offered.remove();
            event.receiver.accept(event.payload);
        }
    }

    int expected() {
        return expected.size();
    }

    /// The completion that was expected first; it must have come.
    void passCompletion() {
        Due due = expected.removeFirst();
        byte[] payload = due.payload;
        if (payload == null) {
            throw new AssertionError("the host has not completed it");
        }
        due.receiver.accept(payload);
    }

    void passCompletions() {
        while (!expected.isEmpty()) {
            passCompletion();
        }
    }
}
