package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// A change of what a file says of itself, made through the log: a cut leaves all of it or nothing.
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

    /// What has to go into the log.
    ///
    /// @param now the file's header
    /// @param trial an id that no log has
    /// @throws Refusal when the file would not be sound with it
    List<LogEntry.Write> checked(Header now, UUID trial) throws Refusal {
        long size = store.geometry().sizeBytes();
        // What the log says is done in its place, and would stand over the change.
        var closed = new Header(
                now.sequence() + 1, now.fileWrite(), now.dataWrite(), Guid.NONE, 0, Header.VERSION, now.logBytes(), now.logOffset());
        var tried = new ArrayList<>(writes);
        tried.add(new LogEntry.Write.Data(Header.FIRST_OFFSET, closed.encode()));
        var entry = new LogEntry(trial, 0, 0, 1, size, size, tried);
        var _ = VhdxFile.of(new ReplayedStore(store, List.of(entry)), file.name());
        return writes;
    }

    /// Makes the change while nobody uses the disk, unless the file would not be sound with it.
    ///
    /// @param another whether the disk is another one afterwards, and so gets a new identifier, before
    void apply(boolean another, Supplier<UUID> guids) throws Refusal, DiskException {
        var _ = checked(file.header(), guids.get());
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
