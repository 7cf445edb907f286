package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.vhdx.NewVhdx;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Copies the content of a disk into a new file of any format. What is zero takes no room there, whether the source says so
/// or it is found by looking.
public final class DiskCopy {
    private static final int STEP_BYTES = 1 << 20;
    private static final long WINDOW_BYTES = 1L << 30;

    /// What is looked at as a whole: what file systems allocate and caches hold, several times over.
    private static final int CHUNK_BYTES = 64 << 10;

    private static final MemorySegment ZEROS = Arena.global().allocate(CHUNK_BYTES);

    private DiskCopy() {}

    /// Throws [OperatorError] when it fails.
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

    private static void transfer(BlockDevice source, String name, Sink sink) {
        var disk = new Blocking(source);
        long size = source.geometry().sizeBytes();
        try (Arena arena = Arena.ofShared();
                var reading = new Reading(source, arena.allocate(Reading.BYTES))) {
            for (long at = 0; at < size; at += WINDOW_BYTES) {
                long from = at;
                for (Extent run : reading(name, () -> disk.extents(from, Math.min(WINDOW_BYTES, size - from)))) {
                    for (long part = run.offset(); !run.readsZero() && part < run.end(); part += STEP_BYTES) {
                        long offset = part;
                        reading(name, () -> reading.next(offset, Math.min(STEP_BYTES, run.end() - offset))).ifPresent(before -> writeWhatIsNotZero(before, sink));
                    }
                }
            }
            for (Optional<Part> rest = reading(name, reading::oldest); rest.isPresent(); rest = reading(name, reading::oldest)) {
                writeWhatIsNotZero(rest.get(), sink);
            }
        }
    }

    /// What is read.
    private record Part(long offset, MemorySegment bytes, CompletableFuture<IoStatus> ended) {}

    /// Reads parts while one before is written.
    private static final class Reading implements AutoCloseable {
        /// How many are read at once: a source that has to put them together uses more than one processor for that.
        private static final int DEPTH = 4;

        static final long BYTES = (DEPTH + 1L) * STEP_BYTES;

        private final BlockDevice source;
        private final MemorySegment buffers;
        private final Deque<Part> underway = new ArrayDeque<>();
        private long buffer;

        /// @param buffers of [#BYTES]
        Reading(BlockDevice source, MemorySegment buffers) {
            this.source = source;
            this.buffers = buffers;
        }

        /// Begins to read a part.
        ///
        /// @return one before, which is whole until this is called again
        Optional<Part> next(long offset, long length) throws DiskException {
            Optional<Part> before = underway.size() < DEPTH ? Optional.empty() : oldest();
            var begun = new Part(offset, buffers.asSlice(buffer, length), new CompletableFuture<>());
            buffer = (buffer + STEP_BYTES) % BYTES;
            underway.add(begun);
            source.submit(new Request.Read(offset, begun.bytes, (_, status) -> begun.ended.complete(status)));
            return before;
        }

        /// @return the first of those that have not been returned; empty when all have
        Optional<Part> oldest() throws DiskException {
            Part part = underway.poll();
            if (part != null && part.ended.join() != IoStatus.OK) {
                throw new DiskException("Read", part.ended.join());
            }
            return Optional.ofNullable(part);
        }

        /// The buffers are nobody's then.
        @Override
        public void close() {
            underway.forEach(part -> part.ended.join());
        }
    }

    /// In runs as long as can be.
    private static void writeWhatIsNotZero(Part read, Sink sink) {
        MemorySegment part = read.bytes;
        long offset = read.offset;
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

    private static <T> T reading(String name, Work<T> work) {
        try {
            return work.run();
        } catch (DiskException e) {
            throw new OperatorError(name, "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
    }
}
