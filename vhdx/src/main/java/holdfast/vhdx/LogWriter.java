package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/// Writes the log of a file: every entry is durable before what it says is done in its place, and is the whole active sequence,
/// since what the entry before said is durable in its place by then.
final class LogWriter {
    /// So many fit into the smallest log twice: the entry before stays whole until the next one is.
    static final int SECTORS_MAX = 96;

    private final Blocking store;
    private final UUID id;
    private final long offset;
    private final int bytes;
    private long sequence = 1;
    private int next;

    /// @param header says where the log is
    /// @param id one that no entry in the log has
    LogWriter(Blocking store, Header header, UUID id) {
        this.store = store;
        this.id = id;
        offset = header.logOffset();
        bytes = (int) Math.min(header.logBytes(), Log.BYTES_MAX) / LogEntry.SECTOR_BYTES * LogEntry.SECTOR_BYTES;
    }

    UUID id() {
        return id;
    }

    /// Begins with an entry that says nothing. So there is always a whole one, and a log without one is known to be damaged.
    void begin() throws DiskException {
        append(List.of());
    }

    /// Makes the writes durable in the log, and then does them. What was done before is durable already.
    ///
    /// @param writes at most [#SECTORS_MAX]
    void apply(List<LogEntry.Write> writes) throws DiskException {
        append(writes);
        replay(store, writes);
    }

    /// Does what a log says.
    static void replay(Blocking store, List<LogEntry.Write> writes) throws DiskException {
        for (LogEntry.Write write : writes) {
            switch (write) {
                case LogEntry.Write.Data(long at, byte[] content) -> store.write(at, content);
                case LogEntry.Write.Zeros(long at, long length) -> store.writeZeroes(at, length);
            }
        }
    }

    private void append(List<LogEntry.Write> writes) throws DiskException {
        long fileBytes = store.device().geometry().sizeBytes();
        byte[] entry = new LogEntry(id, 0, next, sequence++, fileBytes, fileBytes, writes).encode();
        int untilEnd = Math.min(entry.length, bytes - next);
        store.write(offset + next, Arrays.copyOf(entry, untilEnd));
        if (untilEnd < entry.length) {
            store.write(offset, Arrays.copyOfRange(entry, untilEnd, entry.length));
        }
        store.flush();
        next = (next + entry.length) % bytes;
    }
}
