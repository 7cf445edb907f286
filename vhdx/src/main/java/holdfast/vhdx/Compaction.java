package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Gives space of a file back to the host while nobody uses the disk: blocks that hold nothing but zeros lose their places, what
/// lies last moves to where there is room before it, and the file ends where nothing comes any more; what no block lies in becomes
/// a hole. The disk stays what it is: its content keeps its identifier, so that disks over it still fit.
///
/// A block moves as one that is written anew: its copy is durable before an entry of the log says that it is there, and that before
/// its old place is used for anything. The file is cut off last, when there is nothing to be replayed.
public final class Compaction {
    private final VhdxFile file;
    private final Blocking store;
    private final FileWriter writer;
    private final Places places;

    /// @param writer of the file, whose disk has no requests under way
    Compaction(VhdxFile file, FileWriter writer) {
        this.file = file;
        this.writer = writer;
        store = new Blocking(file.store());
        places = writer.places();
    }

    /// @param parentPath where the disk's parent is; null for where it says
    /// @throws OperatorError when it cannot be opened or written, or is one that keeps its space
    public static void run(Path path, @Nullable Path parentPath) {
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, parentPath)) {
            if (disk.layers().getFirst().kind() == VhdxInfo.Kind.FIXED) {
                throw new OperatorError(path.toString(), "is a fixed disk, which keeps its space", "copy it: holdfast disk convert");
            }
            disk.compact();
        } catch (Refusal refusal) {
            throw refusal.about(path.toString());
        } catch (DiskException e) {
            throw new OperatorError(path.toString(), "cannot be written (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// Leaves the file as one that was closed.
    void run() throws Refusal, DiskException {
        writer.beginWithSameContent();
        dropZeros();
        writer.flush();
        writer.moveTableDown();
        writer.flush();
        moveDown();
        writer.flush();
        places.discardFree();
        writer.close();
        places.cutOff();
    }

    private void dropZeros() throws DiskException {
        BatLayout layout = file.layout();
        for (long block = 0; block < layout.blocks(); block++) {
            long entry = file.table().get(layout.blockEntry(block));
            if (BatEntry.state(entry) == BatEntry.FULLY_PRESENT && isZero(BatEntry.offset(entry), layout.bytesIn(block))) {
                writer.dropZeros(block);
            }
        }
    }

    private boolean isZero(long at, long length) throws DiskException {
        for (Extent extent : store.extents(at, length)) {
            for (long from = extent.offset(); !extent.readsZero() && from < extent.end(); from += Mebibytes.ONE) {
                byte[] part = store.read(from, (int) Math.min(Mebibytes.ONE, extent.end() - from));
                if (!Arrays.equals(part, new byte[part.length])) {
                    return false;
                }
            }
        }
        return true;
    }

    /// A block or bitmap, by its entry in the table.
    private record Occupant(long number, long place, long bytes) {}

    /// What ends after where the file could end, from the last one on.
    private void moveDown() throws DiskException {
        long end = places.usedBytes();
        BatLayout layout = file.layout();
        List<Occupant> last = new ArrayList<>();
        for (long number = 0; number < layout.entries(); number++) {
            long entry = file.table().get(number);
            boolean bitmap = layout.isBitmapEntry(number);
            boolean there = BatEntry.isPresent(entry)
                    && (bitmap ? layout.differencing() : layout.blockOfEntry(number) < layout.blocks());
            long bytes = bitmap ? Mebibytes.ONE : layout.blockBytes();
            if (there && BatEntry.offset(entry) + bytes > end) {
                last.add(new Occupant(number, BatEntry.offset(entry), bytes));
            }
        }
        last.sort(Comparator.comparingLong(Occupant::place).reversed());
        for (Occupant each : last) {
            long place = places.takeBefore(each.place, each.bytes);
            if (place > 0) {
                copy(each, place);
                writer.move(each.number, place, each.bytes);
            }
        }
    }

    /// To where all is zeros.
    private void copy(Occupant each, long place) throws DiskException {
        long there = Math.min(each.bytes, file.store().geometry().sizeBytes() - each.place);
        for (Extent extent : store.extents(each.place, there)) {
            for (long from = extent.offset(); !extent.readsZero() && from < extent.end(); from += Mebibytes.ONE) {
                byte[] part = store.read(from, (int) Math.min(Mebibytes.ONE, extent.end() - from));
                store.write(place + from - each.place, part);
            }
        }
    }
}
