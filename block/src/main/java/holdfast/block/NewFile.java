package holdfast.block;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// A file for a disk that is being made. It is removed when it is closed before [#finish], so that what could not be made
/// leaves nothing behind.
public final class NewFile implements AutoCloseable {
    private final Path path;
    private final RawFile file;
    private final Blocking disk;
    private boolean finished;

    private NewFile(Path path, RawFile file) {
        this.path = path;
        this.file = file;
        disk = new Blocking(file);
    }

    /// Makes it, and opens it.
    ///
    /// @param bytes how many zeros it begins with, at least a sector
    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static NewFile begin(Path path, int bytes) {
        reserveName(path, bytes);
        try {
            return new NewFile(path, RawFile.open(path, Access.READ_WRITE));
        } catch (RuntimeException e) {
            remove(path);
            throw e;
        }
    }

    private static void reserveName(Path path, int bytes) {
        boolean made = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            made = true;
            channel.write(ByteBuffer.allocate(1), bytes - 1);
        } catch (FileAlreadyExistsException e) {
            throw new OperatorError(path.toString(), "is there already", "remove it first, or choose another name");
        } catch (NoSuchFileException e) {
            throw new OperatorError(path.toString(), "there is no such directory", "make it first");
        } catch (IOException e) {
            if (made) {
                remove(path);
            }
            throw new OperatorError(path.toString(), "cannot be made (" + reason(e) + ")", "choose another place");
        }
    }

    private static @Nullable String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException named -> named.getReason();
            default -> e.getMessage();
        };
    }

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The file, which is closed with this.
    public RawFile file() {
        return file;
    }

    /// What is done to the file.
    public interface Work {
        void run(Blocking file) throws DiskException;
    }

    /// @throws OperatorError when it cannot be written
    public void attempt(Work work) {
        try {
            work.run(disk);
        } catch (DiskException e) {
            boolean full = e.status() == IoStatus.NO_SPACE;
            throw new OperatorError(
                    path.toString(),
                    full ? "there is no room for it" : "cannot be written (" + e.status() + ")",
                    full ? "make room, or choose another place" : "look after the storage it is on");
        }
    }

    /// Writes to it, on the caller's thread.
    ///
    /// @throws OperatorError when it cannot be written
    public void write(long offset, MemorySegment from) {
        attempt(_ -> file.writeHere(offset, from));
    }

    /// Makes it durable, and stay.
    ///
    /// @throws OperatorError when it cannot be written
    public void finish() {
        attempt(Blocking::flush);
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
