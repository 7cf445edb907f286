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

/// Copies the content of a disk into a new file of any format. What is zero takes no room there, whether the source says so
/// or it is found by looking.
public final class DiskCopy {
    private static final int STEP_BYTES = 4 << 20;
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
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(STEP_BYTES);
            for (long at = 0; at < size; at += WINDOW_BYTES) {
                long from = at;
                for (Extent run : reading(name, () -> disk.extents(from, Math.min(WINDOW_BYTES, size - from)))) {
                    if (!run.readsZero()) {
                        transfer(disk, name, run, buffer, sink);
                    }
                }
            }
        }
    }

    private static void transfer(Blocking disk, String name, Extent run, MemorySegment buffer, Sink sink) {
        for (long at = run.offset(); at < run.end(); at += STEP_BYTES) {
            long from = at;
            MemorySegment part = buffer.asSlice(0, Math.min(STEP_BYTES, run.end() - at));
            reading(name, () -> {
                disk.read(from, part);
                return part;
            });
            writeWhatIsNotZero(part, from, sink);
        }
    }

    /// In runs as long as can be.
    private static void writeWhatIsNotZero(MemorySegment part, long offset, Sink sink) {
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
