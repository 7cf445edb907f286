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
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
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

    /// Beside the segments. One that is put is torn by a cut until it is flushed, which is worse than what is promised.
    private final TreeMap<Integer, Kept> indexes = new TreeMap<>();

    /// @param until so many events it was there
    private record Replaced(int number, Kept kept, int until) {}

    private final List<Replaced> replaced = new ArrayList<>();

    private final AtomicLong read = new AtomicLong();
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
        return new Unclosed(one.recorded == null ? one.device : one.recorded, read);
    }

    @Override
    public synchronized BlockDevice create(int number, byte[] beginning, long bytes) throws DiskException {
        var device = new MemoryDevice(new ByteSize(bytes));
        new Blocking(device).write(0, beginning);
        put(number, device);
        return open(number, Access.READ_WRITE);
    }

    /// How many bytes were read, of segments and indexes.
    long bytesRead() {
        return read.get();
    }

    @Override
    public synchronized Optional<byte[]> index(int number) {
        Kept one = indexes.get(number);
        if (one == null) {
            return Optional.empty();
        }
        try {
            byte[] all = new Blocking(one.device).read(0, (int) one.device.geometry().sizeBytes());
            int length = ByteBuffer.wrap(all).getInt();
            byte[] index = Arrays.copyOfRange(all, Integer.BYTES, Integer.BYTES + Math.clamp(length, 0, all.length - Integer.BYTES));
            read.addAndGet(index.length);
            return Optional.of(index);
        } catch (DiskException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public synchronized void putIndex(int number, byte[] index) throws DiskException {
        byte[] all = ByteBuffer.allocate(Math.ceilDiv(Integer.BYTES + index.length, 512) * 512).putInt(index.length).put(index).array();
        var device = new MemoryDevice(new ByteSize(all.length));
        Kept one = kept(device);
        indexes.put(number, one);
        var written = new Blocking(one.recorded == null ? device : one.recorded);
        written.write(0, all);
        written.flush();
    }

    synchronized Set<Integer> indexed() {
        return Set.copyOf(indexes.keySet());
    }

    synchronized void removeIndex(int number) {
        indexes.remove(number);
    }

    /// Something that is done to a replacement of a segment.
    @FunctionalInterface
    interface Step {
        void done() throws DiskException;
    }

    private Step whenReplacing = () -> {};

    /// Has something done when another segment is begun in place of one, and whenever a part of it has been written.
    void whenReplacing(Step step) {
        whenReplacing = step;
    }

    @Override
    public Replacement replacement(int number, long bytesMax) throws DiskException {
        whenReplacing.done();
        var device = new MemoryDevice(new ByteSize(Math.ceilDiv(bytesMax, 4096L) * 4096));
        Kept one = kept(device);
        var all = new Blocking(one.recorded == null ? device : one.recorded);
        return new Replacement() {
            @Override
            public void write(long position, MemorySegment bytes) throws DiskException {
                long from = position / 512 * 512; // whole blocks
                byte[] blocks = new Blocking(device).read(from, (int) (Math.ceilDiv(position + bytes.byteSize(), 512L) * 512 - from));
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, blocks, (int) (position - from), (int) bytes.byteSize());
                all.write(from, blocks);
                whenReplacing.done();
            }

            @Override
            public BlockDevice written() throws DiskException {
                all.flush();
                return new Unclosed(device, read);
            }

            @Override
            public void put() {
                replaceWith(number, one);
            }

            @Override
            public void close() {}
        };
    }

    private synchronized void replaceWith(int number, Kept now) {
        Kept before = Objects.requireNonNull(kept.get(number));
        if (recording != null) {
            replaced.add(new Replaced(number, before, recording.events().size()));
            recording.mark("segment " + number + " is another one");
        }
        kept.put(number, now);
    }

    private Kept kept(MemoryDevice device) {
        RecordingDevice recorded = recording == null ? null : new RecordingDevice(device, recording);
        return new Kept(device, device.copy(), recorded, recording == null ? 0 : recording.events().size());
    }

    private void put(int number, MemoryDevice device) {
        if (kept.putIfAbsent(number, kept(device)) != null) {
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
        replaced.reversed().forEach(one -> {
            if (one.until >= time) {
                there.put(one.number, one.kept);
            }
        });
        there.forEach((number, one) -> {
            if (one.made <= time && recording != null && one.recorded != null) {
                Recording.Cut cut = recording.cut(time, one.recorded);
                found.put(number, cut.disk(one.before, Survival.random(random)));
            }
        });
        indexes.forEach((number, one) -> {
            if (one.made <= time && recording != null && one.recorded != null) {
                Recording.Cut cut = recording.cut(time, one.recorded);
                found.indexes.put(number, found.kept(cut.disk(one.before, Survival.random(random))));
            }
        });
        return found;
    }

    MemorySegments copy() {
        var copy = new MemorySegments(null);
        indexes.forEach((number, one) -> copy.indexes.put(number, copy.kept(one.device.copy())));
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
        indexes.remove(number);
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
    private record Unclosed(BlockDevice segment, AtomicLong read) implements BlockDevice {
        @Override
        public Geometry geometry() {
            return segment.geometry();
        }

        @Override
        public void submit(Request request) {
            if (request instanceof Request.Read of) {
                read.addAndGet(of.into().byteSize());
            }
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
