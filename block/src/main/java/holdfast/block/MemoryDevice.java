package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/// A disk in memory: sparse, so that it may be larger than memory, and gone with the process. It does every request on the
/// caller's thread before submit returns.
public final class MemoryDevice implements BlockDevice {
    private static final int PAGE_BYTES = 4096;

    private final Geometry geometry;
    private final Underway underway;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private TreeMap<Long, Page> pages = new TreeMap<>();

    /// Whose pages may be written to. Those of anybody else are shared with a copy, and stay as they are.
    private Object owner = new Object();

    private record Page(byte[] bytes, Object owner) {}

    /// An empty disk of 512-byte blocks.
    public MemoryDevice(ByteSize size) {
        this(new Geometry(size.bytes(), 512, 512, false, false, true, true, 64));
    }

    /// An empty disk of any shape. What the shape says of durability is for tests to make use of.
    public MemoryDevice(Geometry geometry) {
        this.geometry = geometry;
        underway = new Underway("memory disk", geometry.queueDepth());
    }

    /// A disk of the same shape with the same content, apart from this one from now on. Of its content nothing is copied until one of both
    /// writes to it.
    public MemoryDevice copy() {
        var copy = new MemoryDevice(geometry);
        lock.writeLock().lock();
        try {
            owner = new Object();
            copy.pages = new TreeMap<>(pages);
        } finally {
            lock.writeLock().unlock();
        }
        return copy;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public void submit(Request request) {
        underway.enter();
        IoStatus status = geometry.admits(request);
        if (status == IoStatus.OK) {
            execute(request);
        }
        underway.finish(request, status);
    }

    private void execute(Request request) {
        switch (request) {
            case Request.Read read -> read(read.offset(), read.into());
            case Request.Write write -> write(write.offset(), write.from());
            case Request.Flush _ -> {}
            case Request.Discard discard -> clear(discard.offset(), discard.length());
            case Request.WriteZeroes zeroes -> clear(zeroes.offset(), zeroes.length());
            case Request.Extents extents -> extents(extents);
        }
    }

    void read(long offset, MemorySegment into) {
        lock.readLock().lock();
        try {
            for (long done = 0; done < into.byteSize(); ) {
                int within = (int) ((offset + done) % PAGE_BYTES);
                long step = Math.min(PAGE_BYTES - within, into.byteSize() - done);
                Page page = pages.get((offset + done) / PAGE_BYTES);
                MemorySegment part = into.asSlice(done, step);
                if (page == null) {
                    part.fill((byte) 0);
                } else {
                    part.copyFrom(MemorySegment.ofArray(page.bytes).asSlice(within, step));
                }
                done += step;
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    void write(long offset, MemorySegment from) {
        lock.writeLock().lock();
        try {
            for (long done = 0; done < from.byteSize(); ) {
                int within = (int) ((offset + done) % PAGE_BYTES);
                long step = Math.min(PAGE_BYTES - within, from.byteSize() - done);
                Page page = pages.compute((offset + done) / PAGE_BYTES, (_, there) -> own(there));
                MemorySegment.ofArray(page.bytes).asSlice(within, step).copyFrom(from.asSlice(done, step));
                done += step;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private Page own(@Nullable Page page) {
        if (page == null) {
            return new Page(new byte[PAGE_BYTES], owner);
        }
        return page.owner.equals(owner) ? page : new Page(page.bytes.clone(), owner);
    }

    void clear(long offset, long length) {
        lock.writeLock().lock();
        try {
            long end = offset + length;
            long firstWhole = (offset + PAGE_BYTES - 1) / PAGE_BYTES;
            long endWhole = end / PAGE_BYTES;
            if (firstWhole < endWhole) {
                pages.subMap(firstWhole, endWhole).clear();
                clearPart(offset, firstWhole * PAGE_BYTES);
                clearPart(endWhole * PAGE_BYTES, end);
            } else {
                long boundary = Math.min(end, firstWhole * PAGE_BYTES);
                clearPart(offset, boundary);
                clearPart(boundary, end);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /// Within one page.
    private void clearPart(long offset, long end) {
        Page page = offset < end ? pages.computeIfPresent(offset / PAGE_BYTES, (_, there) -> own(there)) : null;
        if (page != null) {
            int within = (int) (offset % PAGE_BYTES);
            MemorySegment.ofArray(page.bytes).asSlice(within, end - offset).fill((byte) 0);
        }
    }

    private void extents(Request.Extents request) {
        lock.readLock().lock();
        try {
            long end = request.offset() + request.length();
            for (long at = request.offset(); at < end; ) {
                boolean allocated = pages.containsKey(at / PAGE_BYTES);
                long until = Math.min(end, allocated ? runEnd(at) : holeEnd(at));
                request.extents().accept(new Extent(at, until - at, allocated, !allocated));
                at = until;
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    private long runEnd(long at) {
        long page = at / PAGE_BYTES;
        while (pages.containsKey(page)) {
            page++;
        }
        return page * PAGE_BYTES;
    }

    private long holeEnd(long at) {
        Long next = pages.higherKey(at / PAGE_BYTES);
        return next == null ? geometry.sizeBytes() : next * PAGE_BYTES;
    }

    @Override
    public Cancellation cancel(Request request) {
        return Cancellation.DONE;
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    @Override
    public void close() {
        underway.close();
    }
}
