package holdfast.image;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.Extent;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writes what a disk says into a sparse file.
public final class DiskCopy {
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int HOLE_BYTES = 64 << 10;

    private DiskCopy() {}

    public static void of(BlockDevice disk, Path file, Progress progress) throws IOException {
        var blocking = new Blocking(disk);
        long size = disk.geometry().sizeBytes();
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                Arena arena = Arena.ofShared()) {
            MemorySegment chunk = arena.allocate(CHUNK_BYTES, HOLE_BYTES);
            for (Extent extent : blocking.extents(0, size)) {
                for (long at = extent.offset(); at < extent.end() && !extent.readsZero(); at += CHUNK_BYTES) {
                    MemorySegment part = chunk.asSlice(0, Math.min(CHUNK_BYTES, extent.end() - at));
                    blocking.read(at, part);
                    write(out, part, at);
                    progress.bytes(at, size);
                }
            }
            extendTo(out, size);
        }
        progress.bytes(size, size);
    }

    private static void write(FileChannel out, MemorySegment part, long offset) throws IOException {
        for (long at = 0; at < part.byteSize(); at += HOLE_BYTES) {
            MemorySegment piece = part.asSlice(at, Math.min(HOLE_BYTES, part.byteSize() - at));
            if (!isZero(piece)) {
                ByteBuffer bytes = piece.asByteBuffer();
                for (long to = offset + at; bytes.hasRemaining(); ) {
                    to += out.write(bytes, to);
                }
            }
        }
    }

    private static boolean isZero(MemorySegment piece) {
        return piece.mismatch(MemorySegment.ofArray(new byte[(int) piece.byteSize()])) < 0;
    }

    private static void extendTo(FileChannel out, long size) throws IOException {
        if (out.size() < size) {
            out.write(ByteBuffer.wrap(new byte[1]), size - 1);
        }
    }
}
