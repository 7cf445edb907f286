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
import org.jspecify.annotations.Nullable;

/// A protected disk in memory of which the oldest is let go as soon as can be: segments of few entries, a base that takes them on, and a
/// volume that leaves to the base what it does not have. What happens at all of them is recorded in one order.
final class RollingDisk {
    static final int BYTES = Sample.DISK_BYTES;

    /// A segment takes what comes within ten looks at the clock.
    private static final JournalWriter.Limits LIMITS = new JournalWriter.Limits(512 << 10, Long.MAX_VALUE, Duration.ofSeconds(10).toNanos());

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

    private RollingDisk(
            MemoryDevice volumeStore, MemoryDevice baseStore, MemorySegments segments, MemorySeal seal, Recording recording, Way way)
            throws DiskException {
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
                    new OwnBlocks(volume, base.device(), BYTES), base::device, segments, seal, LIMITS, Protected.REGION_BYTES, new Steps(Sample.NOON),
                    random::nextInt, new Keeping(Optional.of(base), Optional.of(Duration.ZERO), false, JournalLayer.WhenFull.STOP)));
        }
    }

    static RollingDisk begin() throws DiskException {
        return begin(Way.WRITE_THROUGH);
    }

    static RollingDisk begin(Way way) throws DiskException {
        var recording = new Recording();
        var segments = new MemorySegments(recording);
        JournalWriter.begin(segments, new SegmentHeader(Sample.ID, 1, 1000, 0, 512, 1, BYTES, "base 0"));
        return new RollingDisk(
                new MemoryDevice(new ByteSize(OwnBlocks.storeBytes(BYTES))), NumberedBase.store(BYTES), segments, new MemorySeal(true, 0, recording),
                recording, way);
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

    /// What is found when the power has failed after `time` events: volume, base and journal each lose what they like.
    RollingDisk cut(int time, Random random) throws DiskException {
        return cut(time, random, null);
    }

    private RollingDisk cut(int time, Random random, @Nullable Recording given) throws DiskException {
        Recording next = given == null ? new Recording() : given;
        MemorySegments found = segments.cut(time, random, next);
        MemoryDevice ofVolume = recording.cut(time, volume).disk(volumeBefore, Survival.random(random));
        MemoryDevice ofBase = recording.cut(time, baseStore).disk(baseBefore, Survival.random(random));
        return new RollingDisk(ofVolume, ofBase, found, seal.cut(time, next), next, way);
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
