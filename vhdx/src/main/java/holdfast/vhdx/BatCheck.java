package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import java.util.BitSet;
import java.util.List;

/// Looks at every entry of the block allocation table once: none may lead outside the file, into a region, or to the place of
/// another. It is read page by page and not kept; where the file has a hole there is nothing to look at.
final class BatCheck {
    private final BatLayout layout;
    private final BlockTable table;
    private final boolean keepsPlaces;
    private final long fileBytes;
    private final BitSet usedMebibytes = new BitSet();
    private long pendingBlocks;
    private final BitSet chunksWithPartial = new BitSet();
    private final BitSet chunksWithBitmap = new BitSet();

    /// @param keepsPlaces whether a block has its place also when nothing is in it, as in fixed disks
    /// @param taken regions and the log
    BatCheck(BatLayout layout, BlockTable table, boolean keepsPlaces, long fileBytes, List<Region> taken) {
        this.layout = layout;
        this.keepsPlaces = keepsPlaces;
        this.table = table;
        this.fileBytes = fileBytes;
        use(0, Mebibytes.ONE);
        taken.stream().filter(region -> region.end() <= Mebibytes.roundUp(fileBytes)).forEach(region -> use(region.offset(), region.end()));
    }

    private void use(long offset, long end) {
        usedMebibytes.set((int) (offset / Mebibytes.ONE), (int) Math.ceilDiv(end, Mebibytes.ONE));
    }

    /// @param region where the table is in the file
    void run(Blocking store, Region region) throws Refusal, DiskException {
        long tableBytes = layout.entries() * Long.BYTES;
        long pageBytes = (long) BlockTable.PAGE_ENTRIES * Long.BYTES;
        int next = 0;
        for (Extent extent : store.extents(region.offset(), Math.ceilDiv(tableBytes, 4096) * 4096)) {
            int pages = (int) Math.min(table.pageCount(), Math.ceilDiv(extent.end() - region.offset(), pageBytes));
            int first = Math.max(next, (int) ((extent.offset() - region.offset()) / pageBytes));
            if (!extent.readsZero()) {
                for (int page = first; page < pages; page++) {
                    checkPage((long) page * BlockTable.PAGE_ENTRIES, table.read(page));
                }
                next = Math.max(next, pages);
            }
        }
        chunksWithPartial.andNot(chunksWithBitmap);
        if (!chunksWithPartial.isEmpty()) {
            throw Refusal.damaged("a block is there in part, and the bitmap that says which part is not");
        }
    }

    /// MiB of the file that something lies in.
    BitSet usedMebibytes() {
        return usedMebibytes;
    }

    /// Blocks that have a place and nothing in it.
    long pendingBlocks() {
        return pendingBlocks;
    }

    private void checkPage(long first, long[] page) throws Refusal {
        for (int i = 0; i < page.length && first + i < layout.entries(); i++) {
            if (page[i] != 0) {
                checkEntry(first + i, page[i]);
            }
        }
    }

    private void checkEntry(long number, long entry) throws Refusal {
        int state = BatEntry.state(entry);
        if (layout.isBitmapEntry(number)) {
            checkBitmap(number, entry, state);
            return;
        }
        long block = layout.blockOfEntry(number);
        if (block >= layout.blocks()) {
            return;
        }
        switch (state) {
            case BatEntry.NOT_PRESENT, BatEntry.UNDEFINED, BatEntry.ZERO, BatEntry.UNMAPPED -> {
                if (keepsPlaces && BatEntry.offset(entry) != 0) {
                    claim("block " + block, entry, layout.bytesIn(block), layout.blockBytes());
                    pendingBlocks++;
                }
            }
            case BatEntry.FULLY_PRESENT -> claim("block " + block, entry, layout.bytesIn(block), layout.blockBytes());
            case BatEntry.PARTIALLY_PRESENT -> {
                if (!layout.differencing()) {
                    throw Refusal.damaged("block " + block + " is there in part, and there is no parent");
                }
                chunksWithPartial.set((int) layout.chunkOfEntry(number));
                claim("block " + block, entry, layout.bytesIn(block), layout.blockBytes());
            }
            default -> throw Refusal.damaged("block " + block + " is in state " + state + ", which there is not");
        }
    }

    /// Without a parent these entries mean nothing, and QEMU before version 8.1 left leavings in them.
    private void checkBitmap(long number, long entry, int state) throws Refusal {
        if (!layout.differencing() || state == BatEntry.NOT_PRESENT) {
            return;
        }
        long chunk = layout.chunkOfEntry(number);
        if (state != BatEntry.FULLY_PRESENT) {
            throw Refusal.damaged("sector bitmap " + chunk + " is in state " + state + ", which there is not");
        }
        chunksWithBitmap.set((int) chunk);
        claim("sector bitmap " + chunk, entry, Mebibytes.ONE, Mebibytes.ONE);
    }

    /// @param bytes what of the place has to be there: a file may end where the disk does
    /// @param placeBytes how much nobody else may have
    private void claim(String what, long entry, long bytes, long placeBytes) throws Refusal {
        long offset = BatEntry.offset(entry);
        if (offset < Mebibytes.ONE || offset > fileBytes - bytes) {
            throw Refusal.damaged(what + " is said to be at byte " + Long.toUnsignedString(offset) + " of a file of " + fileBytes);
        }
        int used = usedMebibytes.nextSetBit((int) (offset / Mebibytes.ONE));
        if (used >= 0 && used * Mebibytes.ONE < offset + placeBytes) {
            throw Refusal.damaged(what + " lies where something else is, at byte " + used * Mebibytes.ONE);
        }
        use(offset, offset + placeBytes);
    }
}
