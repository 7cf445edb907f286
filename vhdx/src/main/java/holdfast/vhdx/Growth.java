package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes a disk larger, also while it is used: its size, and its block table, which moves when there is no room after it. What
/// is new reads as zeros. The size and the table's place change together, by one entry of the log, when everything that the
/// old size does not show is durable.
///
/// ```
/// takeRoom  places for the table, and for the new blocks of a fixed disk; nothing refers to them yet
/// prepare   the rest of the last block and the new entries are zeros, or lead to those places; the old entries are copied
/// change    what goes into the log
/// finish    the file as it is known in memory
/// ```
///
/// From `prepare` to `finish` nobody flushes, and nobody else has the last block.
public final class Growth {
    private final VhdxFile file;
    private final Blocking disk;
    private final Places places;
    private final BatLayout before;
    private final BatLayout after;
    private final Region oldTable;
    private Region table;

    /// Of the first of the new blocks in a fixed disk; the others follow.
    private long firstPlace;

    /// @param file grows by one of these at a time
    Growth(VhdxFile file, Places places, long sizeBytes) throws Refusal {
        this.file = file;
        this.places = places;
        disk = new Blocking(file.store());
        before = file.layout();
        after = file.metadata().withSize(sizeBytes).layout();
        oldTable = file.region(Region.BAT);
        table = oldTable;
    }

    /// Gives a disk that nobody uses a new size, and so a new identifier: disks that lie over it do not any more.
    ///
    /// @throws OperatorError when it cannot have that size, or cannot be written; the disk is as it was then
    public static void grow(Path path, long sizeBytes) {
        try (VhdxFile file = VhdxFile.open(path, Access.READ_WRITE)) {
            grow(file, sizeBytes, UUID::randomUUID);
        }
    }

    /// @param guids one after the other, none of them twice
    static void grow(VhdxFile file, long sizeBytes, Supplier<UUID> guids) {
        check(file, sizeBytes);
        if (sizeBytes == file.metadata().sizeBytes()) {
            return;
        }
        try (FileWriter writer = new FileWriter(file.replayed(), new Grace(), guids)) {
            writer.grow(sizeBytes);
        } catch (Refusal refusal) {
            throw refusal.about(file.name());
        } catch (DiskException e) {
            throw failed(file, e);
        }
    }

    /// @throws OperatorError when a disk cannot have a size
    static void check(VhdxFile file, long sizeBytes) {
        long now = file.metadata().sizeBytes();
        if (sizeBytes < now) {
            throw new OperatorError(
                    file.name(), "cannot be made smaller than it is, " + new ByteSize(now), "copy what is in it to another disk");
        }
        if (sizeBytes > Metadata.SIZE_BYTES_MAX || sizeBytes % file.metadata().logicalSectorBytes() != 0) {
            throw new OperatorError(
                    file.name(), "has at most 64 TiB of whole sectors, not " + sizeBytes + " bytes", "choose another size");
        }
    }

    static OperatorError failed(VhdxFile file, DiskException e) {
        boolean full = e.status() == IoStatus.NO_SPACE;
        return new OperatorError(
                file.name(),
                full ? "there is no room for it to grow" : "cannot be written (" + e.status() + ")",
                full ? "make room" : "look after the storage it is on");
    }

    /// @throws DiskException when there is none; nothing has been taken then
    void takeRoom() throws DiskException {
        if (oldTable.bytes() < after.entries() * Long.BYTES) {
            long bytes = Mebibytes.roundUp(after.entries() * Long.BYTES);
            table = new Region(Region.BAT, places.take(bytes, false), bytes, true);
        }
        long bytes = (after.blocks() - before.blocks()) * before.blockBytes();
        if (file.metadata().fixed() && bytes > 0) {
            try {
                firstPlace = places.take(bytes, true);
                places.zero(firstPlace, bytes);
            } catch (DiskException e) {
                giveTableBack();
                throw e;
            }
        }
    }

    /// Only for the table, as long as it is, and before where it is.
    ///
    /// @return false when there is none; nothing has been taken then
    boolean takeRoomBefore() throws DiskException {
        long place = places.takeBefore(oldTable.offset(), oldTable.bytes());
        if (place > 0) {
            table = new Region(Region.BAT, place, oldTable.bytes(), true);
        }
        return place > 0;
    }

    private void giveTableBack() {
        if (tableMoves()) {
            places.give(table.offset(), table.bytes());
        }
    }

    /// It is not to be.
    void giveRoomBack() {
        giveTableBack();
        if (firstPlace > 0) {
            places.give(firstPlace, (after.blocks() - before.blocks()) * before.blockBytes());
        }
    }

    private boolean tableMoves() {
        return !table.equals(oldTable);
    }

    /// Everything that the new size shows. Durable when it returns, and so is what the log says.
    void prepare() throws DiskException {
        clearRestOfLastBlock();
        if (tableMoves()) {
            copyTable();
        }
        writeNewEntries();
        disk.flush();
    }

    /// What goes into the log.
    ///
    /// @param now the file's header
    /// @param trial an id that no log has
    /// @throws Refusal when the file would not be sound with it
    List<LogEntry.Write> change(Header now, UUID trial) throws Refusal, DiskException {
        var change = new LoggedChange(file);
        if (tableMoves()) {
            byte[] regions = new RegionTable(file.regionsWith(table)).encode();
            change.put(RegionTable.FIRST_OFFSET, regions);
            change.put(RegionTable.SECOND_OFFSET, regions);
        }
        Region metadata = file.region(Region.METADATA);
        byte[] items = Storage.read(disk, metadata.offset(), (int) Math.min(metadata.bytes(), 2 * Mebibytes.ONE));
        int size = MetadataTable.parse(items, items.length).item(Metadata.SIZE).orElseThrow().offset();
        Checksum.bytes(items).putLong(size, after.sizeBytes());
        change.put(metadata.offset(), items);
        return change.checked(now, trial);
    }

    /// From here on the file is larger, as it has been in the log.
    ///
    /// @return where the table was, if it is elsewhere now
    @Nullable Region finish() {
        file.grown(after.sizeBytes(), table, firstNewEntry(), this::newEntry);
        return tableMoves() ? oldTable : null;
    }

    /// How far the table's sectors have moved.
    long tableMovedBy() {
        return table.offset() - oldTable.offset();
    }

    /// Its end was no part of the disk, and may hold anything.
    private void clearRestOfLastBlock() throws DiskException {
        long block = before.blocks() - 1;
        long used = before.bytesIn(block);
        long entry = file.table().get(before.blockEntry(block));
        if (used < before.blockBytes() && BatEntry.isPresent(entry)) {
            long place = BatEntry.offset(entry);
            places.empty(place, before.blockBytes(), true); // where others end, the file may end
            places.zero(place + used, before.blockBytes() - used);
        }
    }

    private void copyTable() throws DiskException {
        int step = 1 << 20;
        for (long at = 0; at < oldTable.bytes(); at += step) {
            byte[] part = Storage.read(disk, oldTable.offset() + at, step);
            if (!Arrays.equals(part, new byte[step])) {
                disk.write(table.offset() + at, part);
            }
        }
    }

    /// Entries past the old end may hold anything; in a differencing disk the last chunk has some within the table.
    private void writeNewEntries() throws DiskException {
        int step = 1 << 16;
        for (long at = firstNewEntry() * Long.BYTES / step * step; at < after.entries() * Long.BYTES; at += step) {
            byte[] part = Storage.read(disk, table.offset() + at, step);
            byte[] old = part.clone();
            long first = at / Long.BYTES;
            ByteBuffer entries = Checksum.bytes(part);
            for (int i = Math.clamp(firstNewEntry() - first, 0, step / Long.BYTES); i < step / Long.BYTES; i++) {
                entries.putLong(i * Long.BYTES, newEntry(first + i, entries.getLong(i * Long.BYTES)));
            }
            if (!Arrays.equals(old, part)) {
                disk.write(table.offset() + at, part);
            }
        }
    }

    private long firstNewEntry() {
        return before.blockEntry(before.blocks() - 1) + 1;
    }

    /// In a fixed disk each new block has its place, which is zeroed.
    ///
    /// @param was what the table says now: the last chunk may have its bitmap
    private long newEntry(long number, long was) {
        if (after.isBitmapEntry(number)) {
            return number < before.entries() ? was : 0;
        }
        return file.metadata().fixed() && number < after.entries()
                ? BatEntry.of(BatEntry.FULLY_PRESENT, firstPlace + (after.blockOfEntry(number) - before.blocks()) * before.blockBytes())
                : 0;
    }
}
