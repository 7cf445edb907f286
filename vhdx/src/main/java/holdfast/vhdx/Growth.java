package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.Supplier;

/// Makes a disk larger while nobody uses it: its size, and its block table, which moves when there is no room after it. What is
/// new reads as zeros.
public final class Growth {
    private final VhdxFile file;
    private final BlockDevice store;
    private final Blocking disk;
    private final BatLayout before;
    private final BatLayout after;
    private final FreeSpace space;

    private Growth(VhdxFile file, long sizeBytes) {
        this.file = file;
        store = file.store();
        disk = new Blocking(store);
        before = file.metadata().layout();
        after = new BatLayout(sizeBytes, before.blockBytes(), before.sectorBytes(), before.differencing());
        space = new FreeSpace(file.takeUsedMebibytes());
    }

    /// Gives a disk a new size, and so a new identifier: disks that lie over it do not any more.
    ///
    /// @throws OperatorError when it cannot have that size, or cannot be written; the disk is as it was then
    public static void grow(Path path, long sizeBytes) {
        try (VhdxFile file = VhdxFile.open(path, Access.READ_WRITE)) {
            grow(file, sizeBytes, UUID::randomUUID);
        }
    }

    /// @param guids one after the other, none of them twice
    static void grow(VhdxFile file, long sizeBytes, Supplier<UUID> guids) {
        long now = file.metadata().sizeBytes();
        if (sizeBytes < now) {
            throw new OperatorError(
                    file.name(), "cannot be made smaller than it is, " + new ByteSize(now), "copy what is in it to another disk");
        }
        if (sizeBytes > Metadata.SIZE_BYTES_MAX || sizeBytes % file.metadata().logicalSectorBytes() != 0) {
            throw new OperatorError(
                    file.name(), "has at most 64 TiB of whole sectors, not " + sizeBytes + " bytes", "choose another size");
        }
        if (sizeBytes == now) {
            return;
        }
        try {
            new Growth(file.replayed(), sizeBytes).run(guids);
        } catch (Refusal refusal) {
            throw refusal.about(file.name());
        } catch (DiskException e) {
            boolean full = e.status() == IoStatus.NO_SPACE;
            throw new OperatorError(
                    file.name(),
                    full ? "there is no room for it to grow" : "cannot be written (" + e.status() + ")",
                    full ? "make room" : "look after the storage it is on");
        }
    }

    /// Everything that the old size does not show is written first, and is durable when the new size shows it.
    private void run(Supplier<UUID> guids) throws Refusal, DiskException {
        var change = new LoggedChange(file);
        clearRestOfLastBlock();
        Region table = file.region(Region.BAT);
        if (table.bytes() < after.entries() * Long.BYTES) {
            Region moved = moveTable(table);
            byte[] regions = new RegionTable(file.regionsWith(moved)).encode();
            change.put(RegionTable.FIRST_OFFSET, regions);
            change.put(RegionTable.SECOND_OFFSET, regions);
            table = moved;
        }
        writeNewEntries(table);
        disk.flush();
        Region metadata = file.region(Region.METADATA);
        byte[] items = Storage.read(disk, metadata.offset(), (int) Math.min(metadata.bytes(), 2 * Mebibytes.ONE));
        Checksum.bytes(items).putLong(MetadataTable.parse(items, items.length).item(Metadata.SIZE).orElseThrow().offset(), after.sizeBytes());
        change.put(metadata.offset(), items);
        change.apply(true, guids);
    }

    /// Its end was no part of the disk, and may hold anything.
    private void clearRestOfLastBlock() throws DiskException {
        long block = before.blocks() - 1;
        long used = before.bytesIn(block);
        long entry = file.table().get(before.blockEntry(block));
        if (used < before.blockBytes() && BatEntry.isPresent(entry)) {
            long place = BatEntry.offset(entry);
            lengthen(place + before.blockBytes());
            zero(place + used, before.blockBytes() - used, !file.metadata().fixed());
        }
    }

    private void lengthen(long bytes) throws DiskException {
        if (store.geometry().sizeBytes() < bytes) {
            try {
                store.grow(bytes);
            } catch (OperatorError e) {
                throw new DiskException("growing " + file.name(), IoStatus.NO_SPACE);
            }
        }
    }

    private void zero(long offset, long length, boolean mayUnmap) throws DiskException {
        disk.await(done -> new Request.WriteZeroes(offset, length, mayUnmap, false, false, done));
    }

    /// A copy of the table where there is room for the new one.
    private Region moveTable(Region old) throws DiskException {
        long bytes = Mebibytes.roundUp(after.entries() * Long.BYTES);
        long offset = space.take(bytes);
        lengthen(offset + bytes);
        zero(offset, bytes, true);
        int step = 1 << 20;
        for (long at = 0; at < old.bytes(); at += step) {
            byte[] part = Storage.read(disk, old.offset() + at, step);
            if (!Arrays.equals(part, new byte[step])) {
                disk.write(offset + at, part);
            }
        }
        return new Region(Region.BAT, offset, bytes, true);
    }

    /// Entries past the old end may hold anything. In a fixed disk each new block gets its place.
    private void writeNewEntries(Region table) throws DiskException {
        int step = 1 << 16;
        long next = before.blocks();
        for (long at = before.entries() * Long.BYTES / step * step; at < after.entries() * Long.BYTES; at += step) {
            byte[] part = Storage.read(disk, table.offset() + at, step);
            byte[] old = part.clone();
            int from = Math.clamp(before.entries() * Long.BYTES - at, 0, step);
            Arrays.fill(part, from, step, (byte) 0);
            for (; file.metadata().fixed() && next < after.blocks(); next++) {
                long within = after.blockEntry(next) * Long.BYTES - at;
                if (within >= step) {
                    break;
                }
                Checksum.bytes(part).putLong((int) within, BatEntry.of(BatEntry.FULLY_PRESENT, newPlace()));
            }
            if (!Arrays.equals(old, part)) {
                disk.write(table.offset() + at, part);
            }
        }
    }

    private long newPlace() throws DiskException {
        long place = space.take(before.blockBytes());
        lengthen(place + before.blockBytes());
        zero(place, before.blockBytes(), false);
        return place;
    }
}
