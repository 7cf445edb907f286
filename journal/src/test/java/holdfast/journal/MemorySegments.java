package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.MemoryDevice;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import holdfast.block.Survival;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Segments in memory. What happens at them is recorded when there is a recording, and the power can be cut.
final class MemorySegments implements Segments {
    /// @param before as it was when it was made
    /// @param made after how many events
    private record Kept(MemoryDevice device, MemoryDevice before, @Nullable RecordingDevice recorded, int made) {}

    /// @param from after how many events it was not there any more
    private record Gone(Kept kept, int from) {}

    private final TreeMap<Integer, Kept> kept = new TreeMap<>();
    private final TreeMap<Integer, Gone> gone = new TreeMap<>();
    private final @Nullable Recording recording;

    MemorySegments(@Nullable Recording recording) {
        this.recording = recording;
    }

    @Override
    public String name() {
        return "journal";
    }

    @Override
    public String name(int number) {
        return "journal/" + number;
    }

    @Override
    public synchronized SortedSet<Integer> numbers() {
        return new TreeSet<>(kept.keySet());
    }

    @Override
    public synchronized BlockDevice open(int number, Access access) {
        Kept one = kept.get(number);
        if (one == null) {
            throw new AssertionError("no segment " + number);
        }
        return new Unclosed(one.recorded == null ? one.device : one.recorded);
    }

    @Override
    public synchronized BlockDevice create(int number, byte[] beginning, long bytes) throws DiskException {
        var device = new MemoryDevice(new ByteSize(bytes));
        new Blocking(device).write(0, beginning);
        put(number, device);
        return open(number, Access.READ_WRITE);
    }

    private void put(int number, MemoryDevice device) {
        RecordingDevice recorded = recording == null ? null : new RecordingDevice(device, recording);
        if (kept.putIfAbsent(number, new Kept(device, device.copy(), recorded, recording == null ? 0 : recording.events().size())) != null) {
            throw new AssertionError("there is a segment " + number);
        }
    }

    /// What is found when the power has failed after `time` events. Segments are there for good when they have been made.
    ///
    /// @param record null for a journal that is not recorded in turn
    synchronized MemorySegments cut(int time, RandomGenerator random, @Nullable Recording record) {
        var found = new MemorySegments(record);
        var there = new TreeMap<>(kept);
        gone.forEach((number, one) -> {
            if (one.from >= time) {
                there.put(number, one.kept);
            }
        });
        there.forEach((number, one) -> {
            if (one.made <= time && recording != null && one.recorded != null) {
                Recording.Cut cut = recording.cut(time, one.recorded);
                found.put(number, cut.disk(one.before, Survival.random(random)));
            }
        });
        return found;
    }

    MemorySegments copy() {
        var copy = new MemorySegments(null);
        kept.forEach((number, one) -> copy.put(number, one.device.copy()));
        return copy;
    }

    MemoryDevice device(int number) {
        Kept one = kept.get(number);
        if (one == null) {
            throw new AssertionError("no segment " + number);
        }
        return one.device;
    }

    void replace(int number, MemoryDevice device) {
        kept.remove(number);
        put(number, device);
    }

    @Override
    public synchronized void remove(int number) {
        Kept one = kept.remove(number);
        if (one != null && recording != null) {
            gone.put(number, new Gone(one, recording.events().size()));
            recording.mark("segment " + number + " is removed");
        }
    }

    /// All that there ever were.
    synchronized MemorySegments ever() {
        MemorySegments all = copy();
        gone.forEach((number, one) -> all.put(number, one.kept.device.copy()));
        return all;
    }

    /// A segment outlives whoever has it open.
    private record Unclosed(BlockDevice segment) implements BlockDevice {
        @Override
        public Geometry geometry() {
            return segment.geometry();
        }

        @Override
        public void submit(Request request) {
            segment.submit(request);
        }

        @Override
        public Cancellation cancel(Request request) {
            return segment.cancel(request);
        }

        @Override
        public boolean drain(long deadlineNanos) {
            return segment.drain(deadlineNanos);
        }

        @Override
        public void close() {}
    }
}
