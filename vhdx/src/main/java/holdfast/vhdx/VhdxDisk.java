package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.LazilyInitialized;
import holdfast.block.LazyInitializer;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The disk in a VHDX file and the files below it.
///
/// **Reading.** Each range is looked for from the file down to the one without a parent, in one loop whatever their number;
/// what the maps in memory know is passed to the file that has it on the caller's thread. A read for which a piece of a map
/// has to be read first goes on on a virtual thread.
///
/// **Writing.** A write to a block that has its place goes straight there. What gives a block a place or takes it away, and
/// flushes, run on a virtual thread of their own and wait there: see [FileWriter], also for what a power cut leaves.
///
/// **What is not there** reads as zeros: blocks that were never written, trimmed ones, and what lies past the end of a
/// parent that is smaller.
public final class VhdxDisk implements BlockDevice, LazilyInitialized {
    private static final System.Logger LOG = System.getLogger(VhdxDisk.class.getName());

    private static final int QUEUE_DEPTH = 64;
    private static final int EXTENTS_MAX = 1024;

    /// Runs that one request for extents looks at: a few milliseconds' worth.
    private static final int RUNS_MAX = 1 << 16;

    private final List<VhdxFile> files;
    private volatile Geometry geometry;
    private final LayeredRequests requests;
    private final Grace grace = new Grace();
    private final @Nullable FileWriter writer;
    private final Object growing = new Object();
    private boolean closed;
    private @Nullable LazyInitializer initializer;

    /// Of one whose parent may be written to.
    private volatile @Nullable OpenParent parent;

    private VhdxDisk(List<VhdxFile> files, boolean writable, Supplier<UUID> guids) throws DiskException {
        this.files = List.copyOf(files);
        VhdxFile first = files.getFirst();
        geometry = geometry(first, writable);
        files.stream().skip(1).forEach(VhdxFile::takeUsedMebibytes);
        writer = writable ? new FileWriter(first, grace, guids) : null;
        requests = new LayeredRequests("vhdx", files.getFirst().name(), QUEUE_DEPTH);
    }

    private static Geometry geometry(VhdxFile first, boolean writable) {
        Metadata top = first.metadata();
        int physical = Math.max(top.physicalSectorBytes(), top.logicalSectorBytes());
        Geometry below = first.store().geometry();
        return new Geometry(
                top.sizeBytes(), top.logicalSectorBytes(), physical, !writable, below.durable(), writable && !top.fixed(),
                writable && below.writeZeroes(), QUEUE_DEPTH);
    }

    /// Opens a file and its parents for reading: others may read them meanwhile, and nobody may write to them.
    ///
    /// @param parentPath where the file's parent is; null for where the file says it is
    /// @throws OperatorError naming the file that cannot be used; nothing has changed, and nothing stays open
    public static VhdxDisk open(Path path, @Nullable Path parentPath) {
        return open(path, Access.READ_ONLY, parentPath);
    }

    /// Opens a file for reading, or for writing too, and its parents for reading.
    ///
    /// @param parentPath where the file's parent is; null for where the file says it is
    /// @throws OperatorError naming the file that cannot be used; nothing stays open then
    public static VhdxDisk open(Path path, Access access, @Nullable Path parentPath) {
        return of(Chain.open(path, access, parentPath), access == Access.READ_WRITE, UUID::randomUUID);
    }

    /// Opens a differencing disk for writing, such that its parent may be written to meanwhile: [#parent].
    ///
    /// @throws OperatorError naming the file that cannot be used, or has no parent; nothing stays open then
    public static VhdxDisk openWithParent(Path path) {
        List<VhdxFile> files = Chain.open(path, Access.READ_WRITE, null, true);
        if (files.size() == 1) {
            files.forEach(VhdxFile::close);
            throw new OperatorError(path.toString(), "has no parent", "restore it from a copy");
        }
        return withParent(files, UUID::randomUUID);
    }

    static VhdxDisk withParent(List<VhdxFile> files, Supplier<UUID> guids) {
        BitSet used = files.get(1).takeUsedMebibytes();
        VhdxDisk disk = of(files, true, guids);
        files.get(1).putUsedMebibytes(used);
        disk.parent = new OpenParent(files.getFirst(), Objects.requireNonNull(disk.writer), files.subList(1, files.size()), disk.grace, guids);
        return disk;
    }

    /// Its parent, if it was opened with that.
    public Optional<OpenParent> parent() {
        return Optional.ofNullable(parent);
    }

    /// A disk without a parent in something else than a file, for reading.
    ///
    /// @param store closed with the disk, and by the caller when this fails
    /// @param name for messages
    /// @throws OperatorError when it is no VHDX file, is damaged, needs what is not known here, or has a parent
    public static VhdxDisk open(BlockDevice store, String name) {
        VhdxFile file = VhdxFile.of(store, name);
        if (file.metadata().parent() != null) {
            throw new OperatorError(name, "lies over a parent, which is looked for beside files alone", "merge the two, or copy what they are together: holdfast disk convert");
        }
        return of(List.of(file));
    }

    /// @param files from the top down; closed with the disk
    static VhdxDisk of(List<VhdxFile> files) {
        return of(files, false, UUID::randomUUID);
    }

    /// @param writable whether the first file may be written to
    /// @param guids one after the other, none of them twice
    static VhdxDisk of(List<VhdxFile> files, boolean writable, Supplier<UUID> guids) {
        try {
            return new VhdxDisk(files, writable, guids);
        } catch (DiskException e) {
            files.forEach(VhdxFile::close);
            throw new OperatorError(
                    files.getFirst().name(), "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// Whether a device holds a VHDX file, by how it begins.
    public static boolean isVhdx(BlockDevice device) throws DiskException {
        return VhdxFile.identifier(device).isPresent();
    }

    /// The files that a disk is in: itself, and what it lies over, as far as that is there.
    ///
    /// @throws OperatorError when one cannot be opened, or is no VHDX file
    public static List<Path> filesOf(Path path) {
        var files = new ArrayList<Path>();
        for (@Nullable Path next = path; next != null && files.size() < Chain.FILES_MAX; ) {
            files.add(next);
            try (VhdxFile file = VhdxFile.open(next)) {
                ParentLocator parent = file.metadata().parent();
                next = parent == null ? null : Chain.find(next, parent);
            }
        }
        return files;
    }

    /// What one file says of itself, whether its parents are there or not.
    ///
    /// @throws OperatorError when it cannot be opened, is no VHDX file, is damaged or needs what is not known here
    public static VhdxInfo info(Path path) {
        try (VhdxFile file = VhdxFile.open(path)) {
            return file.info();
        }
    }

    /// The files of the disk, from the top down.
    public List<VhdxInfo> layers() {
        return files.stream().map(file -> file.info(header(file))).toList();
    }

    /// As it is in the file now.
    private Header header(VhdxFile file) {
        OpenParent below = parent;
        if (below != null && file == files.get(1)) {
            return below.header();
        }
        return file == files.getFirst() && writer != null ? writer.header() : file.header();
    }

    /// Chooses the identifier that the next change of the content brings. The disk is open for writing.
    void nextContent(UUID chosen) {
        Objects.requireNonNull(writer).nextContent(chosen);
    }

    /// Gives back the space of zeros and of what is not used. The disk is open for writing, and has no requests under way.
    void compact() throws Refusal, DiskException {
        new Compaction(files.getFirst(), Objects.requireNonNull(writer)).run();
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// Its content gets another identifier, if it has not since the disk was opened; disks that lie over it do not fit it any more.
    @Override
    public void grow(long bytes) {
        VhdxFile first = files.getFirst();
        if (bytes < geometry.sizeBytes()) {
            throw new IllegalArgumentException("a disk of " + geometry.sizeBytes() + " bytes does not grow to " + bytes);
        }
        if (writer == null) {
            throw new OperatorError(first.name(), "may not be written", "open it for writing");
        }
        Growth.check(first, bytes);
        synchronized (growing) {
            if (closed || bytes <= geometry.sizeBytes()) {
                return;
            }
            try {
                writer.grow(bytes);
            } catch (Refusal refusal) {
                throw refusal.about(first.name());
            } catch (DiskException e) {
                throw Growth.failed(first, e);
            }
            geometry = geometry(first, true);
        }
    }

    /// The data write GUIDs, each of which changes before the content does.
    @Override
    public Optional<String> identity() {
        if (writer != null) {
            writer.forgetBegun();
        }
        return Optional.of(files.stream()
                .map(file -> header(file).dataWrite().toString())
                .collect(Collectors.joining(" over ", "vhdx ", "")));
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Extents extents -> apart(extents, turn -> {
                turn.take();
                extents(extents);
            });
            case Request.Flush _, Request.Write _, Request.Discard _, Request.WriteZeroes _ -> {
                if (writer == null) {
                    requests.finish(request, IoStatus.OK);
                } else {
                    change(request, writer);
                }
            }
        }
    }

    private void change(Request request, FileWriter to) {
        switch (request) {
            case Request.Write write -> {
                if (!writesStraight(write, to)) {
                    apart(write, turn -> {
                        to.write(write.offset(), write.from(), turn);
                        flushIf(write.forceUnitAccess(), to);
                    });
                }
            }
            case Request.Discard discard -> apart(discard, turn -> to.discard(discard.offset(), discard.length(), turn));
            case Request.WriteZeroes zeroes -> apart(zeroes, turn -> {
                to.writeZeroes(zeroes, turn);
                flushIf(zeroes.forceUnitAccess(), to);
            });
            case Request.Flush flush -> apart(flush, to::flush);
            case Request.Read _, Request.Extents _ -> throw new IllegalArgumentException("changes nothing: " + request);
        }
    }

    private static void flushIf(boolean forced, FileWriter to) throws DiskException {
        if (forced) {
            to.flush();
        }
    }

    /// Passes a write to the place that its block has, if that is all there is to do.
    private boolean writesStraight(Request.Write write, FileWriter to) {
        int entered = grace.enter();
        long at = files.getFirst().place(write.offset(), write.from().byteSize());
        if (at < 0 || !to.isBegun() || write.forceUnitAccess() && !to.isMetadataDurable()) {
            grace.leave(entered);
            return false;
        }
        var there = new Request.Write(at, write.from(), write.forceUnitAccess(), write.completion());
        requests.pass(write, files.getFirst().store(), there, () -> grace.leave(entered));
        return true;
    }

    /// Does a request to its end on a thread that may wait.
    private void apart(Request request, LayeredRequests.Waiting work) {
        requests.apart(request, turn -> attempt(() -> work.run(turn)));
    }

    private interface Work {
        void run() throws DiskException;
    }

    private void attempt(Work work) throws DiskException {
        try {
            work.run();
        } catch (DiskException e) {
            if (e.status() != IoStatus.CANCELLED) {
                LOG.log(System.Logger.Level.WARNING, files.getFirst().name() + ": " + e.getMessage());
            }
            throw e;
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, files.getFirst().name() + ": a request failed through a fault of ours", e);
            throw new DiskException("a request", IoStatus.IO_ERROR);
        }
    }

    /// A piece of the disk that one file has, or nobody.
    ///
    /// @param file its number, or [#NOBODY] for zeros
    /// @param at first byte in the file
    private record Piece(int file, long at, long from, long to) {
        static final int NOBODY = -1;

        long length() {
            return to - from;
        }

        boolean isFollowedBy(Piece next) {
            return file == next.file && (file == NOBODY || at + length() == next.at);
        }

        Piece and(Piece next) {
            return new Piece(file, at, from, next.to);
        }
    }

    /// The first piece of a range that is not empty.
    ///
    /// @return null when a part of a map has to be read first, and may not
    private @Nullable Piece piece(long from, long to, boolean mayWait) throws DiskException {
        long end = to;
        for (int i = 0; i < files.size(); i++) {
            VhdxFile file = files.get(i);
            long size = file.metadata().sizeBytes();
            if (from >= size) {
                break;
            }
            VhdxFile.Run run = file.run(from, Math.min(end, size), mayWait);
            if (run == null) {
                return null;
            }
            end = run.end();
            switch (run.where()) {
                case HERE -> {
                    return new Piece(i, run.at(), from, end);
                }
                case ZEROS -> {
                    return new Piece(Piece.NOBODY, 0, from, end);
                }
                case BELOW -> {}
            }
        }
        return new Piece(Piece.NOBODY, 0, from, end);
    }

    /// The pieces of a range, neighbours joined.
    ///
    /// @return null when a part of a map has to be read first, and may not
    private @Nullable List<Piece> pieces(long from, long to, boolean mayWait) throws DiskException {
        var pieces = new ArrayList<Piece>();
        for (long at = from; at < to; ) {
            Piece next = piece(at, to, mayWait);
            if (next == null) {
                return null;
            }
            at = next.to;
            if (!pieces.isEmpty() && pieces.getLast().isFollowedBy(next)) {
                pieces.set(pieces.size() - 1, pieces.getLast().and(next));
            } else {
                pieces.add(next);
            }
        }
        return pieces;
    }

    private void read(Request.Read read) {
        long end = read.offset() + read.into().byteSize();
        if (end == read.offset()) {
            requests.finish(read, IoStatus.OK);
            return;
        }
        int entered = grace.enter();
        try {
            Piece first = piece(read.offset(), end, false);
            List<Piece> pieces = first == null ? null : first.to == end ? List.of(first) : pieces(read.offset(), end, false);
            if (pieces != null) {
                read(read, pieces, entered);
                return;
            }
        } catch (DiskException e) {
            throw new IllegalStateException("was not to read", e);
        }
        Thread.ofVirtual().name("vhdx").start(() -> readWhenKnown(read, end, entered));
    }

    private void readWhenKnown(Request.Read read, long end, int entered) {
        var pieces = new ArrayList<Piece>();
        try {
            attempt(() -> {
                List<Piece> found = pieces(read.offset(), end, true);
                pieces.addAll(found == null ? List.of() : found);
            });
        } catch (DiskException e) {
            grace.leave(entered);
            requests.finish(read, e.status());
            return;
        }
        read(read, pieces, entered);
    }

    private void read(Request.Read read, List<Piece> pieces, int entered) {
        Piece first = pieces.getFirst();
        if (pieces.size() > 1) {
            List<Consumer<Request.Completion>> parts = new ArrayList<>();
            pieces.forEach(piece -> parts.add(completion -> read(read, piece, completion)));
            requests.inParts(read, parts, () -> grace.leave(entered));
        } else if (first.file == Piece.NOBODY) {
            read.into().fill((byte) 0);
            grace.leave(entered);
            requests.finish(read, IoStatus.OK);
        } else {
            var there = new Request.Read(first.at, read.into(), read.completion());
            requests.pass(read, files.get(first.file).store(), there, () -> grace.leave(entered));
        }
    }

    private void read(Request.Read read, Piece piece, Request.Completion completion) {
        MemorySegment into = read.into().asSlice(piece.from - read.offset(), piece.length());
        if (piece.file == Piece.NOBODY) {
            into.fill((byte) 0);
            completion.done(read, IoStatus.OK);
        } else {
            files.get(piece.file).store().submit(new Request.Read(piece.at, into, completion));
        }
    }

    private void extents(Request.Extents request) throws DiskException {
        long end = request.offset() + request.length();
        int given = 0;
        @Nullable Piece pending = null;
        long at = request.offset();
        for (int i = 0; at < end && i < RUNS_MAX && given < EXTENTS_MAX; i++) {
            Piece next = piece(at, end, true);
            if (next == null) {
                throw new IllegalStateException("was to read");
            }
            at = next.to;
            if (pending != null && !pending.isFollowedBy(next)) {
                given += give(pending, request);
                pending = next;
            } else {
                pending = pending == null ? next : pending.and(next);
            }
        }
        if (pending != null) {
            var _ = give(pending, request);
        }
    }

    /// @return how many
    private int give(Piece piece, Request.Extents request) throws DiskException {
        if (piece.file == Piece.NOBODY) {
            request.extents().accept(new Extent(piece.from, piece.length(), false, true));
            return 1;
        }
        long shift = piece.from - piece.at;
        List<Extent> below = new Blocking(files.get(piece.file).store()).extents(piece.at, piece.length());
        for (Extent extent : below) {
            request.extents().accept(new Extent(extent.offset() + shift, extent.length(), true, extent.readsZero()));
        }
        return below.size();
    }

    @Override
    public long pendingBytes() {
        VhdxFile first = files.getFirst();
        return writer == null ? first.pendingBlocks() * first.metadata().blockBytes() : writer.pendingBytes();
    }

    @Override
    public synchronized LazyInitializer initialize(long bytesPerSecond, Alarm alarm) {
        if (initializer != null) {
            throw new IllegalStateException(files.getFirst().name() + " is being initialised");
        }
        initializer = LazyInitializer.start(new Rest(Objects.requireNonNull(writer)), bytesPerSecond, alarm);
        return initializer;
    }

    private final class Rest implements Blocks {
        private final FileWriter to;

        Rest(FileWriter to) {
            this.to = to;
        }

        @Override
        public int count() {
            return Math.toIntExact(files.getFirst().layout().blocks());
        }

        @Override
        public long initialize(int block) throws DiskException {
            return to.initialize(block);
        }

        @Override
        public long pendingBytes() {
            return VhdxDisk.this.pendingBytes();
        }

        @Override
        public void flush() throws DiskException {
            to.flush();
        }
    }

    private synchronized void stopInitializing() {
        if (initializer != null) {
            initializer.close();
        }
    }

    /// What waits for its turn, or at the file that has it, is stopped; what has begun, or is of several pieces, may take effect.
    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    @Override
    public void close() {
        stopInitializing();
        synchronized (growing) {
            closed = true;
        }
        if (requests.close()) {
            try {
                if (writer != null) {
                    writer.close();
                }
            } catch (DiskException e) {
                LOG.log(System.Logger.Level.WARNING, files.getFirst().name() + ": not flushed when closed", e);
            }
            if (parent != null) {
                parent.close();
            }
            files.forEach(VhdxFile::close);
        }
    }
}
