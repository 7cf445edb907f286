package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The journal of a disk that is open for writing, and what goes on around it: all that is the same whatever is written first.
final class OpenJournal {
    private static final System.Logger LOG = System.getLogger(JournaledDevice.class.getName());

    private static final int QUEUE_DEPTH = 64;

    private final JournaledDevice.Parts parts;
    private final JournalWriter writer;
    private final JournalStream stream;
    private final Ending ending;
    private final Optional<Roller> roller;
    private final Upkeep upkeep;

    /// Held by whoever changes what is kept.
    private final ReentrantLock changing = new ReentrantLock();

    private volatile Keeping keeping;
    private volatile boolean closing;

    /// What a disk does that its journal cannot know.
    interface Disk extends Roller.Disk {
        /// Has the volume hold for itself all that the journal ever changed, on stable storage, so that its base may change from then on. The disk is
        /// used meanwhile.
        void makeOwn() throws DiskException;

        /// Puts into the volume what it does not have yet, on stable storage; nobody uses the disk any more.
        ///
        /// @return whether volume and journal agree then
        boolean complete() throws DiskException;
    }

    private final Disk disk;

    /// @param end of the journal, when it was opened
    /// @param begun whether the seal is broken already
    OpenJournal(JournaledDevice.Parts parts, JournalWriter writer, Journal.End end, boolean begun, Disk disk) {
        this.parts = parts;
        this.writer = writer;
        this.disk = disk;
        keeping = parts.keeping();
        stream = new JournalStream(writer, parts.seal(), parts.segments().name(), begun);
        ending = new Ending(parts.seal(), this::keeping, stream.order(), parts.segments().name());
        roller = keeping.base().map(base -> new Roller(disk, writer, parts.segments(), base, this::keeping, parts.clock(), end));
        upkeep = new Upkeep(writer, parts.segments());
    }

    /// Whatever goes on by itself does from now on.
    void start() {
        if (keeping.byItself()) {
            roller.ifPresent(Roller::start);
            upkeep.start();
        }
    }

    JournalWriter writer() {
        return writer;
    }

    JournalStream stream() {
        return stream;
    }

    Ending ending() {
        return ending;
    }

    Seal seal() {
        return parts.seal();
    }

    /// What is kept at the moment.
    Keeping keeping() {
        return keeping;
    }

    /// Of a disk over a volume.
    Geometry geometry() {
        Geometry below = parts.volume().geometry();
        return new Geometry(
                below.sizeBytes(), below.logicalBlockBytes(), below.physicalBlockBytes(), false, below.durable(), true, below.writeZeroes(),
                Math.min(QUEUE_DEPTH, below.queueDepth()));
    }

    /// Waits for room in a full journal, as long as that is what is done about one.
    void awaitRoom(long bytes) throws DiskException {
        if (!keeping.throttles()) {
            throw new DiskException("a change", IoStatus.NO_SPACE);
        }
        roller.ifPresent(Roller::wake);
        writer.awaitRoom(bytes, () -> keeping.throttles());
    }

    /// Whether a change that finds no room may be worth waiting for.
    boolean goesOnWhenFull() {
        return keeping.throttles() || keeping.endsWhenFull();
    }

    long mark(String markName) {
        return stream.mark(markName, ending);
    }

    /// As [JournaledDisk#keep].
    void keep(Keeping next, JournalWriter.Limits limits, JournaledDisk.Note note) throws DiskException {
        changing.lock();
        try {
            checkOpen();
            if (!keeping.rolls() && next.rolls()) {
                disk.makeOwn();
            }
            Roller.Between change = () -> {
                note.run();
                keeping = next;
                writer.limit(limits);
            };
            if (roller.isPresent()) {
                roller.get().between(change);
                roller.get().wake();
            } else {
                change.run();
            }
        } finally {
            changing.unlock();
        }
    }

    /// @throws OperatorError when its disk is being closed, or the journal has ended
    void checkOpen() {
        if (closing) {
            throw new OperatorError(parts.segments().name(), "is not changed any more, since its disk is closed", "do it again");
        }
        if (ending.isOver()) {
            throw ended(parts.segments().name());
        }
    }

    static OperatorError ended(String name) {
        return new OperatorError(name, "has ended, since it was full", "begin anew: holdfast disk unprotect, then disk protect");
    }

    JournalCompression.Result compress() throws DiskException {
        return upkeep.all();
    }

    /// Lets the base take on what is due, and nobody else does.
    boolean roll() throws DiskException {
        return roller.orElseThrow().next();
    }

    Upkeep upkeep() {
        return upkeep;
    }

    /// Notes that volume and journal agree, if they do, and closes them.
    void close() {
        closing = true;
        changing.lock();
        try {
            roller.ifPresent(Roller::close);
            upkeep.close();
            closeAlone();
        } finally {
            changing.unlock();
        }
    }

    private void closeAlone() {
        BlockDevice volume = parts.volume();
        try {
            if (ending.isOver()) {
                new Blocking(volume).flush();
            } else if (stream.hasBegun() && disk.complete()) {
                settle(writer, parts.seal(), volume);
            }
        } catch (DiskException | OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, parts.segments().name() + ": not closed in order", e);
        } finally {
            writer.close();
            volume.close();
            parts.seal().close();
        }
    }

    /// Volume and journal agree, and are on stable storage.
    static void settle(JournalWriter writer, Seal seal, BlockDevice volume) throws DiskException {
        long sequence = writer.append(EntryKind.SETTLED, 0, 0, MemorySegment.NULL, null);
        writer.flush();
        seal.put(volume, sequence);
    }
}
