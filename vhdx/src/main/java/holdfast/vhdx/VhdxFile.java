package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongBinaryOperator;
import org.jspecify.annotations.Nullable;

/// One VHDX file that is open for reading: where its blocks are. A differencing one is a layer of a [VhdxDisk].
final class VhdxFile implements AutoCloseable {
    /// More than any disk can need: 64 TiB of blocks, their maps, and as much again.
    static final long FILE_BYTES_MAX = 128L << 40;

    private final String name;

    /// The file, its log not replayed.
    private final BlockDevice raw;

    /// The file as it is with its log replayed.
    private final BlockDevice store;
    private final FileIdentifier identifier;
    private final Header header;
    private final boolean replayed;
    private final Copies copies;

    /// These change when the disk grows.
    private volatile Metadata metadata;
    private volatile BatLayout layout;
    private volatile List<Region> regions;
    private final BlockTable table;
    private final SectorBitmaps bitmaps;
    private final int blockShift;
    private BitSet usedMebibytes = new BitSet();
    private long pendingBlocks;

    private VhdxFile(
            String name,
            BlockDevice raw,
            BlockDevice store,
            FileIdentifier identifier,
            Header header,
            RegionTable regionTable,
            Metadata metadata,
            boolean replayed,
            Copies copies)
            throws Refusal {
        this.name = name;
        this.raw = raw;
        this.store = store;
        this.identifier = identifier;
        this.header = header;
        this.metadata = metadata;
        this.replayed = replayed;
        this.copies = copies;
        regions = regionTable.regions();
        layout = metadata.layout();
        Region bat = regionTable.region(Region.BAT);
        if (bat.bytes() / Long.BYTES < layout.entries() || bat.end() > store.geometry().sizeBytes()) {
            throw Refusal.damaged("its block allocation table is not all there");
        }
        var disk = new Blocking(store);
        table = new BlockTable(disk, bat.offset(), layout.entries());
        bitmaps = new SectorBitmaps(disk, layout, table);
        blockShift = Integer.numberOfTrailingZeros(metadata.blockBytes());
    }

    /// Opens and locks a file; nothing of it is changed, and a log that has to be replayed is replayed in memory.
    ///
    /// @throws OperatorError when it cannot be opened, is no VHDX file, is damaged or needs what is not known here
    static VhdxFile open(Path path) {
        return open(path, Access.READ_ONLY);
    }

    /// The same, or such that it may be written to once it is [#replayed].
    static VhdxFile open(Path path, Access access) {
        RawFile file = RawFile.open(path, access);
        try {
            return of(file, path.toString());
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// The same, as [RawFile#openToWriteLater] does it. Its log is replayed in the file, if nobody else has that open.
    static VhdxFile openToWriteLater(Path path) {
        RawFile raw = RawFile.openToWriteLater(path);
        try {
            VhdxFile file = of(raw, path.toString());
            if (file.replayed && raw.becomeWriter()) {
                try {
                    return file.replayed();
                } finally {
                    raw.becomeReader();
                }
            }
            return file;
        } catch (RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    /// Whether nothing of its log has to be replayed, so that it can be written to.
    boolean canBeWritten() {
        return !replayed;
    }

    /// The file, as it is without what its log says.
    BlockDevice raw() {
        return raw;
    }

    /// @param store holds the file; closed with what is returned, and by the caller when this fails
    /// @param name for messages
    static VhdxFile of(BlockDevice store, String name) {
        try {
            return read(store, name);
        } catch (Refusal refusal) {
            throw refusal.about(name);
        } catch (DiskException e) {
            throw new OperatorError(name, "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// The same file with nothing left in its log: what that says is done in the file. Its identifier of writes changes before,
    /// that of its content does not, since the disk stays what it is.
    ///
    /// @throws OperatorError when the file cannot be written
    VhdxFile replayed() {
        if (!replayed) {
            return this;
        }
        try {
            var disk = new Blocking(raw);
            List<LogEntry> entries = Log.active(disk, header);
            var headers = new HeaderPair(disk, header);
            headers.change(UUID.randomUUID(), header.dataWrite(), header.log());
            long end = Math.ceilDiv(store.geometry().sizeBytes(), LogEntry.SECTOR_BYTES) * LogEntry.SECTOR_BYTES;
            if (raw.geometry().sizeBytes() < end) {
                raw.grow(end);
            }
            for (LogEntry entry : entries) {
                LogWriter.replay(disk, entry.writes());
            }
            disk.flush();
            headers.change(headers.current().fileWrite(), header.dataWrite(), Guid.NONE);
            return of(raw, name);
        } catch (Refusal refusal) {
            throw refusal.about(name);
        } catch (DiskException e) {
            throw new OperatorError(name, "its log cannot be replayed (" + e.status() + ")", "look after the storage it is on");
        }
    }

    private static VhdxFile read(BlockDevice store, String name) throws Refusal, DiskException {
        FileIdentifier identifier = identifier(store)
                .orElseThrow(() -> new OperatorError(name, "is no VHDX file", "name one, or open it as what it is"));
        if (store.geometry().sizeBytes() < Mebibytes.ONE) {
            throw Refusal.damaged("it has " + store.geometry().sizeBytes() + " bytes");
        }
        if (store.geometry().sizeBytes() > FILE_BYTES_MAX) {
            throw Refusal.unknown("has " + store.geometry().sizeBytes() + " bytes; the most is " + FILE_BYTES_MAX);
        }
        var raw = new Blocking(store);
        Header header = Header.current(
                Storage.read(raw, Header.FIRST_OFFSET, Header.BYTES), Storage.read(raw, Header.SECOND_OFFSET, Header.BYTES));
        List<LogEntry> log = Log.active(raw, header);
        BlockDevice now = log.isEmpty() ? store : new ReplayedStore(store, log);
        var disk = new Blocking(now);
        RegionTable regions = RegionTable.of(
                Storage.read(disk, RegionTable.FIRST_OFFSET, RegionTable.BYTES),
                Storage.read(disk, RegionTable.SECOND_OFFSET, RegionTable.BYTES),
                header);
        Region area = regions.region(Region.METADATA);
        if (area.end() > now.geometry().sizeBytes()) {
            throw Refusal.damaged("it ends before its metadata does");
        }
        Metadata metadata = Metadata.read((offset, bytes) -> Storage.read(disk, area.offset() + offset, bytes), area.bytes());
        if (now.geometry().logicalBlockBytes() > metadata.logicalSectorBytes()) {
            throw Refusal.unknown("has sectors of " + metadata.logicalSectorBytes() + " bytes, and its device larger ones");
        }
        var file = new VhdxFile(name, store, now, identifier, header, regions, metadata, !log.isEmpty(), Copies.of(raw, disk));
        file.check(disk, regions);
        return file;
    }

    /// What a file says of itself at its beginning.
    ///
    /// @return empty when it is no VHDX file
    static Optional<FileIdentifier> identifier(BlockDevice store) throws DiskException {
        return store.geometry().sizeBytes() < FileIdentifier.BYTES
                ? Optional.empty()
                : FileIdentifier.parse(Storage.read(new Blocking(store), 0, FileIdentifier.BYTES));
    }

    private void check(Blocking disk, RegionTable regionTable) throws Refusal, DiskException {
        var taken = new ArrayList<Region>(regions);
        taken.add(new Region(header.log(), header.logOffset(), header.logBytes(), true));
        var check = new BatCheck(layout, table, metadata.fixed(), store.geometry().sizeBytes(), taken);
        check.run(disk, regionTable.region(Region.BAT));
        usedMebibytes = check.usedMebibytes();
        pendingBlocks = check.pendingBlocks();
    }

    String name() {
        return name;
    }

    BlockDevice store() {
        return store;
    }

    Header header() {
        return header;
    }

    Copies copies() {
        return copies;
    }

    Region region(UUID id) throws Refusal {
        return new RegionTable(regions).region(id);
    }

    /// Its regions, with one of them elsewhere.
    List<Region> regionsWith(Region moved) {
        return regions.stream().map(region -> region.id().equals(moved.id()) ? moved : region).toList();
    }

    BatLayout layout() {
        return layout;
    }

    /// The disk has another size in the file, and its table may be elsewhere there.
    ///
    /// @param firstNew and added: as [BlockTable#moved] takes them
    void grown(long sizeBytes, Region bat, long firstNew, LongBinaryOperator added) {
        Metadata larger = metadata.withSize(sizeBytes);
        table.moved(bat.offset(), larger.layout().entries(), firstNew, added);
        regions = regionsWith(bat);
        layout = larger.layout();
        metadata = larger;
    }

    BlockTable table() {
        return table;
    }

    SectorBitmaps bitmaps() {
        return bitmaps;
    }

    /// What is taken of the file; asked for once, by who writes to it.
    BitSet takeUsedMebibytes() {
        BitSet used = usedMebibytes;
        usedMebibytes = new BitSet();
        return used;
    }

    /// For who writes to it, later.
    void putUsedMebibytes(BitSet used) {
        usedMebibytes = used;
    }

    /// Where in the file a range of the disk lies that is in one block, all of it there.
    ///
    /// @return -1 when it is not so, or has to be read first
    long place(long offset, long length) {
        long block = offset >>> blockShift;
        if (offset + length - 1 >>> blockShift != block) {
            return -1;
        }
        long entry = table.cached(layout.blockEntry(block));
        if (entry == BlockTable.MISSING) {
            return -1;
        }
        boolean there = switch (BatEntry.state(entry)) {
            case BatEntry.FULLY_PRESENT -> true;
            case BatEntry.PARTIALLY_PRESENT -> ownsAll(offset, offset + length);
            default -> false;
        };
        return there ? BatEntry.offset(entry) + (offset & metadata.blockBytes() - 1) : -1;
    }

    /// Whether the bitmap is known to say that all sectors of a range are the file's own.
    private boolean ownsAll(long from, long to) {
        long end = to / metadata.logicalSectorBytes();
        for (long sector = from / metadata.logicalSectorBytes(); sector < end; ) {
            long @Nullable [] page = bitmaps.cached(sector);
            if (page == null || !SectorBitmaps.isOwn(page, sector)) {
                return false;
            }
            sector = SectorBitmaps.runEnd(page, sector, end);
        }
        return true;
    }

    Metadata metadata() {
        return metadata;
    }

    /// Blocks that had a place and nothing in it when the file was opened.
    long pendingBlocks() {
        return pendingBlocks;
    }

    VhdxInfo info() {
        return info(header);
    }

    /// @param now the header of one that is being written to
    VhdxInfo info(Header now) {
        ParentLocator parent = metadata.parent();
        return new VhdxInfo(
                name,
                metadata.fixed() ? VhdxInfo.Kind.FIXED
                        : metadata.differencing() ? VhdxInfo.Kind.DIFFERENCING : VhdxInfo.Kind.DYNAMIC,
                new ByteSize(metadata.sizeBytes()),
                new ByteSize(metadata.blockBytes()),
                pendingBlocks * metadata.blockBytes(),
                metadata.logicalSectorBytes(),
                metadata.physicalSectorBytes(),
                metadata.diskId(),
                now.dataWrite(),
                identifier.creator(),
                replayed,
                copies.damaged(),
                parent == null ? null : parent.name());
    }

    /// Whose the beginning of a range is.
    enum Where {
        /// This file's, at [Run#at].
        HERE,
        ZEROS,
        /// The parent's.
        BELOW
    }

    /// @param at first byte in the file, 0 unless it is HERE
    /// @param end first byte of the disk after the run
    record Run(Where where, long at, long end) {}

    /// The first run of a range of the disk that is not empty and lies within it. It may go on after its end.
    ///
    /// @param mayWait whether what is not in memory is read
    /// @return null when it would have to be read
    @Nullable Run run(long from, long to, boolean mayWait) throws DiskException {
        long block = from >>> blockShift;
        long number = layout.blockEntry(block);
        long entry = mayWait ? table.get(number) : table.cached(number);
        if (entry == BlockTable.MISSING) {
            return null;
        }
        long start = block << blockShift;
        long end = Math.min(to, start + metadata.blockBytes());
        return switch (BatEntry.state(entry)) {
            case BatEntry.FULLY_PRESENT -> new Run(Where.HERE, BatEntry.offset(entry) + from - start, end);
            case BatEntry.PARTIALLY_PRESENT -> partial(BatEntry.offset(entry) - start, from, end, mayWait);
            case BatEntry.NOT_PRESENT -> new Run(metadata.differencing() ? Where.BELOW : Where.ZEROS, 0, end);
            default -> new Run(Where.ZEROS, 0, end);
        };
    }

    /// @param shift from the disk to the file
    private @Nullable Run partial(long shift, long from, long to, boolean mayWait) throws DiskException {
        int sectorBytes = metadata.logicalSectorBytes();
        long sector = from / sectorBytes;
        long @Nullable [] page = mayWait ? bitmaps.get(sector) : bitmaps.cached(sector);
        if (page == null) {
            return null;
        }
        long end = SectorBitmaps.runEnd(page, sector, to / sectorBytes) * sectorBytes;
        return SectorBitmaps.isOwn(page, sector)
                ? new Run(Where.HERE, shift + from, end)
                : new Run(Where.BELOW, 0, end);
    }

    @Override
    public void close() {
        store.close();
    }
}
