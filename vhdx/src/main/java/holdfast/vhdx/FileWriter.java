package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ClusterLocks;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests.Turn;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Changes one VHDX file: gives blocks a place when they are written, takes it away when they are trimmed or zeroed, and
/// makes both durable through the log.
///
/// ```
/// write:    place ← free space (zeroed, unless the file grew for it) → data to its place → table in memory
/// discard:  table in memory; the place is freed by the next flush, which begins at once
/// flush:    copy the changed sectors of table and bitmaps → flush → log entry → flush → sectors to their places → free places
/// ```
///
/// The sectors are copied first: what they say is of writes that had completed, and the first flush makes those durable. So
/// the table never leads to what is not there. However many blocks were given places since the last flush, they are one
/// entry of the log; without new ones, a flush is one flush. A place is free again when its block's new state is durable in the
/// log and no request is under way that was sent there before.
///
/// Before the first change of the disk since it was opened, the file gets a new data write GUID, durably: who has the old one
/// noted knows from then on that this is not the same disk.
final class FileWriter implements AutoCloseable {
    private final VhdxFile file;
    private final BlockDevice device;
    private final Blocking store;
    private final Metadata metadata;
    private final BlockTable table;
    private final HeaderPair headers;
    private final Supplier<UUID> guids;
    private final Places places;
    private final Grace grace;
    private final ClusterLocks locks = new ClusterLocks();

    private final DirtySectors dirty;
    private final Reclaiming reclaiming;
    private final Object growing = new Object();
    private final Object flushing = new Object();
    private final Object bitmapPlaces = new Object();
    private @Nullable LogWriter log;
    private volatile boolean begun;
    private volatile @Nullable UUID nextContent;
    private long pendingBlocks;
    private boolean lost;

    /// @param grace of the requests that go to places in the file
    FileWriter(VhdxFile file, Grace grace, Supplier<UUID> guids) throws DiskException {
        this.file = file;
        this.grace = grace;
        this.guids = guids;
        device = file.store();
        store = new Blocking(device);
        metadata = file.metadata();
        table = file.table();
        dirty = new DirtySectors(table, file.bitmaps());
        pendingBlocks = file.pendingBlocks();
        headers = new HeaderPair(store, file.header());
        places = new Places(file);
        reclaiming = new Reclaiming(file.name(), places, this::flush);
    }

    Header header() {
        return headers.current();
    }

    /// Whether a write of a range that lies in one block may go straight to its place.
    boolean isBegun() {
        return begun;
    }

    /// Whether a forced write to a block that has its place needs no flush.
    boolean isMetadataDurable() {
        return dirty.areNone();
    }

    /// Chooses the identifier that the next change of the content brings.
    void nextContent(UUID chosen) {
        nextContent = chosen;
    }

    /// The next change is of another content.
    void forgetBegun() {
        begun = false;
    }

    private void begin() throws DiskException {
        if (begun) {
            return;
        }
        synchronized (flushing) {
            if (!begun) {
                LogWriter begunLog = log == null ? beginLog() : log;
                UUID chosen = nextContent;
                nextContent = null;
                headers.change(headers.current().fileWrite(), chosen == null ? guids.get() : chosen, begunLog.id());
                begun = true;
            }
        }
    }

    private LogWriter beginLog() throws DiskException {
        headers.change(guids.get(), headers.current().dataWrite(), Guid.NONE);
        var next = new LogWriter(store, headers.current(), guids.get());
        next.begin();
        log = next;
        return next;
    }

    /// Before a change of the file by which the content stays what it is.
    private void beginKeepingContent() throws DiskException {
        synchronized (flushing) {
            if (log == null) {
                headers.change(headers.current().fileWrite(), headers.current().dataWrite(), beginLog().id());
            }
        }
    }

    /// Whether a block has a place in which nothing of this disk is yet.
    private boolean isPending(long entry) {
        return hasFixedPlace(entry) && !BatEntry.isPresent(entry);
    }

    /// Bytes of the places in which nothing of this disk is yet.
    long pendingBytes() {
        synchronized (dirty) {
            return pendingBlocks * metadata.blockBytes();
        }
    }

    /// Zeroes the place of a block in which nothing is yet, and says that it is there. The content and its identifier stay.
    ///
    /// @return bytes that were zeroed
    long initialize(long block) throws DiskException {
        long number = file.layout().blockEntry(block);
        if (!isPending(table.get(number))) {
            return 0;
        }
        beginKeepingContent();
        try (var _ = locks.acquire(block, block + 1)) {
            long entry = table.get(number);
            if (!isPending(entry)) {
                return 0;
            }
            set(number, BatEntry.of(BatEntry.FULLY_PRESENT, takePlace(entry, false)));
        }
        relieve();
        return metadata.blockBytes();
    }

    /// What is written into a part of a block: data, or zeros.
    private interface Content {
        void to(long at, long from, long length) throws DiskException;
    }

    /// @param turn taken when nobody else has the first block
    void write(long offset, MemorySegment from, Turn turn) throws DiskException {
        each(offset, from.byteSize(), turn, (at, start, length) -> store.write(at, from.asSlice(start - offset, length)));
    }

    private void each(long offset, long length, Turn turn, Content content) throws DiskException {
        begin();
        long end = offset + length;
        for (long at = offset; at < end; ) {
            long block = at / metadata.blockBytes();
            long to = Math.min(end, (block + 1) * metadata.blockBytes());
            try (var _ = locks.acquire(block, block + 1)) {
                turn.take();
                fill(block, at, to, content);
            }
            at = to;
        }
        relieve();
    }

    /// A part of one block that nobody else changes meanwhile.
    private void fill(long block, long from, long to, Content content) throws DiskException {
        long number = file.layout().blockEntry(block);
        long entry = table.get(number);
        long start = block * metadata.blockBytes();
        if (BatEntry.isPresent(entry)) {
            content.to(BatEntry.offset(entry) + from - start, from, to - from);
            if (BatEntry.state(entry) == BatEntry.PARTIALLY_PRESENT) {
                own(from, to);
            }
            return;
        }
        boolean whole = to - from == file.layout().bytesIn(block);
        boolean partly = metadata.differencing() && BatEntry.state(entry) == BatEntry.NOT_PRESENT && !whole;
        long place = takePlace(entry, to - from == metadata.blockBytes());
        try {
            content.to(place + from - start, from, to - from);
            if (partly) {
                prepareBitmap(block);
                own(from, to);
            }
        } catch (DiskException e) {
            givePlaceBack(entry, place);
            throw e;
        }
        set(number, BatEntry.of(partly ? BatEntry.PARTIALLY_PRESENT : BatEntry.FULLY_PRESENT, place));
    }

    private boolean hasFixedPlace(long entry) {
        return metadata.fixed() && BatEntry.offset(entry) != 0;
    }

    /// A place for a block.
    ///
    /// @param overwritten whether all of it is written before it is shown; else it is all zeros
    private long takePlace(long entry, boolean overwritten) throws DiskException {
        if (!hasFixedPlace(entry)) {
            return places.take(metadata.blockBytes(), overwritten);
        }
        places.empty(BatEntry.offset(entry), metadata.blockBytes(), overwritten);
        return BatEntry.offset(entry);
    }

    private void givePlaceBack(long entry, long place) {
        if (!hasFixedPlace(entry)) {
            places.give(place, metadata.blockBytes());
        }
    }

    private void own(long from, long to) throws DiskException {
        int sectorBytes = metadata.logicalSectorBytes();
        dirty.own(from / sectorBytes, to / sectorBytes, true);
    }

    /// Makes sure that the block's chunk has a bitmap, in which none of its sectors is the file's own.
    private void prepareBitmap(long block) throws DiskException {
        long chunk = block / file.layout().chunkBlocks();
        long number = file.layout().bitmapEntry(chunk);
        synchronized (bitmapPlaces) {
            if (!BatEntry.isPresent(table.get(number))) {
                set(number, BatEntry.of(BatEntry.FULLY_PRESENT, places.take(Mebibytes.ONE, false)));
            }
        }
        int sectorBytes = metadata.logicalSectorBytes();
        long first = block * (metadata.blockBytes() / sectorBytes);
        dirty.own(first, first + metadata.blockBytes() / sectorBytes, false);
    }

    private void set(long number, long entry) throws DiskException {
        synchronized (dirty) {
            if (isPending(table.get(number)) && BatEntry.isPresent(entry)) {
                pendingBlocks--;
            }
            dirty.set(number, entry);
        }
    }

    private void relieve() throws DiskException {
        if (dirty.areMany()) {
            flush();
        }
    }

    /// Whole blocks become zero without taking room; of others, the part is zeroed where it is.
    void writeZeroes(Request.WriteZeroes request, Turn turn) throws DiskException {
        boolean mayUnmap = request.mayUnmap() && !metadata.fixed();
        Content zeros = (at, _, bytes) -> store.await(done ->
                new Request.WriteZeroes(at, bytes, mayUnmap, request.fastOnly(), false, done));
        drop(request.offset(), request.length(), turn, BatEntry.ZERO, request.mayUnmap() ? null : zeros, zeros);
    }

    /// Whole blocks give their place back; of others, the part is trimmed where it is.
    void discard(long offset, long length, Turn turn) throws DiskException {
        if (!metadata.fixed()) {
            drop(offset, length, turn, BatEntry.UNMAPPED, null, (at, _, bytes) -> store.discard(at, bytes));
        }
    }

    /// @param keeping what to do with whole blocks that have a place and are to keep it; null when they are not
    /// @param part what to do with parts of blocks
    private void drop(long offset, long length, Turn turn, int state, @Nullable Content keeping, Content part)
            throws DiskException {
        if (length == 0) {
            return;
        }
        begin();
        long end = offset + length;
        for (long at = offset; at < end; ) {
            long block = at / metadata.blockBytes();
            long to = Math.min(end, (block + 1) * metadata.blockBytes());
            try (var _ = locks.acquire(block, block + 1)) {
                turn.take();
                dropIn(block, at, to, state, keeping, part);
            }
            at = to;
        }
        relieve();
    }

    private void dropIn(long block, long from, long to, int state, @Nullable Content keeping, Content part)
            throws DiskException {
        long number = file.layout().blockEntry(block);
        long entry = table.get(number);
        boolean whole = to - from == file.layout().bytesIn(block);
        boolean discard = state == BatEntry.UNMAPPED;
        if (!BatEntry.isPresent(entry)) {
            boolean parents = metadata.differencing() && BatEntry.state(entry) == BatEntry.NOT_PRESENT;
            if (parents && !discard && whole) {
                set(number, BatEntry.of(state, 0));
            } else if (parents && !discard) {
                fill(block, from, to, part);
            }
        } else if (whole && !metadata.fixed() && keeping == null) {
            set(number, BatEntry.of(state, 0));
            reclaiming.later(BatEntry.offset(entry), metadata.blockBytes());
        } else if (!discard || BatEntry.state(entry) == BatEntry.FULLY_PRESENT) {
            fill(block, from, to, part);
        } else {
            toOwn(entry, block * metadata.blockBytes(), from, to, part);
        }
    }

    /// To what is the file's own of a part of a partially present block; the rest is its parent's.
    private void toOwn(long entry, long start, long from, long to, Content part) throws DiskException {
        int sectorBytes = metadata.logicalSectorBytes();
        long end = to / sectorBytes;
        for (long sector = from / sectorBytes; sector < end; ) {
            long[] page = file.bitmaps().get(sector);
            long next = SectorBitmaps.runEnd(page, sector, end);
            if (SectorBitmaps.isOwn(page, sector)) {
                long at = sector * sectorBytes;
                part.to(BatEntry.offset(entry) + at - start, at, (next - sector) * sectorBytes);
            }
            sector = next;
        }
    }

    /// Begins a change by which the content stays what it is, although blocks change theirs.
    void beginWithSameContent() throws DiskException {
        nextContent(headers.current().dataWrite());
        begin();
    }

    /// Takes the place of a block away that is nothing but zeros.
    void dropZeros(long block) throws DiskException {
        drop(block * metadata.blockBytes(), file.layout().bytesIn(block), Turn.ALWAYS, BatEntry.ZERO, null, (_, _, _) -> {});
    }

    /// Says that a block, or a bitmap none of which waits to be written, lies elsewhere now. Where it was is free with the next flush.
    void move(long number, long place, long bytes) throws DiskException {
        long entry = table.get(number);
        set(number, BatEntry.of(BatEntry.state(entry), place));
        reclaiming.later(BatEntry.offset(entry), bytes);
        relieve();
    }

    Places places() {
        return places;
    }

    /// Makes the disk larger while requests are under way; durable when it returns.
    ///
    /// @param sizeBytes one that it can have, larger than it is
    /// @throws Refusal when the file would not be sound with it; it is as it was then
    void grow(long sizeBytes) throws Refusal, DiskException {
        synchronized (growing) {
            beginKeepingContent();
            var growth = new Growth(file, places, sizeBytes);
            growth.takeRoom();
            change(growth);
        }
    }

    /// Moves the table to the first place that there is for it, if that is before where it is; the content stays what it is.
    void moveTableDown() throws Refusal, DiskException {
        synchronized (growing) {
            var growth = new Growth(file, places, file.metadata().sizeBytes());
            if (growth.takeRoomBefore()) {
                change(growth);
            }
        }
    }

    /// Says durably which contents the parent may have, while requests are under way.
    void relink(ParentLocator locator) throws Refusal, DiskException {
        synchronized (growing) {
            beginKeepingContent();
            synchronized (flushing) {
                LogWriter writer = begunLog();
                List<LogEntry.Write> change = ParentLink.changed(file, locator).checked(headers.current(), guids.get());
                lost = true;
                store.flush(); // of the sectors of the last entry, which the next one lets go
                writer.apply(change);
                store.flush();
                lost = false;
            }
        }
    }

    /// Gives the content the next identifier at once, durably.
    void beginNext(UUID next) throws DiskException {
        forgetBegun();
        nextContent(next);
        begin();
    }

    private void change(Growth growth) throws Refusal, DiskException {
        long last = file.layout().blocks() - 1;
        try (var _ = locks.acquire(last, last + 1)) {
            synchronized (flushing) {
                grow(growth);
            }
        }
    }

    private void grow(Growth growth) throws Refusal, DiskException {
        LogWriter writer = begunLog();
        List<LogEntry.Write> change;
        try {
            growth.prepare();
            change = growth.change(headers.current(), guids.get());
            begin();
        } catch (Refusal | DiskException e) {
            growth.giveRoomBack();
            throw e;
        }
        lost = true;
        writer.apply(change);
        store.flush();
        lost = false;
        synchronized (dirty) {
            Region freedTable = growth.finish();
            if (freedTable != null) {
                dirty.tableMoved(growth.tableMovedBy());
                reclaiming.later(freedTable.offset(), freedTable.bytes());
            }
        }
    }

    private LogWriter begunLog() throws DiskException {
        LogWriter writer = log;
        if (lost || writer == null) {
            throw new DiskException("change of " + file.name(), IoStatus.IO_ERROR);
        }
        return writer;
    }

    /// Makes everything durable that had completed.
    void flush() throws DiskException {
        flush(Turn.ALWAYS);
    }

    /// @param turn taken when no other flush runs
    void flush(Turn turn) throws DiskException {
        synchronized (flushing) {
            turn.take();
            if (lost) {
                throw new DiskException("flush of " + file.name(), IoStatus.IO_ERROR);
            }
            lost = true;
            flushAll();
            lost = false;
        }
    }

    private void flushAll() throws DiskException {
        List<Reclaiming.Place> unused = reclaiming.take();
        List<DirtySectors.Copied> copies = dirty.take();
        store.flush();
        for (int done = 0; done < copies.size(); done += LogWriter.SECTORS_MAX) {
            if (done > 0) {
                store.flush();
            }
            List<DirtySectors.Copied> some = copies.subList(done, Math.min(copies.size(), done + LogWriter.SECTORS_MAX));
            LogWriter writer = log;
            if (writer == null) {
                throw new IllegalStateException("changed before it was begun");
            }
            writer.apply(some.stream().map(DirtySectors.Copied::write).toList());
        }
        dirty.written(copies);
        if (!unused.isEmpty()) {
            grace.await();
            reclaiming.free(unused);
        }
    }

    /// Leaves the file as one that was closed: nothing to be replayed.
    @Override
    public void close() throws DiskException {
        reclaiming.end();
        if (log != null) {
            flush();
            store.flush();
            headers.change(headers.current().fileWrite(), headers.current().dataWrite(), Guid.NONE);
            log = null;
            begun = false;
        }
    }
}
