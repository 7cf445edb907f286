package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A raw disk that is being made, sparse: it reads as zeros where nothing was written. It is removed when it is closed before
/// [#finish].
public final class NewRaw implements AutoCloseable {
    private static final int SECTOR_BYTES = 512;

    private final Path path;
    private final RawFile file;
    private final Blocking disk;
    private boolean finished;

    private NewRaw(Path path, RawFile file) {
        this.path = path;
        this.file = file;
        disk = new Blocking(file);
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
        reserveName(path);
        try {
            RawFile file = RawFile.open(path, Access.READ_WRITE);
            try {
                file.grow(sizeBytes);
                return new NewRaw(path, file);
            } catch (RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (RuntimeException e) {
            remove(path);
            throw e;
        }
    }

    private static void reserveName(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), SECTOR_BYTES - 1);
        } catch (FileAlreadyExistsException e) {
            throw new OperatorError(path.toString(), "is there already", "remove it first, or choose another name");
        } catch (NoSuchFileException e) {
            throw new OperatorError(path.toString(), "there is no such directory", "make it first");
        } catch (IOException e) {
            throw new OperatorError(path.toString(), "cannot be made (" + e.getMessage() + ")", "choose another place");
        }
    }

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Work {
        void run() throws DiskException;
    }

    private void attempt(Work work) {
        try {
            work.run();
        } catch (DiskException e) {
            boolean full = e.status() == IoStatus.NO_SPACE;
            throw new OperatorError(
                    path.toString(),
                    full ? "there is no room for it" : "cannot be written (" + e.status() + ")",
                    full ? "make room, or choose another place" : "look after the storage it is on");
        }
    }

    /// @throws OperatorError when it cannot be written
    void write(long offset, MemorySegment from) {
        attempt(() -> disk.write(offset, from));
    }

    /// Makes it durable, and stay.
    ///
    /// @throws OperatorError when it cannot be written
    void finish() {
        attempt(disk::flush);
        finished = true;
    }

    @Override
    public void close() {
        file.close();
        if (!finished) {
            remove(path);
        }
    }
}
