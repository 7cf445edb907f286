package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// Puts right what can be without guessing while nobody uses a disk: what is there twice is written anew from the copy that is
/// whole, what the log says is done in its place, and what no block lies in is given back to the host. The content and its
/// identifier stay, so that disks over it still fit.
///
/// Of two copies only the damaged one is written, and before that the file gets another identifier of writes. So whatever a power cut
/// leaves can be opened, reads the same, and can be repaired again.
public final class Repair {
    private final VhdxFile found;
    private final VhdxFile file;
    private final Blocking disk;
    private final Supplier<UUID> guids;
    private final List<String> done = new ArrayList<>();
    private boolean begun;

    private Repair(VhdxFile found, VhdxFile file, Supplier<UUID> guids) {
        this.found = found;
        this.file = file;
        this.guids = guids;
        disk = new Blocking(file.store());
        begun = file != found;
    }

    /// @return what was done, each a sentence without a subject; none when there was nothing to be done
    /// @throws OperatorError when the file cannot be opened or written, or has damage that cannot be put right; of that nothing was
    ///     changed
    public static List<String> run(Path path) {
        try (VhdxFile found = VhdxFile.open(path, Access.READ_WRITE)) {
            return run(found, UUID::randomUUID);
        }
    }

    /// @param found as it was opened
    /// @param guids one after the other, none of them twice
    static List<String> run(VhdxFile found, Supplier<UUID> guids) {
        try {
            var repair = new Repair(found, found.replayed(), guids);
            repair.headers();
            repair.regionTables();
            repair.space();
            return repair.done;
        } catch (DiskException e) {
            throw new OperatorError(found.name(), "cannot be repaired (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// The file is changed from now on. Both headers are written.
    private void begin() throws DiskException {
        if (!begun) {
            var headers = new HeaderPair(disk, file.header());
            headers.change(guids.get(), headers.current().dataWrite(), Guid.NONE);
            begun = true;
        }
    }

    /// Replaying the log has written both already.
    private void headers() throws DiskException {
        Copies copies = found.copies();
        if (!copies.headersAreWhole()) {
            begin();
            done.add("wrote its " + (copies.firstHeader() ? "second" : "first") + " header anew");
        }
        if (file != found) {
            done.add("replayed its log");
        } else if (file.header().hasLog()) {
            begin();
            done.add("closed its log, in which there was nothing");
        }
    }

    private void regionTables() throws DiskException {
        Copies copies = file.copies();
        if (!copies.firstTable()) {
            copyTable(RegionTable.SECOND_OFFSET, RegionTable.FIRST_OFFSET, "first");
        } else if (!copies.secondTable()) {
            copyTable(RegionTable.FIRST_OFFSET, RegionTable.SECOND_OFFSET, "second");
        }
    }

    private void copyTable(long from, long to, String which) throws DiskException {
        begin();
        disk.write(to, Storage.read(disk, from, RegionTable.BYTES));
        disk.flush();
        done.add("wrote its " + which + " region table anew");
    }

    /// Fixed disks keep what they have.
    private void space() throws DiskException {
        if (file.metadata().fixed() || !file.store().geometry().discard()) {
            return;
        }
        List<FreeSpace.Run> free = new FreeSpace(file.takeUsedMebibytes()).freeBelow(file.store().geometry().sizeBytes());
        long before = taken(free);
        if (before == 0) {
            return;
        }
        begin();
        for (FreeSpace.Run run : free) {
            disk.discard(run.offset(), run.bytes());
        }
        disk.flush();
        long given = before - taken(free);
        if (given > 0) {
            done.add("gave back " + new ByteSize(given).rounded() + " in which no block lay");
        }
    }

    /// What the host has set aside for them.
    private long taken(List<FreeSpace.Run> runs) throws DiskException {
        long bytes = 0;
        for (FreeSpace.Run run : runs) {
            for (Extent extent : disk.extents(run.offset(), run.bytes())) {
                bytes += extent.readsZero() ? 0 : extent.length();
            }
        }
        return bytes;
    }
}
