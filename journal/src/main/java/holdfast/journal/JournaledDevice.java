package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;

/// A disk each of whose changes is written to its volume and to a journal: write-through.
///
/// ```
/// read:    the volume
/// change:  its place in the journal is decided → the journal, and the volume → completed when both have it
/// flush:   the journal and the volume, side by side
/// ```
///
/// **Order.** A change has its place in the journal when it is submitted. Changes that overlap go to the volume in that order.
///
/// **Power cuts.** Volume and journal lose what was not flushed, each on its own. Before the volume is changed in a region for the
/// first time since both were settled, an intent for that region is on stable storage in the journal. An open that finds the
/// [Seal] broken makes the volume what the journal says in those regions, and then settles both ([Reconciliation]).
///
/// **Discards** become zeros, since what is discarded has to read the same now and in the past.
///
/// **Failures.** When the journal cannot be written, or may not grow, changes fail and reads go on. When the volume has failed to take a
/// change, the seal stays broken, so that the next open makes it good.
public final class JournaledDevice implements JournaledDisk {
    private static final System.Logger LOG = System.getLogger(JournaledDevice.class.getName());

    /// What the volume gets for itself at a time.
    private static final long OWN_BYTES = 1 << 20;

    private final BlockDevice volume;
    private final Segments segments;
    private final String name;
    private final Geometry geometry;
    private final LayeredRequests requests;
    private final ChangesUnderway changes = new ChangesUnderway();
    private final OpenJournal journal;
    private final JournalWriter writer;
    private final JournalStream stream;
    private final Ending ending;

    /// Decides the order of changes.
    private final ReentrantLock order;

    private final Intents intents;

    /// Held by whoever makes a generation of intents void.
    private final ReentrantLock settling = new ReentrantLock();

    private volatile boolean differ;

    /// What a journal goes over and comes from.
    ///
    /// @param base opens what lies under the journal, for reading
    /// @param regionBytes what is reconciled together; 0 for the usual
    /// @param tags makes random numbers
    /// @param keeping how much of the past is kept
    public record Parts(
            BlockDevice volume, PastDevice.Base base, Segments segments, Seal seal, JournalWriter.Limits limits, long regionBytes, InstantSource clock,
            IntSupplier tags, Keeping keeping) {
        /// All of the past is kept.
        public Parts(
                BlockDevice volume, PastDevice.Base base, Segments segments, Seal seal, JournalWriter.Limits limits, long regionBytes,
                InstantSource clock, IntSupplier tags) {
            this(volume, base, segments, seal, limits, regionBytes, clock, tags, Keeping.ALL);
        }
    }

    private JournaledDevice(Parts parts, JournalWriter writer, Journal.End end) {
        volume = parts.volume;
        segments = parts.segments;
        name = segments.name();
        this.writer = writer;
        journal = new OpenJournal(parts, writer, end, false, new OfJournal());
        stream = journal.stream();
        order = stream.order();
        ending = journal.ending();
        geometry = journal.geometry();
        long size = geometry.sizeBytes();
        intents = new Intents(size, parts.regionBytes == 0 ? Intents.regionBytesFor(size) : parts.regionBytes);
        requests = new LayeredRequests("journaled", name, geometry.queueDepth());
        journal.start();
    }

    private final class OfJournal implements OpenJournal.Disk {
        @Override
        public boolean settle() throws DiskException {
            settling.lock();
            try {
                if (ending.isOver()) {
                    return false;
                }
                stream.beginAlone();
                return settleGeneration();
            } finally {
                settling.unlock();
            }
        }

        @Override
        public void note(Rolled rolled) throws DiskException {
            stream.note(rolled);
        }

        @Override
        public void makeOwn() throws DiskException {
            JournaledDevice.this.makeOwn();
        }

        @Override
        public boolean complete() throws DiskException {
            if (!differ) {
                new Blocking(volume).flush();
            }
            return !differ;
        }
    }

    /// Opens a disk for writing, and makes volume and journal agree if they may not. Volume and seal are closed with it.
    ///
    /// @throws OperatorError when they do not belong together, or one is damaged; nothing has changed then
    public static JournaledDevice open(Parts parts) throws DiskException {
        var reconciliation = new Reconciliation();
        SegmentHeader last;
        Journal.End end;
        try (Journal journal = Journal.open(parts.segments)) {
            last = journal.header();
            end = journal.look((_, entry, data) -> reconciliation.look(entry, data));
            checkEnd(parts.seal, end, journal);
            checkVolume(parts.volume, last, journal.name());
        }
        if (parts.seal.isWhole()) {
            return new JournaledDevice(parts, writer(parts, last, end), end);
        }
        reconcile(parts, reconciliation);
        try (JournalWriter writer = writer(parts, last, end)) {
            OpenJournal.settle(writer, parts.seal, parts.volume);
        }
        return open(parts); // in order, now
    }

    static JournalWriter writer(Parts parts, SegmentHeader last, Journal.End end) {
        return new JournalWriter(parts.segments, last, end, parts.limits, parts.clock, parts.tags);
    }

    /// @throws OperatorError when the journal does not go as far as it went, or the seal was put and it goes farther
    public static void checkEnd(Seal seal, Journal.End end, Journal journal) {
        boolean fits = seal.isWhole() ? end.sequence() == seal.sequence() : end.sequence() >= seal.sequence();
        if (!fits) {
            throw new OperatorError(
                    journal.name(),
                    "is not the journal that the disk was closed with: it ends at entry " + end.sequence() + ", and should at " + seal.sequence(),
                    "bring back disk and journal of the same time");
        }
    }

    static void checkVolume(BlockDevice volume, SegmentHeader header, String name) {
        if (volume.geometry().sizeBytes() != header.diskBytes()) {
            throw new OperatorError(name, "is a journal of a disk of another size", "bring back disk and journal of the same time");
        }
    }

    private static void reconcile(Parts parts, Reconciliation reconciliation) throws DiskException {
        try (BlockDevice past = PastDevice.open(parts.base, parts.segments, Long.MAX_VALUE)) {
            long different = reconciliation.run(parts.volume, past, parts.keeping.rolls());
            LOG.log(
                    different == 0 ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
                    parts.segments.name() + ": the disk was not closed; " + different + " bytes were put right");
        }
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
        return 0;
    }

    /// That of the volume, which has the content.
    @Override
    public Optional<String> identity() {
        return volume.identity();
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> requests.pass(read, volume, read, () -> {});
            case Request.Extents extents -> requests.pass(extents, volume, extents, () -> {});
            case Request.Flush _ -> requests.apart(request, this::flush);
            case Request.Write write -> change(write, EntryKind.WRITE, write.offset(), write.from().byteSize(), write.from(), write);
            case Request.Discard discard -> {
                var zeroes = new Request.WriteZeroes(discard.offset(), discard.length(), true, false, false, discard.completion());
                change(discard, EntryKind.DISCARD, discard.offset(), discard.length(), MemorySegment.NULL, zeroes);
            }
            case Request.WriteZeroes zeroes -> {
                if (zeroes.fastOnly() && !geometry.writeZeroes()) {
                    requests.finish(zeroes, IoStatus.UNSUPPORTED);
                    return;
                }
                var there = new Request.WriteZeroes(
                        zeroes.offset(), zeroes.length(), zeroes.mayUnmap(), false, zeroes.forceUnitAccess(), zeroes.completion());
                change(zeroes, EntryKind.ZEROES, zeroes.offset(), zeroes.length(), MemorySegment.NULL, there);
            }
        }
    }

    /// @param data for the journal
    /// @param there for the volume
    private void change(Request request, EntryKind kind, long offset, long length, MemorySegment data, Request there) {
        if (length == 0) {
            requests.finish(request, IoStatus.OK);
            return;
        }
        if (ending.isOver()) {
            requests.pass(request, volume, there, () -> {});
            return;
        }
        try {
            Journaled change = append(kind, offset, length, data);
            if (change.ready && !isForced(request)) {
                var _ = onVolume(change.change, there).thenAcceptBoth(change.written, (done, written) -> changed(request, done, written));
            } else {
                requests.apart(request, () -> changeApart(request, change, there));
            }
        } catch (DiskException e) {
            if (e.status() == IoStatus.NO_SPACE && journal.goesOnWhenFull()) {
                requests.apart(request, () -> changeWhenFull(request, kind, offset, length, data, there));
            } else {
                requests.finish(request, e.status());
            }
        } catch (OperatorError e) {
            LOG.log(System.Logger.Level.ERROR, e.getMessage());
            requests.finish(request, IoStatus.IO_ERROR);
        }
    }

    /// A change is in the volume and in the journal, or is not.
    private void changed(Request request, IoStatus done, IoStatus written) {
        if (written == IoStatus.NO_SPACE && journal.keeping().endsWhenFull()) {
            Thread.ofVirtual().name("journal ends").start(() -> requests.finish(request, ending.coversQuietly(written) ? done : worse(done, written)));
        } else {
            requests.finish(request, worse(done, written));
        }
    }

    /// A change that has its place in the journal.
    ///
    /// @param written how it went there
    /// @param generation of the intents that it needs
    /// @param ready whether it may go to the volume at once
    private record Journaled(ChangesUnderway.Change change, CompletableFuture<IoStatus> written, int generation, boolean ready) {}

    private Journaled append(EntryKind kind, long offset, long length, MemorySegment data) throws DiskException {
        var written = new CompletableFuture<IoStatus>();
        order.lock();
        try {
            stream.begin();
            boolean intended = intend(offset, length);
            long sequence = writer.append(kind, offset, length, data, written::complete);
            stream.changed();
            var change = new ChangesUnderway.Change(sequence, offset, offset + length);
            return new Journaled(change, written, intents.generation(), changes.add(change) && intended);
        } finally {
            order.unlock();
        }
    }

    /// On a thread that may wait: for room in the journal, or without it.
    private void changeWhenFull(Request request, EntryKind kind, long offset, long length, MemorySegment data, Request there) throws DiskException {
        while (true) {
            if (journal.keeping().endsWhenFull()) {
                ending.end();
                Ending.changeAlone(volume, there);
                return;
            }
            journal.awaitRoom(data.byteSize());
            try {
                changeApart(request, append(kind, offset, length, data), there);
                return;
            } catch (DiskException e) {
                if (e.status() != IoStatus.NO_SPACE) {
                    throw e;
                } // others were quicker
            }
        }
    }

    private static boolean isForced(Request request) {
        return switch (request) {
            case Request.Write write -> write.forceUnitAccess();
            case Request.WriteZeroes zeroes -> zeroes.forceUnitAccess();
            case Request.Read _, Request.Flush _, Request.Discard _, Request.Extents _ -> false;
        };
    }

    /// On a thread that may wait.
    private void changeApart(Request request, Journaled journaled, Request there) throws DiskException {
        ChangesUnderway.Change change = journaled.change;
        try {
            awaitIntents(change.offset(), change.end() - change.offset(), journaled.generation);
            changes.awaitTurn(change);
        } catch (DiskException e) {
            if (!ending.covers(e.status())) {
                changes.remove(change);
                differ = true;
                throw e;
            }
            changes.awaitTurn(change);
        }
        IoStatus done = onVolume(change, there).join();
        IoStatus written = journaled.written.join();
        IoStatus status = done == IoStatus.OK && ending.covers(written) ? IoStatus.OK : worse(done, written);
        if (status != IoStatus.OK) {
            throw new DiskException("a change", status);
        }
        if (isForced(request)) {
            forced();
        }
    }

    private void forced() throws DiskException {
        try {
            writer.flush();
        } catch (DiskException e) {
            if (!ending.covers(e.status())) {
                throw e;
            }
        }
    }

    private CompletableFuture<IoStatus> onVolume(ChangesUnderway.Change change, Request there) {
        var done = new CompletableFuture<IoStatus>();
        volume.submit(there.completing((_, status) -> {
            if (status != IoStatus.OK) {
                differ = true;
            }
            changes.remove(change);
            done.complete(status);
        }));
        return done;
    }

    private static IoStatus worse(IoStatus first, IoStatus second) {
        return first == IoStatus.OK ? second : first;
    }

    /// Under `order`: notes in the journal what has to be.
    ///
    /// @return whether all of it is on stable storage already
    private boolean intend(long offset, long length) throws DiskException {
        for (Intents.Range range : intents.note(offset, length)) {
            writer.append(EntryKind.INTENT, range.offset(), range.length(), MemorySegment.NULL, null);
        }
        return intents.areDurable(offset, length);
    }

    /// @param generation in which they were noted
    private void awaitIntents(long offset, long length, int generation) throws DiskException {
        if (!intentsAreDurable(offset, length, generation)) {
            writer.flush();
            order.lock();
            try {
                intents.durable(offset, length, generation);
            } finally {
                order.unlock();
            }
        }
    }

    private boolean intentsAreDurable(long offset, long length, int generation) {
        order.lock();
        try {
            return intents.generation() == generation && intents.areDurable(offset, length);
        } finally {
            order.unlock();
        }
    }

    private void flush() throws DiskException {
        if (ending.isOver()) {
            new Blocking(volume).flush();
            return;
        }
        stream.noteFlush();
        if (manyIntents() && settling.tryLock()) {
            try {
                var _ = settleGeneration();
            } finally {
                settling.unlock();
            }
        } else {
            flushBoth();
        }
    }

    private void flushBoth() throws DiskException {
        var ofVolume = new CompletableFuture<IoStatus>();
        volume.submit(new Request.Flush((_, status) -> ofVolume.complete(status)));
        try {
            flushJournal();
        } catch (DiskException e) {
            if (!ending.covers(e.status())) {
                throw e;
            }
        } finally {
            if (ofVolume.join() != IoStatus.OK) {
                differ = true;
            }
        }
        if (ofVolume.join() != IoStatus.OK) {
            throw new DiskException("a flush", ofVolume.join());
        }
    }

    private void flushJournal() throws DiskException {
        writer.flush();
    }

    private boolean manyIntents() {
        order.lock();
        try {
            return intents.areMany();
        } finally {
            order.unlock();
        }
    }

    /// Flushes both, and makes the intents void that there were before: what comes meanwhile notes its own, behind them.
    ///
    /// @return whether both agree in everything up to when this began
    private boolean settleGeneration() throws DiskException {
        long last = renewIntents();
        changes.awaitUpTo(last);
        flushBoth();
        if (differ || ending.isOver()) {
            return false;
        }
        order.lock();
        try {
            writer.append(EntryKind.SETTLED_TO, 0, 0, Entry.ofNumber(last), null);
            return true;
        } catch (DiskException e) {
            // The intents go on counting, which does no harm.
            LOG.log(System.Logger.Level.DEBUG, name + ": not settled", e);
            return false;
        } finally {
            order.unlock();
        }
    }

    boolean roll() throws DiskException {
        return journal.roll();
    }

    /// Has the volume hold for itself all that the journal ever changed, so that its base may change from now on. What is changed meanwhile goes
    /// there anyway.
    void makeOwn() throws DiskException {
        var changed = new Ranges();
        try (Journal all = Journal.peek(segments)) {
            all.look((_, entry, _) -> changed.addChange(entry));
        }
        for (Intents.Range range : changed.list()) {
            long end = range.offset() + range.length();
            for (long at = range.offset(); at < end; at += OWN_BYTES) {
                journal.checkOpen();
                makeOwn(at, Math.min(OWN_BYTES, end - at));
            }
        }
        new Blocking(volume).flush();
    }

    /// In its turn, as a change is; its own intent makes that known.
    private void makeOwn(long offset, long length) throws DiskException {
        ChangesUnderway.Change turn;
        int generation;
        order.lock();
        try {
            stream.begin();
            intend(offset, length);
            generation = intents.generation();
            long sequence = writer.append(EntryKind.INTENT, offset, length, MemorySegment.NULL, null);
            turn = new ChangesUnderway.Change(sequence, offset, offset + length);
            changes.add(turn);
        } finally {
            order.unlock();
        }
        try {
            awaitIntents(offset, length, generation);
            changes.awaitTurn(turn);
            Reconciliation.write(volume, volume, List.of(new Intents.Range(offset, length)));
        } catch (DiskException e) {
            differ = true;
            throw e;
        } finally {
            changes.remove(turn);
        }
    }

    Upkeep upkeep() {
        return journal.upkeep();
    }

    int intentGeneration() {
        order.lock();
        try {
            return intents.generation();
        } finally {
            order.unlock();
        }
    }

    /// @return sequence of the last entry of the generation that ends
    private long renewIntents() {
        order.lock();
        try {
            intents.renew();
            return writer.sequence();
        } finally {
            order.unlock();
        }
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

    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    /// Flushes both, notes that they agree, and closes them.
    @Override
    public void close() {
        if (requests.close()) {
            journal.close();
        }
    }
}
