package holdfast.machine;

import holdfast.block.OperatorError;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Deterministic mode fed from a record. What the outside brings is awaited where the guest asked for it, since devices
/// really do their work, and then replaced by what was recorded; what it offers is ignored.
final class ReplayGate extends TurnGate {
    private final RecordReader record;

    ReplayGate(RetiredClock clock, RecordReader record) {
        super(clock);
        this.record = record;
    }

    @Override
    public Input register(String name, Receiver receiver) {
        Input input = super.register(name, receiver);
        RecordedEvent event = record.next();
        if (event == null
                || event.kind() != RecordedEvent.Kind.SOURCE
                || !name.equals(new String(event.payload(), StandardCharsets.UTF_8))) {
            throw new OperatorError(
                    "record", "was made with a machine without " + name, "give the options of the recording");
        }
        return input;
    }

    @Override
    byte[] answered(Source source, Supplier<byte[]> answer) {
        RecordedEvent event = record.next();
        if (event == null) {
            throw new Divergence("the record has ended at turn " + record.lastTurn() + ", and " + source.name + " asks");
        }
        if (event.kind() != RecordedEvent.Kind.ANSWER || event.source() != source.index) {
            throw new Divergence(source.name + " asks at turn " + event.turn() + ", where the record has " + described(event));
        }
        return event.payload();
    }

    private String described(RecordedEvent event) {
        String name = event.source() < sources.size() ? sources.get(event.source()).name : "source " + event.source();
        return event.kind() + " of " + name + " at turn " + event.turn();
    }

    @Override
    boolean point(long turn) {
        ringAlarms();
        for (RecordedEvent event = record.peek(); event != null && event.turn() <= turn; event = record.peek()) {
            if (event.kind() != RecordedEvent.Kind.OFFER && event.kind() != RecordedEvent.Kind.COMPLETION) {
                break;
            }
            if (event.turn() != turn || event.retired() != clock.retired()) {
                throw new Divergence(described(event) + " after " + event.retired()
                        + " instructions is reached at turn " + turn + " after " + clock.retired());
            }
            if (!apply(event)) {
                return false;
            }
        }
        return true;
    }

    /// @return false when the operator wants to pause before the real completion has come
    private boolean apply(RecordedEvent event) {
        Source source = sources.get(event.source());
        if (event.kind() == RecordedEvent.Kind.COMPLETION) {
            Due entry = find(source, event.number());
            if (awaitCompletion(entry) == null) {
                return false;
            }
            due.remove(entry);
        }
        record.next();
        source.receiver.accept(event.payload());
        return true;
    }

    private Due find(Source source, long number) {
        for (Due entry : due) {
            if (entry.source == source && entry.number == number) {
                return entry;
            }
        }
        throw new Divergence("the record completes request " + number + " of " + source.name + ", which was not made");
    }

    @Override
    void awaitInput(long turn) {
        // In the recorded run something came here; if not, the record is at its end.
    }

    /// The digest that the record has for this turn; null when it has none.
    @Nullable RecordedEvent digestAt(long turn) {
        return takeAt(turn, RecordedEvent.Kind.DIGEST);
    }

    private @Nullable RecordedEvent takeAt(long turn, RecordedEvent.Kind kind) {
        RecordedEvent event = record.peek();
        if (event != null && event.kind() == kind && event.turn() == turn) {
            return record.next();
        }
        return null;
    }

    /// How the record stands before this turn is run.
    End end(long turn) {
        RecordedEvent event = record.peek();
        if (event == null) {
            return turn > record.lastTurn() ? End.CUT_OFF : End.NOT_YET;
        }
        return event.kind() == RecordedEvent.Kind.END && event.turn() <= turn ? End.COMPLETE : End.NOT_YET;
    }

    @Override
    public void close() {
        record.close();
    }

    enum End {
        NOT_YET,
        COMPLETE,
        CUT_OFF
    }
}
