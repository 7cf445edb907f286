package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A file as it will be when its log has been replayed, without a change of the file: what the log writes is kept in memory and
/// read instead. At most the log's size of it.
final class ReplayedStore implements BlockDevice {
    private final BlockDevice file;
    private final Geometry geometry;
    private final TreeMap<Long, Patch> patches = new TreeMap<>();

    /// @param data none: zeros
    private record Patch(long end, byte[] data) {
        boolean zeros() {
            return data.length == 0;
        }
    }

    /// @param entries oldest first, at least one
    ReplayedStore(BlockDevice file, List<LogEntry> entries) throws Refusal {
        this.file = file;
        LogEntry head = entries.getLast();
        Geometry below = file.geometry();
        if (head.flushedFileOffset() < 0 || head.flushedFileOffset() > below.sizeBytes()) {
            throw Refusal.damaged("its log goes with a file of " + Long.toUnsignedString(head.flushedFileOffset())
                    + " bytes, and it has " + below.sizeBytes());
        }
        if (head.lastFileOffset() < 0 || head.lastFileOffset() > VhdxFile.FILE_BYTES_MAX) {
            throw Refusal.damaged("its log makes it " + Long.toUnsignedString(head.lastFileOffset()) + " bytes long");
        }
        for (LogEntry entry : entries) {
            for (LogEntry.Write write : entry.writes()) {
                switch (write) {
                    case LogEntry.Write.Data(long offset, byte[] bytes) -> put(offset, offset + bytes.length, bytes);
                    case LogEntry.Write.Zeros(long offset, long length) -> put(offset, offset + length, new byte[0]);
                }
            }
        }
        long size = Math.max(below.sizeBytes(), head.lastFileOffset() / LogEntry.SECTOR_BYTES * LogEntry.SECTOR_BYTES);
        geometry = new Geometry(
                size, below.logicalBlockBytes(), below.physicalBlockBytes(), true, below.durable(), false, false,
                below.queueDepth());
    }

    private void put(long from, long to, byte[] data) {
        cut(from);
        cut(to);
        patches.subMap(from, to).clear();
        patches.put(from, new Patch(to, data));
    }

    /// Only zeros are ever cut: data is a sector, and all begins and ends with one.
    private void cut(long at) {
        Map.Entry<Long, Patch> before = patches.lowerEntry(at);
        if (before != null && before.getValue().end > at) {
            patches.put(at, before.getValue());
            patches.put(before.getKey(), new Patch(at, before.getValue().data));
        }
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public void submit(Request request) {
        IoStatus admitted = geometry.admits(request);
        if (admitted != IoStatus.OK) {
            request.complete(admitted);
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Extents extents -> extents(extents);
            case Request.Flush _, Request.Write _, Request.Discard _, Request.WriteZeroes _ -> file.submit(request);
        }
    }

    /// What the file has, as far as it goes, and over it what the log has.
    private void read(Request.Read read) {
        MemorySegment into = read.into();
        long inFile = Math.clamp(file.geometry().sizeBytes() - read.offset(), 0, into.byteSize());
        if (inFile == into.byteSize() && !touches(read.offset(), read.offset() + inFile)) {
            file.submit(read);
            return;
        }
        file.submit(new Request.Read(inFile == 0 ? 0 : read.offset(), into.asSlice(0, inFile), (_, status) -> {
            into.asSlice(inFile).fill((byte) 0);
            patch(read.offset(), into);
            read.complete(status);
        }));
    }

    private boolean touches(long from, long to) {
        Map.Entry<Long, Patch> last = patches.lowerEntry(to);
        return last != null && last.getValue().end > from;
    }

    private void patch(long offset, MemorySegment into) {
        long end = offset + into.byteSize();
        Long first = patches.floorKey(offset);
        for (var each : patches.subMap(first == null ? offset : first, end).entrySet()) {
            long from = Math.max(offset, each.getKey());
            long to = Math.min(end, each.getValue().end);
            if (from < to) {
                MemorySegment part = into.asSlice(from - offset, to - from);
                if (each.getValue().zeros()) {
                    part.fill((byte) 0);
                } else {
                    part.copyFrom(MemorySegment.ofArray(each.getValue().data).asSlice(from - each.getKey(), to - from));
                }
            }
        }
    }

    private void extents(Request.Extents request) {
        long end = request.offset() + request.length();
        if (end > file.geometry().sizeBytes() || touches(request.offset(), end)) {
            request.extents().accept(new Extent(request.offset(), request.length(), true, false));
            request.complete(IoStatus.OK);
        } else {
            file.submit(request);
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        return file.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return file.drain(deadlineNanos);
    }

    @Override
    public void close() {
        file.close();
    }
}
