package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// A change of what a file says of itself, made through the log while nobody uses the disk: a cut leaves all of it or
/// nothing.
final class LoggedChange {
    private final VhdxFile file;
    private final BlockDevice store;
    private final Blocking disk;
    private final List<LogEntry.Write> writes = new ArrayList<>();

    /// @param file nothing of which has to be replayed
    LoggedChange(VhdxFile file) {
        this.file = file;
        store = file.store();
        disk = new Blocking(store);
    }

    /// Adds the sectors in which a part of the file is to differ.
    ///
    /// @param offset multiple of the sector
    /// @param bytes whole sectors
    void put(long offset, byte[] bytes) throws DiskException {
        byte[] before = Storage.read(disk, offset, bytes.length);
        for (int at = 0; at < bytes.length; at += LogEntry.SECTOR_BYTES) {
            int end = at + LogEntry.SECTOR_BYTES;
            if (!Arrays.equals(before, at, end, bytes, at, end)) {
                writes.add(new LogEntry.Write.Data(offset + at, Arrays.copyOfRange(bytes, at, end)));
            }
        }
    }

    /// Makes the change, unless the file would not be sound with it.
    ///
    /// @param another whether the disk is another one afterwards, and so gets a new identifier, before
    void apply(boolean another, Supplier<UUID> guids) throws Refusal, DiskException {
        long size = store.geometry().sizeBytes();
        var trial = new LogEntry(guids.get(), 0, 0, 1, size, size, writes);
        var _ = VhdxFile.of(new ReplayedStore(store, List.of(trial)), file.name());
        var headers = new HeaderPair(disk, file.header());
        UUID content = another ? guids.get() : headers.current().dataWrite();
        headers.change(guids.get(), content, Guid.NONE);
        var log = new LogWriter(disk, headers.current(), guids.get());
        log.begin();
        headers.change(headers.current().fileWrite(), content, log.id());
        log.apply(writes);
        disk.flush();
        headers.change(headers.current().fileWrite(), content, Guid.NONE);
    }
}
