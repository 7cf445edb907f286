package holdfast.disk;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Questions for whose answers no thread waits. Each is taken once: by who has its answer, or when its time is over. One thread watches over all
/// of them, and sleeps as long as the oldest has: a question that is answered in time wakes nobody.
///
/// @param <Q> questions, told apart by identity
final class Unanswered<Q> implements AutoCloseable {
    private final long limitNanos;
    private final Consumer<Q> late;
    private final LinkedHashMap<Q, Long> deadlines = new LinkedHashMap<>();
    private @Nullable Thread watcher;
    private boolean closed;

    /// @param limit how long each has
    /// @param late is given each whose time is over
    Unanswered(Duration limit, Consumer<Q> late) {
        limitNanos = limit.toNanos();
        this.late = late;
    }

    synchronized void add(Q question) {
        deadlines.put(question, System.nanoTime() + limitNanos);
        if (watcher == null) {
            watcher = Thread.ofVirtual().name("unanswered").start(this::watch);
        }
    }

    /// @return whether it is the caller's: nobody has taken it before
    synchronized boolean take(Q question) {
        return deadlines.remove(question) != null;
    }

    private void watch() {
        for (long nanos = limitNanos; nanos > 0; nanos = untilNext()) {
            LockSupport.parkNanos(this, nanos);
            overdue().forEach(late);
        }
    }

    private synchronized List<Q> overdue() {
        var over = new ArrayList<Q>();
        long now = System.nanoTime();
        deadlines.forEach((question, deadline) -> {
            if (deadline - now <= 0) {
                over.add(question);
            }
        });
        over.forEach(deadlines::remove);
        return over;
    }

    /// @return 0 when there is nothing to be watched
    private synchronized long untilNext() {
        if (deadlines.isEmpty() || closed) {
            watcher = null;
            return 0;
        }
        return Math.max(1, deadlines.firstEntry().getValue() - System.nanoTime());
    }

    /// Lets the watcher go. There are no questions any more.
    @Override
    public synchronized void close() {
        closed = true;
        LockSupport.unpark(watcher);
    }
}
