package holdfast.machine;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Deterministic mode with a real outside; what passes is written down when there is a recorder.
final class LiveGate extends TurnGate {
    private final @Nullable Recorder recorder;
    private long turn;

    LiveGate(RetiredClock clock, @Nullable Recorder recorder) {
        super(clock);
        this.recorder = recorder;
    }

    @Override
    public Input register(String name, Receiver receiver) {
        Input input = super.register(name, receiver);
        if (recorder != null) {
            recorder.source(name);
        }
        return input;
    }

    @Override
    byte[] answered(Source source, Supplier<byte[]> answer) {
        byte[] payload = answer.get();
        if (recorder != null) {
            recorder.event(new RecordedEvent(RecordedEvent.Kind.ANSWER, turn, clock.retired(), source.index, 0, payload));
        }
        return payload;
    }

    @Override
    boolean point(long now) {
        turn = now;
        ringAlarms();
        for (Due entry = due.peek(); entry != null && entry.ticks <= clock.ticks(); entry = due.peek()) {
            byte[] payload = awaitCompletion(entry);
            if (payload == null) {
                return false;
            }
            due.remove();
            apply(RecordedEvent.Kind.COMPLETION, entry.source, entry.number, payload);
        }
        // What a receiver offers in turn waits for the next point.
        for (int left = offerCount(); left > 0; left--) {
            Offer offer = pollOffer();
            if (offer != null) {
                apply(RecordedEvent.Kind.OFFER, offer.source(), 0, offer.payload());
            }
        }
        return true;
    }

    private void apply(RecordedEvent.Kind kind, Source source, long number, byte[] payload) {
        if (recorder != null) {
            recorder.event(new RecordedEvent(kind, turn, clock.retired(), source.index, number, payload));
        }
        source.receiver.accept(payload);
    }

    @Override
    void awaitInput(long now) {
        awaitOffer();
    }

    @Override
    public void close() {
        if (recorder != null) {
            recorder.close();
        }
    }
}
