package holdfast.machine;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// What leaves the machine through its console and network ports. It can be held back, released up to a count of
/// instructions, and tapped: a machine whose outputs wait until its log is safe is built on this.
///
/// Thread-safe. Held output has no bound: whoever holds must release or throw away.
public final class Outputs {
    /// Sees every output when the guest makes it, held or not.
    @FunctionalInterface
    public interface Tap {
        /// @param source the port, e.g. `uart`
        /// @param retired instructions retired by all harts together; exact in deterministic mode
        void output(String source, long retired, byte[] payload);
    }

    private record Held(Source source, long retired, byte[] payload) {}

    private final LongSupplier retired;
    private final Set<String> names = new HashSet<>();
    private final Queue<Held> held = new ArrayDeque<>();
    private volatile boolean holding;
    private volatile @Nullable Tap tap;

    Outputs(LongSupplier retired) {
        this.retired = retired;
    }

    final class Source {
        private final String name;
        private final Consumer<byte[]> sink;

        private Source(String name, Consumer<byte[]> sink) {
            this.name = name;
            this.sink = sink;
        }

        /// Nobody holds or taps: the quick way.
        boolean passes() {
            return !holding && tap == null;
        }

        /// Taps, then holds or passes on. The payload is not copied.
        void emit(byte[] payload) {
            long count = retired.getAsLong();
            Tap tapper = tap;
            if (tapper != null) {
                tapper.output(name, count, payload);
            }
            synchronized (held) {
                if (holding) {
                    held.add(new Held(this, count, payload));
                    return;
                }
            }
            sink.accept(payload);
        }
    }

    Source register(String name, Consumer<byte[]> sink) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("output registered twice: " + name);
        }
        return new Source(name, sink);
    }

    /// From now on outputs wait.
    public void hold() {
        synchronized (held) {
            holding = true;
        }
    }

    /// Lets go, in order, what was put out before the count was reached; later outputs go on waiting.
    public void releaseThrough(long retiredCount) {
        synchronized (held) {
            for (Held next = held.peek(); next != null && next.retired <= retiredCount; next = held.peek()) {
                held.remove();
                next.source.sink.accept(next.payload);
            }
        }
    }

    /// Lets everything go, and holds no longer.
    public void release() {
        synchronized (held) {
            releaseThrough(Long.MAX_VALUE);
            holding = false;
        }
    }

    /// Throws away what waits: this machine has lost the right to speak.
    public void discard() {
        synchronized (held) {
            held.clear();
        }
    }

    /// Null: nobody listens.
    public void tap(@Nullable Tap listener) {
        tap = listener;
    }
}
