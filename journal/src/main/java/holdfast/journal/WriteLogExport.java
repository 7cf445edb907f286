package holdfast.journal;

import holdfast.block.DiskException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/// Writes a journal as a [WriteLog]: its changes, flushes and marks. Zeros are writes of zeros, for which the file has holes.
public final class WriteLogExport {
    private final SeekableByteChannel to;
    private final int sectorBytes;
    private long position;
    private long entries;

    private WriteLogExport(SeekableByteChannel to, int sectorBytes) {
        this.to = to;
        this.sectorBytes = sectorBytes;
        position = sectorBytes;
    }

    /// @param to empty
    /// @return how many entries it has
    public static long run(Journal journal, SeekableByteChannel to) throws DiskException, IOException {
        var export = new WriteLogExport(to, journal.header().logicalBlockBytes());
        try {
            journal.scan((_, entry, data) -> export.entry(entry, data));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        export.finish();
        return export.entries;
    }

    private void entry(Entry entry, MemorySegment data) {
        if (entry.is(EntryKind.WRITE)) {
            put(item(entry, 0), data);
        } else if (entry.is(EntryKind.ZEROES)) {
            put(item(entry, 0), MemorySegment.NULL);
            position += entry.length();
        } else if (entry.is(EntryKind.DISCARD)) {
            put(item(entry, WriteLog.DISCARD), MemorySegment.NULL);
        } else if (entry.is(EntryKind.FLUSH)) {
            put(new WriteLog.Item(0, 0, WriteLog.FLUSH, 0), MemorySegment.NULL);
        } else if (entry.is(EntryKind.MARK)) {
            mark(data);
        }
    }

    private WriteLog.Item item(Entry entry, int flags) {
        return new WriteLog.Item(entry.offset() / sectorBytes, entry.length() / sectorBytes, flags, 0);
    }

    /// What is longer than there is room for is cut.
    private void mark(MemorySegment name) {
        int bytes = (int) Math.min(name.byteSize(), sectorBytes - WriteLog.HEADER_BYTES);
        ByteBuffer sector = new WriteLog.Item(0, 0, WriteLog.MARK, bytes).encode(sectorBytes);
        sector.put(name.asSlice(0, bytes).asByteBuffer());
        write(sector.rewind());
        entries++;
    }

    private void put(WriteLog.Item item, MemorySegment data) {
        write(item.encode(sectorBytes).rewind());
        write(data.asByteBuffer());
        entries++;
    }

    private void write(ByteBuffer bytes) {
        try {
            to.position(position);
            while (bytes.hasRemaining()) {
                position += to.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void finish() throws IOException {
        if (to.size() < position) { // it ends in a hole
            to.position(position - 1).write(ByteBuffer.allocate(1));
        }
        to.position(0);
        for (ByteBuffer bytes = new WriteLog.Beginning(entries, sectorBytes).encode(); bytes.hasRemaining(); ) {
            to.write(bytes);
        }
    }
}
