package holdfast.disk;

import holdfast.block.Blocking;
import holdfast.block.NewFile;
import holdfast.block.OperatorError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/// A raw disk that is being made, sparse: it reads as zeros where nothing was written. It is removed when it is closed before
/// [#finish].
public final class NewRaw implements AutoCloseable {
    private static final int SECTOR_BYTES = 512;
    private static final MemorySegment ZEROS = Arena.global().allocate(1 << 20, 4096);

    private final NewFile file;

    private NewRaw(NewFile file) {
        this.file = file;
    }

    /// How its space is taken.
    public enum Space {
        /// When it is written.
        AS_NEEDED,
        /// At once, and zeros are written to all of it.
        FULL,
        /// At once; a block is zeroed when it is first written. A file beside the disk says which have been.
        LAZY,
        /// The same, and of a block only what lies before the write is zeroed.
        LAZY_WATERMARK
    }

    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static void create(Path path, long sizeBytes, Space space) {
        try (NewRaw made = begin(path, sizeBytes)) {
            switch (space) {
                case AS_NEEDED -> {}
                case FULL -> made.writeZeros(sizeBytes);
                case LAZY -> made.beLazy(path, false);
                case LAZY_WATERMARK -> made.beLazy(path, true);
            }
            made.finish();
        }
    }

    private void writeZeros(long sizeBytes) {
        file.file().reserve();
        for (long at = 0; at < sizeBytes; at += ZEROS.byteSize()) {
            write(at, ZEROS.asSlice(0, Math.min(ZEROS.byteSize(), sizeBytes - at)));
        }
    }

    private void beLazy(Path path, boolean watermark) {
        file.file().reserve();
        file.attempt(Blocking::flush);
        DiskStack.createLazy(file.file(), path, watermark);
    }

    /// @param sizeBytes a multiple of 512
    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    static NewRaw begin(Path path, long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes % SECTOR_BYTES != 0) {
            throw new OperatorError("a raw disk", "has whole sectors of 512 bytes, not " + sizeBytes + " bytes", "choose another size");
        }
        if (Files.exists(DiskStack.descriptorOf(path))) {
            throw new OperatorError(
                    DiskStack.descriptorOf(path).toString(), "is there already, the descriptor of another " + path.getFileName(), "remove it first");
        }
        NewFile file = NewFile.begin(path, SECTOR_BYTES);
        try {
            file.file().grow(sizeBytes);
            return new NewRaw(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// As [NewFile#write].
    ///
    /// @throws OperatorError when it cannot be written
    void write(long offset, MemorySegment from) {
        file.write(offset, from);
    }

    /// Makes it durable, and stay.
    ///
    /// @throws OperatorError when it cannot be written
    void finish() {
        file.finish();
    }

    @Override
    public void close() {
        file.close();
    }
}
