package holdfast.block;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A disk that begins as a copy of another, which never changes: what is written goes to a store of its own, cluster by
/// cluster. Many overlays can have one base.
///
/// **In the store** (docs/block.md has the table): a header, a bitmap with one bit a cluster, and a place for every cluster,
/// at the same distance from each other as on the disk. A cluster whose bit is 0 is read from the base, one whose bit is 1
/// from its place; a hole there reads as zeros, so that zeroed and discarded clusters take no room. The store is expected to
/// be sparse.
///
/// **Power cuts.** A bit is set when the content of its cluster is durable, and never cleared. So the store is sound
/// after any cut, at any moment and however the write of the bitmap is torn: a bit that was not yet set shows the
/// cluster as it was in the base, which no flush has promised away. A flush is therefore: copy the changed pages of
/// the bitmap, flush the store, write the copies, flush the store. Without new clusters it is one flush.
///
/// An overlay that nobody will open again has nothing to gain from that: its flushes do nothing, and it says that it is not
/// [Geometry#durable].
///
/// **Threads.** What touches clusters of one kind only is passed on as it is, on the caller's thread. What fills
/// clusters, or flushes, runs on a virtual thread of its own and waits there for base and store.
public final class Overlay implements BlockDevice {
    private static final System.Logger LOG = System.getLogger(Overlay.class.getName());

    private static final int QUEUE_DEPTH = 64;
    private static final int PHYSICAL_BLOCK_BYTES = 4096;
    private static final int EXTENTS_MAX = 1024;
    private static final MemorySegment ZEROS = Arena.global().allocate(1 << 16);

    private final BlockDevice base;
    private final BlockDevice store;
    private final Blocking baseDisk;
    private final Blocking storeDisk;
    private final OverlayHeader header;
    private final int clusterBytes;
    private final Geometry geometry;
    private final ClusterMap map;
    private final boolean kept;
    private final ClusterLocks locks = new ClusterLocks();
    private final MapFlush<ClusterMap.Page> flush;
    private final LayeredRequests requests;

    /// @param base never changes from now on
    /// @param kept whether the store will be opened again
    Overlay(BlockDevice base, OverlayStore overlayStore, boolean kept) throws DiskException {
        this.base = base;
        store = overlayStore.device();
        header = overlayStore.header();
        map = overlayStore.readMap();
        this.kept = kept;
        baseDisk = new Blocking(base);
        storeDisk = new Blocking(store);
        clusterBytes = header.clusterBytes();
        flush = new MapFlush<>(storeDisk, map, overlayStore::publish);
        Geometry below = store.geometry();
        geometry = new Geometry(
                header.sizeBytes(),
                header.logicalBlockBytes(),
                PHYSICAL_BLOCK_BYTES,
                below.readOnly(),
                below.durable() && kept,
                below.discard(),
                below.writeZeroes(),
                QUEUE_DEPTH);
        requests = new LayeredRequests("overlay", "overlay " + header.id(), QUEUE_DEPTH);
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// That of its base and that of its store.
    @Override
    public Optional<String> identity() {
        return base.identity().flatMap(below -> store.identity().map(own -> "overlay [" + own + "] over [" + below + "]"));
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Write write -> {
                if (goesStraightThrough(write.offset(), write.from().byteSize(), write.forceUnitAccess())
                        && !holdsZeroCluster(write)) {
                    long at = header.dataOffset() + write.offset();
                    requests.pass(write, store, new Request.Write(at, write.from(), write.forceUnitAccess() && kept, write.completion()));
                } else {
                    requests.apart(write, () -> write(write));
                }
            }
            case Request.Flush _ -> requests.apart(request, this::flush);
            case Request.Discard discard -> requests.apart(discard, () -> discard(discard));
            case Request.WriteZeroes zeroes -> requests.apart(zeroes, () -> writeZeroes(zeroes));
            case Request.Extents extents -> requests.apart(extents, () -> extents(extents));
        }
    }

    /// Whether no cluster of a write is new, and it is durable as soon as its data is if it has to be.
    private boolean goesStraightThrough(long offset, long length, boolean forceUnitAccess) {
        long first = offset / clusterBytes;
        long end = clusterAfter(offset + length);
        return map.allOwn(first, end) && (!forceUnitAccess || !kept || map.isDurable(first, end));
    }

    private long clusterAfter(long byteEnd) {
        return (byteEnd + clusterBytes - 1) / clusterBytes;
    }

    /// Whether a write is nothing but zeros, at least a cluster of them: worth a hole.
    private boolean holdsZeroCluster(Request.Write write) {
        MemorySegment from = write.from();
        if (from.byteSize() < clusterBytes) {
            return false;
        }
        for (long done = 0; done < from.byteSize(); ) {
            long step = Math.min(ZEROS.byteSize(), from.byteSize() - done);
            if (MemorySegment.mismatch(from, done, done + step, ZEROS, 0, step) >= 0) {
                return false;
            }
            done += step;
        }
        return true;
    }

    /// A range of the disk that one device has, our store or the base.
    private record Part(boolean own, long from, long to) {
        long length() {
            return to - from;
        }
    }

    /// The first part of a range that is not empty.
    private Part part(long from, long to) {
        ClusterMap.Run run = map.run(from / clusterBytes, clusterAfter(to));
        return new Part(run.own(), from, Math.min(to, run.end() * clusterBytes));
    }

    private void read(Request.Read read) {
        long end = read.offset() + read.into().byteSize();
        if (read.offset() == end) {
            requests.finish(read, IoStatus.OK);
            return;
        }
        Part first = part(read.offset(), end);
        if (first.to() < end) {
            readParts(read, first, end);
        } else if (first.own()) {
            long at = header.dataOffset() + read.offset();
            requests.pass(read, store, new Request.Read(at, read.into(), read.completion()));
        } else {
            requests.pass(read, base, read);
        }
    }

    /// A read of both kinds of clusters ends when all its parts have.
    private void readParts(Request.Read read, Part first, long end) {
        var parts = new ArrayList<Part>(List.of(first));
        while (parts.getLast().to() < end) {
            parts.add(part(parts.getLast().to(), end));
        }
        requests.inParts(read, parts.stream().<Consumer<Request.Completion>>map(part -> completion -> read(read, part, completion)).toList());
    }

    private void read(Request.Read read, Part part, Request.Completion completion) {
        MemorySegment into = read.into().asSlice(part.from() - read.offset(), part.length());
        if (part.own()) {
            store.submit(new Request.Read(header.dataOffset() + part.from(), into, completion));
        } else {
            base.submit(new Request.Read(part.from(), into, completion));
        }
    }

    private void write(Request.Write write) throws DiskException {
        long offset = write.offset();
        long length = write.from().byteSize();
        if (holdsZeroCluster(write)) {
            zero(offset, length, true, false);
        } else {
            fill(offset, length, () -> storeDisk.write(header.dataOffset() + offset, write.from()));
        }
        if (write.forceUnitAccess()) {
            flush();
        }
    }

    /// Lets `content` write a range of the store, completes clusters that are new with what the base has around it, and
    /// makes them our own.
    private void fill(long offset, long length, LayeredRequests.Work content) throws DiskException {
        if (length == 0) {
            return;
        }
        long first = offset / clusterBytes;
        long end = clusterAfter(offset + length);
        try (var _ = locks.acquire(first, end)) {
            content.run();
            if (!map.isOwn(first)) {
                copyUp(first * clusterBytes, offset);
            }
            if (!map.isOwn(end - 1)) {
                copyUp(offset + length, Math.min(end * clusterBytes, geometry.sizeBytes()));
            }
            map.own(first, end);
        }
    }

    private void copyUp(long from, long to) throws DiskException {
        if (from < to) {
            MemorySegment buffer = Arena.ofAuto().allocate(to - from);
            baseDisk.read(from, buffer);
            storeDisk.write(header.dataOffset() + from, buffer);
        }
    }

    private void writeZeroes(Request.WriteZeroes zeroes) throws DiskException {
        zero(zeroes.offset(), zeroes.length(), zeroes.mayUnmap(), zeroes.fastOnly());
        if (zeroes.forceUnitAccess()) {
            flush();
        }
    }

    /// Whole clusters first: if the store cannot do those fast, nothing has happened.
    private void zero(long offset, long length, boolean mayUnmap, boolean fastOnly) throws DiskException {
        long wholeFrom = wholeFrom(offset);
        long wholeTo = wholeTo(offset + length);
        if (wholeFrom < wholeTo) {
            zeroPart(wholeFrom, wholeTo, mayUnmap, fastOnly);
            zeroPart(offset, wholeFrom, mayUnmap, false);
            zeroPart(wholeTo, offset + length, mayUnmap, false);
        } else {
            zeroPart(offset, offset + length, mayUnmap, false);
        }
    }

    private long wholeFrom(long offset) {
        return clusterAfter(offset) * clusterBytes;
    }

    /// The last cluster of a disk may be shorter, and is whole all the same.
    private long wholeTo(long end) {
        return end == geometry.sizeBytes() ? end : end / clusterBytes * clusterBytes;
    }

    private void zeroPart(long from, long to, boolean mayUnmap, boolean fastOnly) throws DiskException {
        fill(from, to - from, () -> storeDisk.await(done -> new Request.WriteZeroes(
                header.dataOffset() + from, to - from, mayUnmap, fastOnly, false, done)));
    }

    /// Whole clusters become zeros, whoever's they were, so that writing to them later copies nothing. The rest stays.
    private void discard(Request.Discard discard) throws DiskException {
        long wholeFrom = wholeFrom(discard.offset());
        long wholeTo = wholeTo(discard.offset() + discard.length());
        if (wholeFrom < wholeTo) {
            try {
                zeroPart(wholeFrom, wholeTo, true, true);
            } catch (DiskException e) {
                if (e.status() != IoStatus.UNSUPPORTED) {
                    throw e;
                }
            }
        }
    }

    private void flush() throws DiskException {
        if (kept) {
            flush.run();
        }
    }

    private void extents(Request.Extents request) throws DiskException {
        long end = request.offset() + request.length();
        long at = request.offset();
        for (int count = 0; at < end && count < EXTENTS_MAX; count++) {
            Part part = part(at, end);
            long shift = part.own() ? header.dataOffset() : 0;
            Blocking device = part.own() ? storeDisk : baseDisk;
            for (Extent below : device.extents(part.from() + shift, part.length())) {
                long from = below.offset() - shift;
                request.extents().accept(new Extent(from, below.length(), part.own(), below.readsZero()));
            }
            at = part.to();
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

    /// Flushes, so that a new cluster is not forgotten for want of its bit, and closes the store and the base too.
    @Override
    public void close() {
        if (requests.close()) {
            try {
                flush();
            } catch (DiskException e) {
                LOG.log(System.Logger.Level.WARNING, "overlay " + header.id() + ": not flushed when closed", e);
            }
            store.close();
            base.close();
        }
    }
}
