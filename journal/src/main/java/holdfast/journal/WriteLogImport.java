package holdfast.journal;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Does to a protected disk what a [WriteLog] says was done to another one: changes, flushes and marks, in their order.
public final class WriteLogImport {
    private static final int PART_BYTES = 256 << 10;

    private final SeekableByteChannel from;
    private final String name;
    private final JournaledDisk disk;
    private final int sectorBytes;

    private WriteLogImport(SeekableByteChannel from, String name, JournaledDisk disk, int sectorBytes) {
        this.from = from;
        this.name = name;
        this.disk = disk;
        this.sectorBytes = sectorBytes;
    }

    /// @param from at its beginning
    /// @param name of the log, for messages
    /// @return how many entries it had
    /// @throws OperatorError when it is no such log, or not one of a disk like this one; what is before that has been done
    public static long run(SeekableByteChannel from, String name, JournaledDisk disk) throws DiskException, IOException {
        WriteLog.Beginning beginning = WriteLog.Beginning.parse(read(from, WriteLog.SUPER_BYTES, name));
        if (beginning == null) {
            throw new OperatorError(name, "is no log of dm-log-writes", "name one that dm-log-writes, or QEMU's blklogwrites, has written");
        }
        Geometry geometry = disk.geometry();
        if (beginning.sectorBytes() % geometry.logicalBlockBytes() != 0) {
            throw new OperatorError(
                    name, "has sectors of " + beginning.sectorBytes() + " bytes, and the disk blocks of " + geometry.logicalBlockBytes(), "use another disk");
        }
        var log = new WriteLogImport(from, name, disk, beginning.sectorBytes());
        from.position(beginning.sectorBytes());
        for (long i = 0; i < beginning.entries(); i++) {
            log.entry(i);
        }
        new Blocking(disk).flush();
        return beginning.entries();
    }

    private void entry(long number) throws DiskException, IOException {
        ByteBuffer sector = read(from, sectorBytes, name);
        WriteLog.Item item = WriteLog.Item.parse(sector);
        boolean inside = item.sectors() >= 0
                && item.sector() >= 0
                && item.sectors() <= disk.geometry().sizeBytes() / sectorBytes
                && item.sector() <= disk.geometry().sizeBytes() / sectorBytes - item.sectors();
        if (!inside || item.markBytes() < 0 || item.markBytes() > sectorBytes - WriteLog.HEADER_BYTES) {
            throw new OperatorError(name, "has an entry, number " + number + ", of what the disk does not have", "use a disk as large as the log's");
        }
        var blocking = new Blocking(disk);
        if (item.is(WriteLog.FLUSH)) {
            blocking.flush();
        }
        long offset = item.sector() * sectorBytes;
        long length = item.sectors() * sectorBytes;
        if (item.is(WriteLog.MARK)) {
            byte[] mark = Arrays.copyOfRange(sector.array(), WriteLog.HEADER_BYTES, WriteLog.HEADER_BYTES + (int) item.markBytes());
            disk.mark(new String(mark, StandardCharsets.UTF_8));
        } else if (item.is(WriteLog.DISCARD)) {
            blocking.discard(offset, length);
        } else {
            write(blocking, offset, length);
        }
        if (item.is(WriteLog.FORCED)) {
            blocking.flush();
        }
    }

    private void write(Blocking blocking, long offset, long length) throws DiskException, IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(Math.max(1, Math.min(PART_BYTES, length)));
            for (long at = 0; at < length; at += PART_BYTES) {
                int bytes = (int) Math.min(PART_BYTES, length - at);
                MemorySegment.copy(MemorySegment.ofBuffer(read(from, bytes, name)), 0, buffer, 0, bytes);
                blocking.write(offset + at, buffer.asSlice(0, bytes));
            }
        }
    }

    private static ByteBuffer read(SeekableByteChannel from, int bytes, String name) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (from.read(buffer) < 0) {
                throw new OperatorError(name, "ends in the midst of its entries", "restore it from a copy");
            }
        }
        return buffer.rewind();
    }
}
