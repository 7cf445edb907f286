package holdfast.journal;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.MemoryDevice;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Silence;
import holdfast.block.Survival;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A protected disk in memory of which the oldest is let go as soon as can be: segments of few entries, a base that takes them on, and a
/// volume that leaves to the base what it does not have. What happens at all of them is recorded in one order.
final class RollingDisk {
    static final int BYTES = Sample.DISK_BYTES;

    /// A segment takes what comes within ten looks at the clock.
    private static final JournalWriter.Limits LIMITS = limits(Long.MAX_VALUE);

    private static JournalWriter.Limits limits(long bytesMax) {
        return new JournalWriter.Limits(512 << 10, bytesMax, Duration.ofSeconds(10).toNanos(), 4 << 10);
    }

    /// What is kept.
    enum Terms {
        /// Everything.
        ALL(Optional.empty(), JournalLayer.WhenFull.STOP, LIMITS),
        /// As little as can be, when it is asked for.
        LEAST(Optional.of(Duration.ZERO), JournalLayer.WhenFull.STOP, LIMITS),
        /// What there is room for: some dozens of changes. What is oldest is let go by itself.
        ROOM(Optional.empty(), JournalLayer.WhenFull.THROTTLE, limits(THROTTLED_BYTES));

        private final Optional<Duration> window;
        private final JournalLayer.WhenFull whenFull;
        private final JournalWriter.Limits limits;

        Terms(Optional<Duration> window, JournalLayer.WhenFull whenFull, JournalWriter.Limits limits) {
            this.window = window;
            this.whenFull = whenFull;
            this.limits = limits;
        }

        /// @param byItself whether what is oldest is let go by itself, where there is room for so much only
        Keeping over(NumberedBase base, boolean byItself) {
            return new Keeping(Optional.of(base), window, byItself && this == ROOM, whenFull);
        }
    }

    static final int THROTTLED_BYTES = 64 << 10;

    private final MemoryDevice volumeBefore;
    private final MemoryDevice baseBefore;
    private final RecordingDevice volume;
    private final RecordingDevice baseStore;
    private final Recording recording;
    private final MemorySegments segments;
    private final MemorySeal seal;
    private final NumberedBase base;
    private final Way way;
    private final JournaledDisk disk;

    /// By how much had happened.
    private final TreeMap<Integer, Terms> terms = new TreeMap<>();

    private RollingDisk(
            MemoryDevice volumeStore, MemoryDevice baseStore, MemorySegments segments, MemorySeal seal, Recording recording, Way way, Terms first,
            boolean byItself)
            throws DiskException {
        terms.put(0, first);
        this.way = way;
        volumeBefore = volumeStore.copy();
        baseBefore = baseStore.copy();
        volume = new RecordingDevice(volumeStore, recording);
        this.baseStore = new RecordingDevice(baseStore, recording);
        this.recording = recording;
        this.segments = segments;
        this.seal = seal;
        var random = new Random(recording.events().size() + segments.numbers().last());
        base = new NumberedBase(this.baseStore, BYTES, random);
        try (var _ = Silence.of(JournaledDevice.class)) {
            disk = way.open(new JournaledDevice.Parts(
                    new OwnBlocks(volume, base.device(), BYTES), base::device, segments, seal, first.limits, Protected.REGION_BYTES,
                    new Steps(Sample.NOON), random::nextInt, first.over(base, byItself)));
        }
    }

    static RollingDisk begin() throws DiskException {
        return begin(Way.WRITE_THROUGH);
    }

    static RollingDisk begin(Way way) throws DiskException {
        return begin(way, Terms.LEAST);
    }

    static RollingDisk begin(Way way, Terms first) throws DiskException {
        var recording = new Recording();
        var segments = new MemorySegments(recording);
        JournalWriter.begin(segments, new SegmentHeader(Sample.ID, 1, 1000, 0, 512, 1, BYTES, "base 0"));
        return new RollingDisk(
                new MemoryDevice(new ByteSize(OwnBlocks.storeBytes(BYTES))), NumberedBase.store(BYTES), segments, new MemorySeal(true, 0, recording),
                recording, way, first, true);
    }

    /// Other terms hold from now on; that is on stable storage as soon as it is said.
    void keep(Terms next) throws DiskException {
        disk.keep(next.over(base, true), next.limits, () -> terms.put(time(), next));
    }

    boolean roll() throws DiskException {
        return Way.roll(disk);
    }

    Upkeep upkeep() {
        return Way.upkeep(disk);
    }

    JournaledDisk disk() {
        return disk;
    }

    Blocking blocking() {
        return new Blocking(disk);
    }

    MemorySegments segments() {
        return segments;
    }

    NumberedBase base() {
        return base;
    }

    int time() {
        return recording.events().size();
    }

    byte[] content() throws DiskException {
        return blocking().read(0, BYTES);
    }

    /// What is found when the power has failed after `time` events: volume, base and journal each lose what they like. Nothing is let go then but when
    /// that is asked for.
    RollingDisk cut(int time, Random random) throws DiskException {
        return cut(time, random, null);
    }

    private RollingDisk cut(int time, Random random, @Nullable Recording given) throws DiskException {
        Recording next = given == null ? new Recording() : given;
        MemorySegments found = segments.cut(time, random, next);
        MemoryDevice ofVolume = recording.cut(time, volume).disk(volumeBefore, Survival.random(random));
        MemoryDevice ofBase = recording.cut(time, baseStore).disk(baseBefore, Survival.random(random));
        return new RollingDisk(ofVolume, ofBase, found, seal.cut(time, next), next, way, terms.floorEntry(time).getValue(), false);
    }

    /// What the journal says the disk was.
    byte[] past(long sequence) throws DiskException {
        try (PastDevice past = PastDevice.open(base::device, segments, sequence)) {
            return new Blocking(past).read(0, BYTES);
        }
    }

    Journal.End end() throws DiskException {
        try (Journal journal = Journal.open(segments)) {
            return journal.scan((_, _, _) -> {});
        }
    }
}
