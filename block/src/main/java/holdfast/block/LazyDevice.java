package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A disk on storage that holds anything: others' data, or leavings. It reads as zeros from the beginning, although nothing has
/// been zeroed: a map says how far each block has been initialised, and what lies behind that is never read.
///
/// ```
/// read:   what has been initialised from the storage, the rest is zeros, with no request to the storage
/// write:  to what has been initialised: straight through
///         else: zero the part of the block that is neither initialised nor written now → data → the map in memory
/// zeros:  only where it has been initialised
/// flush:  copy what has changed of the map → flush the storage → write the copies → flush the map
/// ```
///
/// **Power cuts.** The map shows a byte of the storage only when it is durable that zeros or data of this disk are there, and it
/// never hides one again. So it may be written in any order and torn, and there is nothing to repair: what an older map does not
/// show reads as zeros, and no flush has promised otherwise. Before the first change since it was opened, the map says
/// durably that the storage is being changed; closed in order, it has the storage's identity, so that a storage that
/// others have changed meanwhile, or another one, is noticed.
///
/// **Threads.** What touches initialised parts alone is passed on as it is, on the caller's thread. Whoever initialises a part of
/// a block has the block for himself meanwhile, on a virtual thread, and so does so exactly once.
///
/// **Space** that was reserved stays so: discards do nothing, and zeros are written without unmapping.
public final class LazyDevice implements BlockDevice, LazilyInitialized {
    private static final System.Logger LOG = System.getLogger(LazyDevice.class.getName());

    private static final int QUEUE_DEPTH = 64;
    private static final int EXTENTS_MAX = 1024;

    private final BlockDevice storage;
    private final Blocking storageDisk;
    private final LazyStore store;
    private final LazyMap map;
    private final MapFlush<LazyMap.Sector> flush;
    private final Runnable whenComplete;
    private final ClusterLocks locks = new ClusterLocks();
    private final LayeredRequests requests;
    private volatile Geometry geometry;
    private volatile boolean begun;
    private @Nullable LazyInitializer initializer;

    /// @param storage the layer below; closed with this, as the descriptor is
    /// @param descriptor of the disk, whose layer `layer` is this one
    /// @param whenComplete called when it is closed in order and all has been initialised, while the storage is still open
    /// @throws OperatorError when the map is damaged
    public LazyDevice(BlockDevice storage, DescriptorFile descriptor, LazyLayer layer, Runnable whenComplete) throws DiskException {
        this.storage = storage;
        store = new LazyStore(descriptor, layer);
        this.whenComplete = whenComplete;
        storageDisk = new Blocking(storage);
        map = store.readMap();
        flush = new MapFlush<>(storageDisk, map, store::publish);
        geometry = geometryOf(store.descriptor().sizeBytes());
        requests = new LayeredRequests("lazy", store.name(), QUEUE_DEPTH);
    }

    /// Bytes that are still to be initialised in a disk that nobody writes to; its storage need not be there.
    ///
    /// @throws OperatorError when the map is damaged
    public static long pendingBytes(DescriptorFile descriptor, LazyLayer layer) throws DiskException {
        return new LazyStore(descriptor, layer).readMap().pendingBytes();
    }

    private Geometry geometryOf(long sizeBytes) {
        Geometry below = storage.geometry();
        int logical = store.descriptor().logicalBlockBytes();
        return new Geometry(
                sizeBytes, logical, Math.max(logical, below.physicalBlockBytes()), below.readOnly(), below.durable(), false,
                below.writeZeroes(), QUEUE_DEPTH);
    }

    /// As it is now.
    public DiskDescriptor descriptor() {
        return store.descriptor();
    }

    /// Whether it maps storage that was there before.
    public boolean isMapping() {
        return store.descriptor().storage().mapped();
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// That of its storage, and which map it is seen through. With nothing left to be initialised it is that of the image alone,
    /// since that is what the disk is when it is opened again.
    @Override
    public Optional<String> identity() {
        boolean image = map.isComplete() && !isMapping();
        return storage.identity().map(below -> image ? below : "lazy " + store.descriptor().id() + " over [" + below + "]");
    }

    /// Puts right what can be without guessing in a disk that was just opened for writing.
    ///
    /// @return what was done, each a sentence without a subject
    public List<String> repair() throws DiskException {
        return store.file().repair(storage);
    }

    @Override
    public long pendingBytes() {
        return map.pendingBytes();
    }

    @Override
    public synchronized LazyInitializer initialize(long bytesPerSecond, Alarm alarm) {
        if (initializer != null || geometry.readOnly()) {
            throw new IllegalStateException(store.name() + " is being initialised, or may not be written");
        }
        initializer = LazyInitializer.start(new Rest(), bytesPerSecond, alarm);
        return initializer;
    }

    private final class Rest implements Blocks {
        @Override
        public int count() {
            return blockCount();
        }

        @Override
        public long initialize(int block) throws DiskException {
            return LazyDevice.this.initialize(block);
        }

        @Override
        public long pendingBytes() {
            return map.pendingBytes();
        }

        @Override
        public void flush() throws DiskException {
            flush.run();
        }
    }

    private synchronized void stopInitializing() {
        if (initializer != null) {
            initializer.close();
        }
    }

    /// The space of what is new is reserved; the storage has nothing of it yet.
    @Override
    public synchronized void grow(long bytes) {
        long before = geometry.sizeBytes();
        if (bytes < before || bytes % geometry.logicalBlockBytes() != 0) {
            throw new IllegalArgumentException("a disk of " + before + " bytes does not grow to " + bytes);
        }
        if (geometry.readOnly()) {
            throw new OperatorError(store.name(), "may not be written", "open it for writing");
        }
        try {
            begin();
            long had = storage.geometry().sizeBytes();
            if (had < bytes) {
                storage.grow(bytes);
                zero(had, bytes); // takes the space
            }
            store.file().grow(bytes);
        } catch (DiskException e) {
            boolean full = e.status() == IoStatus.NO_SPACE;
            throw new OperatorError(
                    store.name(),
                    full ? "there is no room for it to grow" : "cannot be made larger (" + e.status() + ")",
                    full ? "make room" : "look after the storage it is on");
        }
        map.grow(bytes);
        geometry = geometryOf(bytes);
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Write write -> {
                long end = write.offset() + write.from().byteSize();
                if (begun && map.covers(write.offset(), end)
                        && (!write.forceUnitAccess() || map.isDurable(write.offset(), end))) {
                    requests.pass(write, storage, write);
                } else {
                    requests.apart(write, () -> write(write));
                }
            }
            case Request.Flush _ -> {
                if (geometry.readOnly()) {
                    requests.finish(request, IoStatus.OK);
                } else {
                    requests.apart(request, flush::run);
                }
            }
            case Request.Discard _ -> requests.finish(request, IoStatus.OK);
            case Request.WriteZeroes zeroes -> {
                if (begun && map.covers(zeroes.offset(), zeroes.offset() + zeroes.length())) {
                    requests.pass(zeroes, storage, keepingSpace(zeroes, zeroes.offset(), zeroes.length(), zeroes.completion()));
                } else {
                    requests.apart(zeroes, () -> writeZeroes(zeroes));
                }
            }
            case Request.Extents extents -> requests.apart(extents, () -> extents(extents));
        }
    }

    private void begin() throws DiskException {
        if (!begun) {
            store.file().begin();
            begun = true;
        }
    }

    private void read(Request.Read read) {
        long end = read.offset() + read.into().byteSize();
        if (map.covers(read.offset(), end)) {
            requests.pass(read, storage, read);
            return;
        }
        var runs = runs(read.offset(), end);
        if (runs.size() == 1) {
            read.into().fill((byte) 0);
            requests.finish(read, IoStatus.OK);
        } else {
            readParts(read, runs);
        }
    }

    /// The runs of a range one after the other.
    private List<LazyMap.Run> runs(long from, long to) {
        var runs = new ArrayList<LazyMap.Run>();
        for (long at = from; at < to; at = runs.getLast().end()) {
            runs.add(map.run(at, to));
        }
        return runs;
    }

    /// A read of both kinds ends when all its parts have.
    private void readParts(Request.Read read, List<LazyMap.Run> runs) {
        var parts = new ArrayList<Consumer<Request.Completion>>();
        long at = read.offset();
        for (LazyMap.Run run : runs) {
            long from = at;
            MemorySegment into = read.into().asSlice(from - read.offset(), run.end() - from);
            parts.add(completion -> {
                if (run.initialized()) {
                    storage.submit(new Request.Read(from, into, completion));
                } else {
                    into.fill((byte) 0);
                    completion.done(read, IoStatus.OK);
                }
            });
            at = run.end();
        }
        requests.inParts(read, parts);
    }

    private void write(Request.Write write) throws DiskException {
        long end = write.offset() + write.from().byteSize();
        if (write.offset() < end) {
            begin();
            long blockBytes = store.layer().blockBytes();
            long last = (end - 1) / blockBytes;
            try (var _ = locks.acquire(write.offset() / blockBytes, last + 1)) {
                fill(write, end, last);
            }
        }
        if (write.forceUnitAccess()) {
            flush.run();
        }
    }

    /// Writes, zeroes around it what has to be, and lets the map in memory show both.
    ///
    /// @param last block of the write
    private void fill(Request.Write write, long end, long last) throws DiskException {
        zero(map.watermark(write.offset() / store.layer().blockBytes()), write.offset());
        storageDisk.write(write.offset(), write.from());
        long done = Math.max(end, map.watermark(last));
        if (store.layer().filling() == LazyLayer.Filling.WHOLE_BLOCK) {
            long blockEnd = map.endOf(last); // asked once: the disk may grow meanwhile
            zero(done, blockEnd);
            done = blockEnd;
        }
        map.raise(write.offset(), done);
    }

    private void zero(long from, long to) throws DiskException {
        if (from < to) {
            storageDisk.await(done -> new Request.WriteZeroes(from, to - from, false, false, false, done));
        }
    }

    private static Request.WriteZeroes keepingSpace(
            Request.WriteZeroes zeroes, long offset, long length, Request.Completion completion) {
        return new Request.WriteZeroes(offset, length, false, zeroes.fastOnly(), zeroes.forceUnitAccess(), completion);
    }

    /// What has not been initialised reads as zeros as it is.
    private void writeZeroes(Request.WriteZeroes zeroes) throws DiskException {
        long at = zeroes.offset();
        for (LazyMap.Run run : runs(at, at + zeroes.length())) {
            if (run.initialized()) {
                begin();
                long from = at;
                storageDisk.await(done -> keepingSpace(zeroes, from, run.end() - from, done));
            }
            at = run.end();
        }
    }

    /// Initialises what is left of one block.
    ///
    /// @return bytes that were zeroed
    long initialize(long block) throws DiskException {
        begin();
        try (var _ = locks.acquire(block, block + 1)) {
            long from = map.watermark(block);
            long to = map.endOf(block);
            zero(from, to);
            map.raise(from, to);
            return to - from;
        }
    }

    /// Waits until what has completed is durable.
    void flush() throws DiskException {
        flush.run();
    }

    int blockCount() {
        return store.layer().blockCount(store.descriptor().sizeBytes());
    }

    private void extents(Request.Extents request) throws DiskException {
        long end = request.offset() + request.length();
        long at = request.offset();
        for (int count = 0; at < end && count < EXTENTS_MAX; count++) {
            LazyMap.Run run = map.run(at, end);
            if (run.initialized()) {
                for (Extent below : storageDisk.extents(at, run.end() - at)) {
                    request.extents().accept(new Extent(below.offset(), below.length(), true, below.readsZero()));
                }
            } else {
                request.extents().accept(new Extent(at, run.end() - at, true, true));
            }
            at = run.end();
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    /// Flushes, notes that all is in order, and closes map and storage.
    @Override
    public void close() {
        stopInitializing();
        if (!requests.close()) {
            return;
        }
        try {
            if (begun) {
                flush.run();
                store.file().finish(StorageLayer.fingerprintOf(storage));
            }
            if (!geometry.readOnly() && map.isComplete() && store.descriptor().closed()) {
                whenComplete.run();
            }
        } catch (DiskException | OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, store.name() + ": not closed in order", e);
        } finally {
            store.close();
            storage.close();
        }
    }
}
