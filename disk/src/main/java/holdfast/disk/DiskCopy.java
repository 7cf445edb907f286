package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import holdfast.vhdx.NewVhdx;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Copies the content of a disk into a new file of any format. What is zero takes no room there, whether the source says so
/// or it is found by looking.
public final class DiskCopy {
    /// What one thread reads and writes at a time.
    private static final int PART_BYTES = 1 << 20;

    /// As many as keep storage busy: most of the time each waits for it.
    private static final int THREADS = 4;

    private static final int PAGE_BYTES = 4096;
    private static final long WINDOW_BYTES = 1L << 30;

    /// What is looked at as a whole: what file systems allocate and caches hold, several times over.
    private static final int CHUNK_BYTES = 64 << 10;

    private static final MemorySegment ZEROS = Arena.global().allocate(CHUNK_BYTES);

    private DiskCopy() {}

    /// Takes parts from any number of threads. Throws [OperatorError] when it fails.
    private interface Sink {
        void write(long offset, MemorySegment from);
    }

    private interface Work<T> {
        T run() throws DiskException;
    }

    /// @param name of the source, for messages
    /// @throws OperatorError when there is such a file already, or source or target fails; the target is removed then
    public static void copy(BlockDevice source, String name, Path target, DiskFormat format) {
        switch (format) {
            case RAW -> toRaw(source, name, target);
            case VHDX -> toVhdx(source, name, target);
        }
    }

    private static void toVhdx(BlockDevice source, String name, Path target) {
        var shape = new NewVhdx.Shape(
                source.geometry().sizeBytes(), NewVhdx.BLOCK_BYTES, source.geometry().logicalBlockBytes(), false);
        try (NewVhdx made = NewVhdx.begin(target, shape)) {
            transfer(source, name, made::write);
            made.finish();
        }
    }

    private static void toRaw(BlockDevice source, String name, Path target) {
        try (NewRaw made = NewRaw.begin(target, source.geometry().sizeBytes())) {
            transfer(source, name, made::write);
            made.finish();
        }
    }

    /// Each thread reads a part and writes it, so that source and target have something to do all the time.
    private static void transfer(BlockDevice source, String name, Sink sink) {
        try (Arena arena = Arena.ofShared();
                ExecutorService workers = Executors.newFixedThreadPool(THREADS, Thread.ofPlatform().name("copy").factory());
                var parts = new Parts(source, name)) {
            var ended = new ArrayList<Future<?>>();
            for (int i = 0; i < THREADS; i++) {
                MemorySegment buffer = arena.allocate(PART_BYTES, PAGE_BYTES);
                ended.add(workers.submit(() -> copy(parts, buffer, sink)));
            }
            for (Future<?> worker : ended) {
                worker.get();
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof OperatorError failure ? failure : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperatorError(name, "was not copied, since the program is ending", "copy it again");
        }
    }

    private static void copy(Parts parts, MemorySegment buffer, Sink sink) {
        try {
            for (Optional<Part> part = parts.next(); part.isPresent(); part = parts.next()) {
                writeWhatIsNotZero(part.get().offset, parts.read(part.get(), buffer), sink);
            }
        } catch (RuntimeException e) {
            parts.close(); // for the others too
            throw e;
        }
    }

    private record Part(long offset, long length) {}

    /// What of a disk is to be read, in its order.
    private static final class Parts implements AutoCloseable {
        private final Blocking disk;
        private final String name;
        private final long size;
        private final Deque<Extent> runs = new ArrayDeque<>();
        private long looked;
        private long at;
        private boolean ended;

        Parts(BlockDevice source, String name) {
            disk = new Blocking(source);
            this.name = name;
            size = source.geometry().sizeBytes();
        }

        /// @return empty when there are no more
        synchronized Optional<Part> next() {
            while (!ended && (!runs.isEmpty() || looked < size)) {
                if (runs.isEmpty()) {
                    look();
                } else if (runs.peek().readsZero() || runs.peek().end() <= at) {
                    at = Math.max(at, runs.remove().end());
                } else {
                    long from = Math.max(at, runs.peek().offset());
                    at = Math.min((from / PART_BYTES + 1) * PART_BYTES, runs.peek().end());
                    return Optional.of(new Part(from, at - from));
                }
            }
            return Optional.empty();
        }

        private void look() {
            long length = Math.min(WINDOW_BYTES, size - looked);
            runs.addAll(attempt(() -> disk.extents(looked, length)));
            looked += length;
        }

        /// There are no more from here on.
        @Override
        public synchronized void close() {
            ended = true;
        }

        /// @return as much of the buffer
        MemorySegment read(Part part, MemorySegment buffer) {
            MemorySegment into = buffer.asSlice(0, part.length);
            attempt(() -> {
                disk.read(part.offset, into);
                return into;
            });
            return into;
        }

        private <T> T attempt(Work<T> work) {
            try {
                return work.run();
            } catch (DiskException e) {
                throw new OperatorError(name, "cannot be read (" + e.status() + ")", "look after the storage it is on");
            }
        }
    }

    /// In runs as long as can be.
    private static void writeWhatIsNotZero(long offset, MemorySegment part, Sink sink) {
        long data = -1;
        for (long at = 0; at < part.byteSize(); at += CHUNK_BYTES) {
            long length = Math.min(CHUNK_BYTES, part.byteSize() - at);
            boolean zero = MemorySegment.mismatch(part, at, at + length, ZEROS, 0, length) < 0;
            if (!zero && data < 0) {
                data = at;
            } else if (zero && data >= 0) {
                sink.write(offset + data, part.asSlice(data, at - data));
                data = -1;
            }
        }
        if (data >= 0) {
            sink.write(offset + data, part.asSlice(data));
        }
    }
}
