package holdfast.disk;

import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ClusterLocks;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.LazilyInitialized;
import holdfast.block.LazyInitializer;
import holdfast.block.MapFlush;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import holdfast.block.Request;
import holdfast.block.StorageLayer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A disk that begins as an image elsewhere, its repository, and whose blocks arrive when they are wanted. From then on they are in the
/// storage below, and what is written is there alone.
///
/// ```
/// read:   blocks that are here from the storage; others: repository → storage → the map in memory → from the storage
/// write:  whole blocks: storage → the map in memory; a part of one that is not here: let it arrive first
/// flush:  copy what has changed of the map → flush the storage → write the copies → flush the map
/// ```
///
/// **Power cuts.** The map shows a block only when it is durable in the storage, and never hides it again: what an older map does not
/// show comes from the repository once more, and no flush has promised otherwise. That a block is not the repository's any more is durable
/// before its content changes ([PresenceMap] says how). So a map may be written in any order, sector by sector.
///
/// **Whose data counts.** A block arrives only where the map still says that it is absent, with its place locked; whoever writes a whole
/// block does not wait for the repository. So what arrives late never replaces what was written meanwhile.
///
/// **Without its repository** a disk has what is here. Who reads something else waits, and is failed in the end: never given zeros. So is who
/// reads when another image is there now.
///
/// **Complete.** When the last block is here the repository is let go for good, and every request is passed on as it is.
///
/// **Handed over.** Requests are passed on as they are while blocks are missing, too, when somebody above knows by the map which these are, brings
/// them himself and writes the map ([MapDevice]).
///
/// ```
/// this brings ── handOver: nothing under way, all durable, the connection ends ─→ somebody above brings ── takeBack: the map is read again ─→ this brings
///                                                                                   └── the map cannot be read ─→ lost: every request fails
/// ```
public final class ProvisionedDevice implements BlockDevice {
    private static final System.Logger LOG = System.getLogger(ProvisionedDevice.class.getName());

    private static final int QUEUE_DEPTH = 64;

    private final BlockDevice storage;
    private final Blocking storageDisk;
    private final PresenceStore store;
    private final PresenceMap map;
    private final MapFlush<PresenceMap.Sector> flush;
    private final Repository repository;
    private final Arrivals arrivals;
    private final ReadAhead readAhead;
    private final ReadThrough readThrough;
    private final ClusterLocks locks = new ClusterLocks();
    private final LayeredRequests requests;
    private final Geometry geometry;
    private final boolean likeItsStorage;
    private final int blockBytes;
    private final Runnable whenComplete;
    private final LongAdder misses = new LongAdder();
    private final LongAdder waitedNanos = new LongAdder();
    private final Optional<ImageTrace> expected;
    private volatile boolean begun;
    private volatile boolean released;
    private volatile boolean handedOver;
    private volatile boolean lost;
    private final AtomicBoolean releasing = new AtomicBoolean();
    private final Object releaseLock = new Object();
    private @Nullable LazyInitializer filling;
    private @Nullable FillingMeanwhile meanwhile;

    /// @param storage the layer below; closed with this, as the descriptor and the repository are
    /// @param descriptor of the disk, whose layer `layer` is this one
    /// @param expected what is likely to be needed first
    /// @param whenComplete called when it is closed in order and all is here, while the storage is still open
    /// @throws OperatorError when the map is damaged
    ProvisionedDevice(
            BlockDevice storage, DescriptorFile descriptor, ProvisionedLayer layer, Repository repository, Optional<ImageTrace> expected,
            Runnable whenComplete) throws DiskException {
        this.expected = expected;
        this.storage = storage;
        this.repository = repository;
        this.whenComplete = whenComplete;
        store = new PresenceStore(descriptor, layer);
        storageDisk = new Blocking(storage);
        map = store.readMap();
        flush = new MapFlush<>(storageDisk, map, store::publish);
        blockBytes = layer.blockBytes();
        readAhead = new ReadAhead(blockBytes);
        readThrough = new ReadThrough(storageDisk, map, repository, blockBytes);
        DiskDescriptor disk = descriptor.descriptor();
        Geometry below = storage.geometry();
        geometry = new Geometry(
                disk.sizeBytes(), disk.logicalBlockBytes(), Math.max(blockBytes, below.physicalBlockBytes()), below.readOnly(), below.durable(),
                below.discard(), below.writeZeroes(), QUEUE_DEPTH);
        likeItsStorage = below.sizeBytes() == geometry.sizeBytes() && below.logicalBlockBytes() == geometry.logicalBlockBytes();
        arrivals = new Arrivals(repository, map, locks, this::put, blockBytes, disk.sizeBytes());
        requests = new LayeredRequests("provisioned", descriptor.name(), QUEUE_DEPTH);
    }

    /// How much of such a disk is here.
    ///
    /// @param absentBytes what has to come from the repository yet
    /// @param modifiedBytes what is not the repository's any more
    public record Presence(long absentBytes, long modifiedBytes) {}

    /// That of a disk that nobody writes to; neither its storage nor its repository need be there.
    ///
    /// @throws OperatorError when the map is damaged
    static Presence presence(DescriptorFile descriptor, ProvisionedLayer layer) throws DiskException {
        return presence(new PresenceStore(descriptor, layer).readMap(), layer, descriptor.descriptor().sizeBytes());
    }

    private static Presence presence(PresenceMap map, ProvisionedLayer layer, long sizeBytes) {
        return new Presence(
                Math.min(sizeBytes, map.absentCount() * layer.blockBytes()), Math.min(sizeBytes, map.modifiedCount() * layer.blockBytes()));
    }

    public Presence presence() {
        if (handedOver) {
            try {
                return presence(store.file(), store.layer());
            } catch (DiskException | OperatorError e) {
                LOG.log(System.Logger.Level.WARNING, store.file().name() + ": its map cannot be read", e);
            }
        }
        return presence(map, store.layer(), geometry.sizeBytes());
    }

    /// What readers have waited for since the disk was opened.
    ///
    /// @param count of reads of what was not here yet
    /// @param total how long they waited for it, all together
    public record Misses(long count, Duration total) {}

    public Misses misses() {
        return new Misses(misses.sum(), Duration.ofNanos(waitedNanos.sum()));
    }

    /// As it is now.
    public DiskDescriptor descriptor() {
        return store.file().descriptor();
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// That of its storage, and of what it lies over. With nothing left to arrive it is that of the storage alone, which is what the disk
    /// is when it is opened again. What arrives changes the storage, and so what is on its way unasked is let go, and all filling ends.
    ///
    /// @throws OperatorError when it is handed over: what is where somebody else may know alone
    @Override
    public Optional<String> identity() {
        if (handedOver) {
            throw new OperatorError(store.file().name(), "is in the hands of a driver in the guest", "end that driver first");
        }
        stopFilling();
        arrivals.forget();
        return storage.identity().map(below -> map.isComplete() ? below
                : "provisioned " + descriptor().id() + " in [" + below + "] from [" + store.layer().identity() + "]");
    }

    @Override
    public void grow(long bytes) {
        throw new OperatorError(store.file().name(), "is a disk that is still arriving, and cannot grow", "let all of it arrive first: holdfast disk fill");
    }

    /// Whether somebody above brings what is not here.
    public boolean isHandedOver() {
        return handedOver;
    }

    PresenceStore store() {
        return store;
    }

    /// Lets somebody above bring what is not here from now on, who reads it nowhere but from the repository, and writes the map. Requests that are
    /// under way end as they would; those that come meanwhile are his already.
    void handOver() throws DiskException {
        synchronized (releaseLock) {
            if (released || handedOver) {
                return;
            }
            stopFilling();
            handedOver = true;
            try {
                if (!requests.drain(System.nanoTime() + 2 * repository.patience().limit().toNanos())) {
                    throw new DiskException("what is under way", IoStatus.IO_ERROR);
                }
                arrivals.forget();
                begin();
                flush.run();
            } catch (DiskException e) {
                handedOver = false;
                throw e;
            }
            repository.leave();
            LOG.log(System.Logger.Level.INFO, store.file().name() + ": a driver in the guest brings what is missing");
        }
    }

    /// Brings what is not here again, as the map says that it is now. Nothing is under way.
    ///
    /// @throws OperatorError when the map is damaged
    void takeBack() throws DiskException {
        synchronized (releaseLock) {
            if (handedOver) {
                lost = true;
                handedOver = false;
                store.read(map);
                lost = false;
            }
        }
    }

    /// Puts right what can be without guessing in a disk that was just opened for writing.
    ///
    /// @return what was done, each a sentence without a subject
    List<String> repair() throws DiskException {
        return store.file().repair(storage);
    }

    /// Begins to let all arrive that is not here, in the background, until that is done, fails, or the disk is closed.
    ///
    /// @param bytesPerSecond at most so many; 0 for as fast as can be
    /// @throws OperatorError when that has been begun already and goes on, or the disk may not be written
    public LazyInitializer fill(long bytesPerSecond, Alarm alarm) {
        return fill(rest(), bytesPerSecond, alarm);
    }

    private FillingUp rest() {
        return new FillingUp(map, arrivals, repository, this::flush, blockBytes, geometry.sizeBytes());
    }

    /// Lets what is likely to be needed first arrive as fast as can be, and then the rest, while nobody waits for anything, until that is done,
    /// [#identity] is asked for, or the disk is closed.
    /// Does nothing for a disk that may not be written, or the second time.
    ///
    /// @param bytesPerSecond of the rest at most so many; 0 for as fast as can be
    public synchronized void fillMeanwhile(long bytesPerSecond, Alarm alarm) {
        if (!geometry.readOnly() && meanwhile == null) {
            meanwhile = new FillingMeanwhile(traced(expected.orElse(ImageTrace.NOTHING)), rest(), arrivals, repository, bytesPerSecond, alarm);
            meanwhile.begin();
        }
    }

    /// The same for what a trace names alone.
    ///
    /// @param trace a file that [DiskTrace] has written
    /// @throws OperatorError also when it is no trace, or one of another image
    public LazyInitializer fill(Path trace, long bytesPerSecond, Alarm alarm) {
        ImageTrace read = ImageTrace.read(trace);
        read.checkOf(store.layer().identity(), trace.toString(), store.file().name());
        return fill(traced(read), bytesPerSecond, alarm);
    }

    private TracedParts traced(ImageTrace trace) {
        return new TracedParts(trace, map, arrivals, this::flush, blockBytes, geometry.sizeBytes());
    }

    private synchronized LazyInitializer fill(LazilyInitialized.Blocks blocks, long bytesPerSecond, Alarm alarm) {
        if (geometry.readOnly()) {
            throw new OperatorError(store.file().name(), "may not be written", "open it for writing");
        }
        if (handedOver) {
            throw new OperatorError(store.file().name(), "is in the hands of a driver in the guest", "let that one bring the rest, or end it");
        }
        if (filling != null && !filling.await(Duration.ZERO)) {
            throw new OperatorError(store.file().name(), "is being filled already", "wait for that: holdfast disk info");
        }
        filling = LazyInitializer.start(blocks, bytesPerSecond, alarm);
        return filling;
    }

    private synchronized void stopFilling() {
        if (meanwhile != null) {
            meanwhile.close();
        }
        if (filling != null) {
            filling.close();
        }
    }

    private void flush() throws DiskException {
        flush.run();
        releaseIfComplete();
    }

    /// With nothing left to arrive, or handed over, nobody stands between any more: the storage has the very request.
    @Override
    public void submit(Request request) {
        if (stepsAside() && likeItsStorage) {
            storage.submit(request);
            return;
        }
        if (!requests.admit(request, geometry)) {
            return;
        }
        // Asked once more, since what has been admitted before a hand-over is waited for there.
        if (stepsAside()) {
            pass(request);
            return;
        }
        if (lost) {
            requests.finish(request, IoStatus.IO_ERROR);
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Write write -> {
                if (isOwn(write.offset(), write.from().byteSize(), write.forceUnitAccess())) {
                    pass(write);
                } else {
                    requests.apart(write, turn -> write(write, turn));
                }
            }
            case Request.Flush _ -> {
                if (geometry.readOnly()) {
                    requests.finish(request, IoStatus.OK);
                } else {
                    requests.apart(request, _ -> flush());
                }
            }
            case Request.Discard discard -> requests.apart(discard, turn -> discard(discard, turn));
            case Request.WriteZeroes zeroes -> {
                if (isOwn(zeroes.offset(), zeroes.length(), zeroes.forceUnitAccess())) {
                    pass(zeroes);
                } else {
                    requests.apart(zeroes, turn -> writeZeroes(zeroes, turn));
                }
            }
            case Request.Extents extents -> requests.apart(extents, turn -> {
                turn.take();
                readThrough.extents(extents);
            });
        }
    }

    private boolean stepsAside() {
        return released || handedOver;
    }

    private void pass(Request request) {
        requests.pass(request, storage, request, () -> {});
    }

    /// Whether a range can be changed without a change of the map, and is durable as soon as its data is if it has to be.
    private boolean isOwn(long offset, long length, boolean forceUnitAccess) {
        long first = offset / blockBytes;
        long end = blockAfter(offset + length);
        return begun && map.isModified(first, end) && (!forceUnitAccess || map.isDurable(first, end));
    }

    private long blockAfter(long byteEnd) {
        return Math.ceilDiv(byteEnd, (long) blockBytes);
    }

    private void begin() throws DiskException {
        if (!begun) {
            store.file().begin();
            begun = true;
        }
    }

    private void read(Request.Read read) {
        long first = read.offset() / blockBytes;
        long end = blockAfter(read.offset() + read.into().byteSize());
        Optional<ReadAhead.Range> next = geometry.readOnly() || first == end ? Optional.empty() : readAhead.reads(first, end);
        if (map.isHere(first, end)) {
            pass(read);
        } else if (geometry.readOnly()) {
            requests.apart(read, turn -> readThrough.read(read, turn));
        } else {
            miss(read, first, end);
        }
        next.ifPresent(range -> arrivals.hurry(range.first(), Math.min(range.end(), blockAfter(geometry.sizeBytes()))));
    }

    private void miss(Request.Read read, long first, long end) {
        long since = System.nanoTime();
        LayeredRequests.Later later = requests.later(read);
        boolean begun = arrivals.bringFor(new Arrivals.Reader() {
            @Override
            public void came(MemorySegment content) {
                try {
                    later.take();
                } catch (DiskException cancelled) {
                    return;
                }
                waited(since);
                read.into().copyFrom(content.asSlice(read.offset() - first * blockBytes, read.into().byteSize()));
                later.end(IoStatus.OK);
            }

            @Override
            public void failed(IoStatus status) {
                later.end(status);
            }
        }, first, end);
        if (!begun) {
            requests.apart(later, turn -> arriveFor(read, first, end, since, turn));
        }
    }

    private void waited(long sinceNanos) {
        misses.increment();
        waitedNanos.add(System.nanoTime() - sinceNanos);
    }

    private void arriveFor(Request.Read read, long first, long end, long sinceNanos, LayeredRequests.Turn turn) throws DiskException {
        try {
            arrivals.await(first, end);
            waited(sinceNanos);
        } catch (DiskException e) {
            if (e.status() != IoStatus.NO_SPACE) {
                throw e;
            }
            readThrough.read(read, turn);
            return;
        }
        turn.take();
        storageDisk.read(read.offset(), read.into());
    }

    private void write(Request.Write write, LayeredRequests.Turn turn) throws DiskException {
        change(write.offset(), write.from().byteSize(), turn, done -> new Request.Write(write.offset(), write.from(), false, done));
        if (write.forceUnitAccess()) {
            flush();
        }
    }

    private void writeZeroes(Request.WriteZeroes zeroes, LayeredRequests.Turn turn) throws DiskException {
        change(zeroes.offset(), zeroes.length(), turn, done -> new Request.WriteZeroes(
                zeroes.offset(), zeroes.length(), zeroes.mayUnmap(), zeroes.fastOnly(), false, done));
        if (zeroes.forceUnitAccess()) {
            flush();
        }
    }

    /// Whole blocks become zeros, whoever's they were, so that they never have to arrive. The rest stays.
    private void discard(Request.Discard discard, LayeredRequests.Turn turn) throws DiskException {
        long from = blockAfter(discard.offset()) * blockBytes;
        long end = discard.offset() + discard.length();
        long to = end == geometry.sizeBytes() ? end : end / blockBytes * blockBytes;
        if (from < to) {
            try {
                change(from, to - from, turn, done -> new Request.WriteZeroes(from, to - from, true, true, false, done));
            } catch (DiskException e) {
                if (e.status() != IoStatus.UNSUPPORTED) {
                    throw e;
                }
            }
        }
    }

    /// Lets a part of a block that is not here arrive first, changes the storage, and lets the map in memory show it.
    private void change(long offset, long length, LayeredRequests.Turn turn, Function<Request.Completion, Request> request) throws DiskException {
        if (length == 0) {
            return;
        }
        long first = offset / blockBytes;
        long end = blockAfter(offset + length);
        if (offset % blockBytes != 0) {
            arrivals.await(first, first + 1);
        }
        if ((offset + length) % blockBytes != 0 && offset + length != geometry.sizeBytes()) {
            arrivals.await(end - 1, end);
        }
        turn.take();
        begin();
        try (var _ = locks.acquire(first, end)) {
            if (map.intend(first, end)) {
                flush.run();
            }
            disown(first, end);
            storageDisk.await(request);
            map.modify(first, end);
        }
        releaseIfComplete();
    }

    /// What has arrived counts as modified before it is: a change that fails may have happened in part.
    private void disown(long first, long end) {
        long at = first;
        for (PresenceMap.Run run : map.runs(first, end)) {
            if (run.state() == PresenceMap.State.ARRIVED) {
                map.modify(at, run.end());
            }
            at = run.end();
        }
    }

    /// Stores what has arrived, the place of which is locked.
    private void put(long offset, MemorySegment content) throws DiskException {
        begin();
        if (Zeros.isAll(content)) {
            storageDisk.writeZeroes(offset, content.byteSize());
        } else {
            storageDisk.write(offset, content);
        }
    }

    /// When all is here: makes that durable, and lets the repository go.
    private void releaseIfComplete() {
        if (map.isComplete() && releasing.compareAndSet(false, true)) {
            Thread.ofVirtual().name("release").start(() -> {
                try {
                    release();
                } catch (DiskException e) {
                    LOG.log(System.Logger.Level.WARNING, store.file().name() + ": its repository is not let go yet", e);
                }
            });
        }
    }

    private void release() throws DiskException {
        synchronized (releaseLock) {
            if (!released) {
                begin(); // nobody asks any more whether a change is the first
                flush.run();
                store.file().arrived();
                released = true;
                repository.close();
            }
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        Cancellation done = requests.cancel(request);
        return done == Cancellation.DONE && stepsAside() ? storage.cancel(request) : done;
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos) && arrivals.drain(deadlineNanos) && storage.drain(deadlineNanos);
    }

    /// Flushes, notes that all is in order, and closes map, storage and repository.
    @Override
    public void close() {
        stopFilling();
        if (!requests.close()) {
            return;
        }
        arrivals.close();
        repository.close();
        try {
            takeBack();
            if (lost) {
                throw new DiskException("its map", IoStatus.IO_ERROR);
            }
            if (begun || map.isComplete() && !geometry.readOnly()) {
                closeInOrder();
            }
            if (!geometry.readOnly() && released && descriptor().closed()) {
                whenComplete.run();
            }
        } catch (DiskException | OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, store.file().name() + ": not closed in order", e);
        } finally {
            store.file().close();
            storage.close();
        }
    }

    private void closeInOrder() throws DiskException {
        flush.run();
        List<PresenceMap.Sector> withoutIntents = map.withdrawIntents();
        if (!withoutIntents.isEmpty()) {
            store.publish(withoutIntents);
            map.taken();
        }
        if (map.isComplete()) {
            release();
        }
        store.file().finish(StorageLayer.fingerprintOf(storage));
    }
}
