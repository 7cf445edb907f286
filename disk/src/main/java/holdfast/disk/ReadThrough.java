package holdfast.disk;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.LayeredRequests;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A disk that is still arriving, seen without anything being stored: what is here in the storage, and the rest at the repository.
record ReadThrough(Blocking storage, PresenceMap map, Repository repository, int blockBytes) {
    private static final int EXTENTS_MAX = 1024;

    /// What is not here goes by, and is not kept.
    void read(Request.Read read, LayeredRequests.Turn turn) throws DiskException {
        long deadline = System.nanoTime() + repository.patience().limit().toNanos();
        long first = read.offset() / blockBytes;
        long end = read.offset() + read.into().byteSize();
        var parts = new ArrayList<Part>();
        long at = first;
        for (PresenceMap.Run run : map.runs(first, blockAfter(end))) {
            long from = Math.max(read.offset(), at * blockBytes);
            long to = Math.min(end, run.end() * blockBytes);
            boolean here = run.state() != PresenceMap.State.ABSENT;
            parts.add(new Part(from, to, here ? null : repository.read(from, to - from, deadline)));
            at = run.end();
        }
        turn.take();
        for (Part part : parts) {
            MemorySegment into = read.into().asSlice(part.from - read.offset(), part.to - part.from);
            if (part.content == null) {
                storage.read(part.from, into);
            } else {
                into.copyFrom(part.content);
            }
        }
    }

    /// @param content null for what is here
    private record Part(long from, long to, @Nullable MemorySegment content) {}

    void extents(Request.Extents request) throws DiskException {
        long end = request.offset() + request.length();
        long at = request.offset();
        for (int count = 0; at < end && count < EXTENTS_MAX; count++) {
            PresenceMap.Run run = map.run(at / blockBytes, blockAfter(end));
            long from = at;
            long length = Math.min(end, run.end() * blockBytes) - from;
            if (run.state() != PresenceMap.State.ABSENT) {
                storage.extents(from, length).forEach(below -> request.extents().accept(new Extent(below.offset(), below.length(), true, below.readsZero())));
                at = from + length;
            } else {
                List<Extent> there = repository.extents(from, length).orElse(List.of(new Extent(from, length, true, false)));
                there.forEach(each -> request.extents().accept(new Extent(each.offset(), each.length(), false, each.readsZero())));
                at = there.getLast().end();
            }
        }
    }

    private long blockAfter(long byteEnd) {
        return Math.ceilDiv(byteEnd, (long) blockBytes);
    }
}
