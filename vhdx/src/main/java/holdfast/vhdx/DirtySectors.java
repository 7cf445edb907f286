package holdfast.vhdx;

import holdfast.block.DiskException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/// What a writer has changed of the table and the bitmaps, and which sectors of the file have to say so that do not yet. Whoever
/// holds its lock keeps it as it is.
final class DirtySectors {
    private static final int MANY = 1024;

    /// Not a bitmap's.
    private static final long TABLE = -1;

    private final BlockTable table;
    private final SectorBitmaps bitmaps;

    /// By offset in the file; of those of a bitmap the first sector of the disk in them.
    private final TreeMap<Long, Long> sectors = new TreeMap<>();

    private volatile boolean none = true;

    DirtySectors(BlockTable table, SectorBitmaps bitmaps) {
        this.table = table;
        this.bitmaps = bitmaps;
    }

    /// A sector of the file as it was at a time.
    record Copied(long offset, long sector, byte[] content) {
        LogEntry.Write write() {
            return new LogEntry.Write.Data(offset, content);
        }
    }

    /// Whether the file says all that has been done.
    boolean areNone() {
        return none;
    }

    /// Whether more waits for a flush than is to be kept in memory.
    synchronized boolean areMany() {
        return sectors.size() > MANY;
    }

    /// From here on until a flush has ended, the file does not say everything that has been done.
    synchronized void set(long number, long entry) throws DiskException {
        none = false;
        sectors.put(table.set(number, entry), TABLE);
    }

    /// Makes sectors of the disk the file's own, or the parent's.
    synchronized void own(long from, long end, boolean own) throws DiskException {
        for (long sector = from; sector < end; ) {
            long next = Math.min(end, (sector / SectorBitmaps.PAGE_SECTORS + 1) * SectorBitmaps.PAGE_SECTORS);
            none = false;
            bitmaps.set(sector, next, own);
            sectors.put(bitmaps.pageOffset(sector), sector);
            sector = next;
        }
    }

    /// What of the table has not been written yet belongs where the table is now.
    synchronized void tableMoved(long by) {
        var moved = new TreeMap<Long, Long>();
        sectors.forEach((offset, sector) -> moved.put(sector == TABLE ? offset + by : offset, sector));
        sectors.clear();
        sectors.putAll(moved);
    }

    /// Takes those that there are, to be written.
    ///
    /// @return from the end of the file backwards, but bitmaps before the table: so that where a log entry cannot hold all, the entry
    ///     that says where a bitmap is comes no later than those of the blocks that need it, and its content before
    synchronized List<Copied> take() throws DiskException {
        var copies = new ArrayList<Copied>();
        for (var each : sectors.descendingMap().entrySet()) {
            long sector = each.getValue();
            byte[] content = sector == TABLE ? table.sector(each.getKey()) : bitmaps.page(sector);
            copies.add(new Copied(each.getKey(), sector, content));
        }
        sectors.clear();
        copies.sort(Comparator.comparing(copy -> copy.sector == TABLE));
        return copies;
    }

    /// The file says what was taken.
    synchronized void written(List<Copied> copies) {
        for (Copied copy : copies) {
            if (copy.sector != TABLE && !sectors.containsKey(copy.offset)) {
                bitmaps.written(copy.sector);
            }
        }
        none = sectors.isEmpty();
    }
}
