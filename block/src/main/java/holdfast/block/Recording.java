package holdfast.block;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// What happened at a [RecordingDevice], or several, in one order.
public final class Recording {
    private static final int NEVER = Integer.MAX_VALUE;

    private final List<Event> events = new ArrayList<>();
    private final List<@Nullable Change> changes = new ArrayList<>();
    private final List<RecordingDevice> devices = new ArrayList<>();

    /// After how many events the change that a request made was durable; [#NEVER] when that was not seen.
    private final List<Integer> durableAfter = new ArrayList<>();

    /// What is completed and not durable.
    private final Set<Integer> completed = new LinkedHashSet<>();

    /// What a flush that is under way makes durable.
    private final Map<Integer, List<Integer>> beforeFlush = new HashMap<>();

    /// Something that happened. Requests are numbered in the order of submission, from 0.
    public sealed interface Event {
        /// A request went down. It is `request` without its completion; its buffer may have changed since.
        record Submitted(int number, Request request) implements Event {}

        /// A request ended; whoever submitted it has not been told yet.
        record Completed(int number, IoStatus status) implements Event {}

        /// Somebody called [Recording#mark].
        record Mark(String text) implements Event {}
    }

    public Recording() {}

    synchronized int submitted(RecordingDevice device, Request request) {
        int number = changes.size();
        changes.add(Change.of(request));
        devices.add(device);
        durableAfter.add(NEVER);
        if (request instanceof Request.Flush) {
            beforeFlush.put(number, completed.stream().filter(other -> devices.get(other).equals(device)).toList());
        }
        events.add(new Event.Submitted(number, request.completing((_, _) -> {})));
        return number;
    }

    /// What a disk has promised to keep: what was written with force unit access, and what had completed when a flush
    /// was submitted that has completed since. A flush is of its own disk alone.
    synchronized void completed(int number, IoStatus status) {
        events.add(new Event.Completed(number, status));
        List<Integer> flushed = beforeFlush.remove(number);
        Change change = changes.get(number);
        if (status != IoStatus.OK) {
            return;
        }
        if (flushed != null) {
            flushed.forEach(this::durable);
        } else if (change != null && change.forceUnitAccess()) {
            durable(number);
        } else if (change != null) {
            completed.add(number);
        }
    }

    private void durable(int number) {
        completed.remove(number);
        durableAfter.set(number, Math.min(durableAfter.get(number), events.size()));
    }

    /// Notes where a test has got to.
    public synchronized void mark(String text) {
        events.add(new Event.Mark(text));
    }

    public synchronized List<Event> events() {
        return List.copyOf(events);
    }

    /// The power of the one disk that was recorded fails after the first `count` events.
    public Cut cut(int count) {
        return cut(count, _ -> true);
    }

    /// The power fails after the first `count` events: what becomes of one of the disks.
    public Cut cut(int count, RecordingDevice device) {
        return cut(count, number -> devices.get(number).equals(device));
    }

    private synchronized Cut cut(int count, IntPredicate chosen) {
        List<Event> past = events.subList(0, count);
        var cut = new ArrayList<Cut.Kept>();
        for (Event event : past) {
            if (event instanceof Event.Submitted submitted) {
                Change change = changes.get(submitted.number());
                if (change != null && chosen.test(submitted.number())) {
                    cut.add(new Cut.Kept(change, durableAfter.get(submitted.number()) <= count));
                }
            }
        }
        return new Cut(cut);
    }

    /// What a disk had been told to write when its power failed.
    public static final class Cut {
        record Kept(Change change, boolean durable) {}

        private final List<Kept> changes;

        private Cut(List<Kept> changes) {
            this.changes = changes;
        }

        /// How many changes may be lost.
        public int unflushed() {
            return (int) changes.stream().filter(kept -> !kept.durable()).count();
        }

        /// The disk as found afterwards.
        ///
        /// @param before the disk when recording began; stays as it is
        public MemoryDevice disk(MemoryDevice before, Survival survival) {
            MemoryDevice disk = before.copy();
            int index = 0;
            for (Kept kept : changes) {
                if (kept.durable()) {
                    kept.change().apply(disk);
                } else {
                    kept.change().apply(disk, survival, index++);
                }
            }
            return disk;
        }
    }
}
