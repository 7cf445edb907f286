package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Silence;
import holdfast.block.Survival;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A protected disk in memory over a base of zeros: volume and segments are storage of their own, and what happens at all of them
/// is recorded in one order.
final class Protected {
    static final int BYTES = Sample.DISK_BYTES;
    static final int REGION_BYTES = 8 << 10;

    private final MemoryDevice before;
    private final RecordingDevice volume;
    private final MemorySegments segments;
    private final MemorySeal seal;
    private final Opening opening;
    private final JournaledDisk disk;

    /// How it is opened.
    @FunctionalInterface
    interface Opening {
        JournaledDisk open(JournaledDevice.Parts parts) throws DiskException;
    }

    private Protected(
            MemoryDevice stored, Recording recording, MemorySegments segments, MemorySeal seal, UnaryOperator<BlockDevice> over, Opening opening)
            throws DiskException {
        this(stored.copy(), new RecordingDevice(stored, recording), segments, seal, over, opening);
    }

    private Protected(
            MemoryDevice before, RecordingDevice volume, MemorySegments segments, MemorySeal seal, UnaryOperator<BlockDevice> over, Opening opening)
            throws DiskException {
        this.opening = opening;
        this.before = before;
        this.volume = volume;
        this.segments = segments;
        this.seal = seal;
        var tags = new Random(segments.numbers().size());
        try (var _ = Silence.of(JournaledDevice.class)) {
            disk = opening.open(new JournaledDevice.Parts(
                    over.apply(volume), Protected::base, segments, seal, Sample.TINY, REGION_BYTES, new Steps(Sample.NOON), tags::nextInt));
        }
    }

    static BlockDevice base() {
        return new MemoryDevice(new ByteSize(BYTES));
    }

    static Protected begin() throws DiskException {
        return begin(Way.WRITE_THROUGH);
    }

    static Protected begin(Way way) throws DiskException {
        return begin(UnaryOperator.identity(), way::open);
    }

    /// @param over lies between the layer and its volume
    static Protected begin(UnaryOperator<BlockDevice> over) throws DiskException {
        return begin(over, Way.WRITE_THROUGH::open);
    }

    /// @param over lies between the layer and its volume
    static Protected begin(UnaryOperator<BlockDevice> over, Opening opening) throws DiskException {
        var recording = new RecordingDevice(new MemoryDevice(new ByteSize(4096))).recording();
        var segments = new MemorySegments(recording);
        JournalWriter.begin(segments, Sample.header(Sample.ID));
        return new Protected(new MemoryDevice(new ByteSize(BYTES)), recording, segments, new MemorySeal(true, 0, recording), over, opening);
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

    MemorySeal seal() {
        return seal;
    }

    /// How much has happened.
    int time() {
        return volume.recording().events().size();
    }

    /// What the volume has.
    byte[] volume() throws DiskException {
        return new Blocking(volume.recording().cut(time(), volume).disk(before, Survival.everything())).read(0, BYTES);
    }

    /// What is found of the volume when the power has failed after `time` events.
    byte[] volume(int time, Random random) throws DiskException {
        return new Blocking(volume.recording().cut(time, volume).disk(before, Survival.random(random))).read(0, BYTES);
    }

    /// What is found, and opened, when the program was killed: all that was written is there, on stable storage or not.
    Protected killed() throws DiskException {
        return new Protected(before, volume, segments, seal, UnaryOperator.identity(), opening);
    }

    /// What is found, and opened, when the power has failed after `time` events: volume and journal each lose what they like.
    Protected cut(int time, Random random) throws DiskException {
        return cut(time, random, opening);
    }

    /// @param next how it is opened then
    Protected cut(int time, Random random, Opening next) throws DiskException {
        return cut(time, random, segments.cut(time, random, null), null, next);
    }

    /// The same, and it is recorded again.
    Protected cutAndRecorded(int time, Random random) throws DiskException {
        var recording = new RecordingDevice(new MemoryDevice(new ByteSize(4096))).recording();
        return cut(time, random, segments.cut(time, random, recording), recording, opening);
    }

    private Protected cut(int time, Random random, MemorySegments found, @Nullable Recording recording, Opening next) throws DiskException {
        MemoryDevice stored = volume.recording().cut(time, volume).disk(before, Survival.random(random));
        Recording used = recording == null ? new RecordingDevice(stored).recording() : recording;
        return new Protected(stored, used, found, seal.cut(time, recording), UnaryOperator.identity(), next);
    }

    byte[] content() throws DiskException {
        return blocking().read(0, BYTES);
    }

    /// What the journal says the disk was.
    byte[] past(long sequence) throws DiskException {
        return Sample.past(segments, sequence);
    }

    long last() throws DiskException {
        try (Journal journal = Journal.open(segments)) {
            return journal.scan((_, _, _) -> {}).sequence();
        }
    }
}
