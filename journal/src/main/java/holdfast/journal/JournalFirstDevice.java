package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// A disk each of whose changes is written to a journal, and put into its volume later, in the background: journal-first.
///
/// ```
/// change:  its place in the journal is decided → the journal → completed
/// read:    the newest of what is not applied yet, over the volume
/// flush:   the journal
/// later:   Applier puts it into the volume
/// ```
///
/// **Order.** A change has its place in the journal when it is submitted.
///
/// **Power cuts.** The volume never has what the journal may lose, and the journal says up to which entry the volume has everything
/// ([EntryKind#DONE]). Whoever opens the disk next reads what is behind that entry from the journal, and it is applied as anything else
/// is: nothing is compared.
///
/// **Discards** become zeros.
///
/// **Failures.** When the journal cannot be written, or may not grow, changes fail and reads go on. When the volume takes nothing, changes go on
/// until as much waits as may; then they fail, and reads go on.
public final class JournalFirstDevice implements JournaledDisk {
    private static final System.Logger LOG = System.getLogger(JournaledDevice.class.getName());

    private final BlockDevice volume;
    private final String name;
    private final Geometry geometry;
    private final LayeredRequests requests;
    private final OpenJournal journal;
    private final JournalWriter writer;
    private final JournalStream stream;
    private final Ending ending;

    /// Decides the order of changes.
    private final ReentrantLock order;

    private final NotApplied waiting;
    private final Applier applier;

    private JournalFirstDevice(JournaledDevice.Parts parts, JournalWriter writer, Journal.End end, NotApplied waiting, boolean byItself) {
        volume = parts.volume();
        name = parts.segments().name();
        this.writer = writer;
        this.waiting = waiting;
        journal = new OpenJournal(parts, writer, end, !parts.seal().isWhole(), new OfJournal());
        stream = journal.stream();
        order = stream.order();
        ending = journal.ending();
        geometry = journal.geometry();
        requests = new LayeredRequests("journal first", name, geometry.queueDepth());
        applier = new Applier(volume, writer, waiting, name, byItself);
        journal.start();
    }

    private final class OfJournal implements OpenJournal.Disk {
        @Override
        public boolean settle() throws DiskException {
            if (ending.isOver()) {
                return false;
            }
            stream.beginAlone();
            applier.all();
            return !ending.isOver();
        }

        @Override
        public void note(Rolled rolled) throws DiskException {
            stream.note(rolled);
        }

        /// All that is applied is written, whatever the base has.
        @Override
        public void makeOwn() {}

        @Override
        public boolean complete() throws DiskException {
            applier.all();
            return true;
        }
    }

    /// Opens a disk for writing. What the volume does not have yet is read from the journal, and applied in the background. Volume and seal are
    /// closed with it.
    ///
    /// @throws OperatorError when they do not belong together, or one is damaged; nothing has changed then
    public static JournalFirstDevice open(JournaledDevice.Parts parts) throws DiskException {
        return open(parts, NotApplied.Pace.USUAL);
    }

    static JournalFirstDevice open(JournaledDevice.Parts parts, NotApplied.Pace pace) throws DiskException {
        var found = new NotDone();
        var waiting = new NotApplied(pace);
        try {
            SegmentHeader last;
            Journal.End end;
            try (Journal journal = Journal.open(parts.segments())) {
                last = journal.header();
                end = journal.look(found::look);
                JournaledDevice.checkEnd(parts.seal(), end, journal);
                JournaledDevice.checkVolume(parts.volume(), last, journal.name());
                if (!parts.seal().isWhole()) {
                    found.copyTo(waiting, journal);
                }
            }
            JournalWriter writer = JournaledDevice.writer(parts, last, end);
            if (!parts.seal().isWhole()) {
                takeUp(found, writer, parts.segments().name());
            }
            return new JournalFirstDevice(parts, writer, end, waiting, pace.byItself());
        } catch (DiskException | RuntimeException e) {
            waiting.close();
            throw e;
        }
    }

    /// What was found may be in the host's cache only. The entry that is appended here begins a segment, before which all is made durable.
    private static void takeUp(NotDone found, JournalWriter writer, String name) throws DiskException {
        LOG.log(
                found.count() == 0 ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
                name + ": the disk was not closed; " + found.count() + " changes that the journal has are put into it");
        writer.append(EntryKind.DONE, 0, 0, Entry.ofNumber(found.done()), null);
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public BlockDevice volume() {
        return volume;
    }

    @Override
    public long waitingBytes() {
        return waiting.bytes();
    }

    /// That of the volume, which has all of the content first.
    @Override
    public Optional<String> identity() {
        try {
            if (!ending.isOver()) {
                applier.all();
            }
            return volume.identity();
        } catch (DiskException e) {
            LOG.log(System.Logger.Level.WARNING, name + ": the disk does not have all that its journal has (" + e.getMessage() + ")");
            return Optional.empty();
        }
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Extents extents -> extents(extents);
            case Request.Flush _ -> requests.apart(request, this::flush);
            case Request.Write write -> change(new Change(write, EntryKind.WRITE, write.offset(), write.from().byteSize(), write.from(), write.forceUnitAccess(), write));
            case Request.Discard discard -> {
                var zeroes = new Request.WriteZeroes(discard.offset(), discard.length(), true, false, false, discard.completion());
                change(new Change(discard, EntryKind.DISCARD, discard.offset(), discard.length(), MemorySegment.NULL, false, zeroes));
            }
            case Request.WriteZeroes zeroes -> {
                if (zeroes.fastOnly() && !geometry.writeZeroes()) {
                    requests.finish(zeroes, IoStatus.UNSUPPORTED);
                    return;
                }
                var there = new Request.WriteZeroes(
                        zeroes.offset(), zeroes.length(), zeroes.mayUnmap(), false, zeroes.forceUnitAccess(), zeroes.completion());
                change(new Change(zeroes, EntryKind.ZEROES, zeroes.offset(), zeroes.length(), MemorySegment.NULL, zeroes.forceUnitAccess(), there));
            }
        }
    }

    private void read(Request.Read read) {
        List<Intents.Range> rest = unapplied(read.offset(), read.into());
        if (rest.isEmpty()) {
            requests.finish(read, IoStatus.OK);
        } else if (rest.getFirst().length() == read.into().byteSize()) {
            requests.pass(read, volume, read, () -> {});
        } else {
            var parts = new ArrayList<Consumer<Request.Completion>>();
            for (Intents.Range range : rest) {
                MemorySegment into = read.into().asSlice(range.offset() - read.offset(), range.length());
                parts.add(completion -> volume.submit(new Request.Read(range.offset(), into, completion)));
            }
            requests.inParts(read, parts, () -> {});
        }
    }

    /// Fills in what the volume does not have yet.
    ///
    /// @return what it has
    private List<Intents.Range> unapplied(long offset, MemorySegment into) {
        return waiting.read(offset, into);
    }

    private void extents(Request.Extents extents) {
        List<Extent> known = waiting.extents(extents.offset(), extents.length());
        if (known.isEmpty()) {
            requests.pass(extents, volume, extents, () -> {});
        } else {
            requests.apart(extents, () -> {
                long at = extents.offset();
                for (Extent one : known) {
                    extentsOfVolume(at, one.offset(), extents.extents());
                    extents.extents().accept(one);
                    at = one.end();
                }
                extentsOfVolume(at, extents.offset() + extents.length(), extents.extents());
            });
        }
    }

    private void extentsOfVolume(long from, long to, Consumer<Extent> extents) throws DiskException {
        if (to > from) {
            new Blocking(volume).extents(from, to - from).forEach(extents);
        }
    }

    /// A change that was asked for.
    ///
    /// @param data for the journal
    /// @param forced whether it is durable when completed
    /// @param alone what goes to the volume when the journal has ended
    private record Change(Request request, EntryKind kind, long offset, long length, MemorySegment data, boolean forced, Request alone) {}

    private void change(Change change) {
        if (change.length == 0) {
            requests.finish(change.request, IoStatus.OK);
        } else if (ending.isOver()) {
            requests.pass(change.request, volume, change.alone, () -> {});
        } else if (change.forced || !waiting.hasRoom(change.data.byteSize())) {
            requests.apart(change.request, () -> changeApart(change));
        } else {
            changeAtOnce(change);
        }
    }

    private void changeAtOnce(Change change) {
        try {
            if (!append(change, status -> written(change, status))) {
                requests.pass(change.request, volume, change.alone, () -> {});
            }
        } catch (DiskException e) {
            if (e.status() == IoStatus.NO_SPACE && journal.goesOnWhenFull()) {
                requests.apart(change.request, () -> changeApart(change));
            } else {
                requests.finish(change.request, e.status());
            }
        } catch (OperatorError e) {
            LOG.log(System.Logger.Level.ERROR, e.getMessage());
            requests.finish(change.request, IoStatus.IO_ERROR);
        }
    }

    /// A change is in the journal, or is not.
    private void written(Change change, IoStatus status) {
        if (status == IoStatus.NO_SPACE && journal.keeping().endsWhenFull()) {
            Thread.ofVirtual().name("journal ends").start(() -> requests.finish(change.request, endQuietly() ? IoStatus.OK : status));
        } else {
            requests.finish(change.request, status);
        }
    }

    /// @param written not called when this throws, or says no
    /// @return false when the journal has ended
    private boolean append(Change change, JournalWriter.Written written) throws DiskException {
        order.lock();
        try {
            if (ending.isOver()) {
                return false;
            }
            stream.begin();
            waiting.put(
                    () -> writer.append(change.kind, change.offset, change.length, change.data, written), change.offset, change.length, change.data);
            stream.changed();
            return true;
        } finally {
            order.unlock();
        }
    }

    /// On a thread that may wait: until less is to be applied, for room in the journal, or until the change is durable.
    private void changeApart(Change change) throws DiskException {
        makeRoom(change.data.byteSize());
        while (true) {
            var written = new CompletableFuture<IoStatus>();
            try {
                if (!append(change, written::complete)) {
                    Ending.changeAlone(volume, change.alone);
                    return;
                }
                IoStatus status = written.join();
                if (status != IoStatus.OK) {
                    throw new DiskException("a change", status);
                }
                if (change.forced) {
                    writer.flush();
                }
                return;
            } catch (DiskException e) {
                if (e.status() != IoStatus.NO_SPACE) {
                    throw e;
                }
                awaitRoom(change);
            }
        }
    }

    private void makeRoom(long bytes) throws DiskException {
        try {
            applier.makeRoom(bytes);
        } catch (DiskException e) {
            if (e.status() != IoStatus.NO_SPACE || !journal.keeping().endsWhenFull()) {
                throw e;
            }
            end();
        }
    }

    /// A change did not find room in the journal, and is tried again when this returns.
    private void awaitRoom(Change change) throws DiskException {
        if (journal.keeping().endsWhenFull()) {
            end();
            return;
        }
        journal.awaitRoom(change.data.byteSize());
    }

    private boolean endQuietly() {
        try {
            end();
            return true;
        } catch (DiskException e) {
            LOG.log(System.Logger.Level.ERROR, name + ": cannot end, and is full (" + e.getMessage() + ")");
            return false;
        }
    }

    /// The disk goes on without its journal, when its volume has everything.
    private void end() throws DiskException {
        order.lock();
        try {
            if (!ending.isOver()) {
                applier.allWithoutJournal();
                ending.end();
            }
        } finally {
            order.unlock();
        }
    }

    private void flush() throws DiskException {
        if (!ending.isOver()) {
            stream.noteFlush();
            try {
                flushJournal();
                return;
            } catch (DiskException e) {
                if (e.status() != IoStatus.NO_SPACE || !journal.keeping().endsWhenFull()) {
                    throw e;
                }
                end();
            }
        }
        new Blocking(volume).flush();
    }

    private void flushJournal() throws DiskException {
        writer.flush();
    }

    @Override
    public long mark(String markName) {
        return journal.mark(markName);
    }

    @Override
    public Seal seal() {
        return journal.seal();
    }

    @Override
    public void keep(Keeping next, JournalWriter.Limits limits, Note note) throws DiskException {
        journal.keep(next, limits, note);
    }

    @Override
    public JournalCompression.Result compress() throws DiskException {
        return journal.compress();
    }

    boolean roll() throws DiskException {
        return journal.roll();
    }

    Upkeep upkeep() {
        return journal.upkeep();
    }

    /// Puts into the volume all that waits now.
    void apply() throws DiskException {
        applier.all();
    }

    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    /// Puts into the volume what is not there yet, notes that both agree, and closes them.
    @Override
    public void close() {
        if (requests.close()) {
            applier.close();
            try {
                journal.close();
            } finally {
                waiting.close();
            }
        }
    }
}
