package holdfast.block;

import java.util.ArrayList;
import java.util.List;

/// Runs of clusters, or blocks, that somebody is copying or filling, each held by one request at a time.
public final class ClusterLocks {
    private final List<Held> held = new ArrayList<>();

    /// A run that is held until it is released.
    public final class Held implements AutoCloseable {
        private final long first;
        private final long end;

        private Held(long first, long end) {
            this.first = first;
            this.end = end;
        }

        @Override
        public void close() {
            synchronized (held) {
                held.remove(this);
                held.notifyAll();
            }
        }
    }

    /// Waits until nobody holds any of the clusters from `first` to before `end`. Whoever holds one waits for nothing but
    /// storage, so this ends.
    public Held acquire(long first, long end) {
        var run = new Held(first, end);
        boolean interrupted = false;
        synchronized (held) {
            while (held.stream().anyMatch(other -> other.first < end && first < other.end)) {
                try {
                    held.wait();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
            held.add(run);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return run;
    }
}
