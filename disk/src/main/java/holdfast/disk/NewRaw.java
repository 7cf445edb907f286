package holdfast.disk;

import holdfast.block.NewFile;
import holdfast.block.OperatorError;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// A raw disk that is being made, sparse: it reads as zeros where nothing was written. It is removed when it is closed before
/// [#finish].
public final class NewRaw implements AutoCloseable {
    private static final int SECTOR_BYTES = 512;

    private final NewFile file;

    private NewRaw(NewFile file) {
        this.file = file;
    }

    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static void create(Path path, long sizeBytes) {
        try (NewRaw made = begin(path, sizeBytes)) {
            made.finish();
        }
    }

    /// @param sizeBytes a multiple of 512
    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    static NewRaw begin(Path path, long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes % SECTOR_BYTES != 0) {
            throw new OperatorError("a raw disk", "has whole sectors of 512 bytes, not " + sizeBytes + " bytes", "choose another size");
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

    /// @throws OperatorError when it cannot be written
    void write(long offset, MemorySegment from) {
        file.attempt(disk -> disk.write(offset, from));
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
