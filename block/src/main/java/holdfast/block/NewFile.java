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
    /// What every file system takes that can be written past the host's cache: whole ones, wherever they are from.
    private static final int PAGE_BYTES = 4096;

    /// For less it does not pay to wait for storage.
    private static final int DIRECT_BYTES_MIN = 64 << 10;

    private final Path path;
    private final RawFile file;
    private final @Nullable OpenFile direct;
    private final Blocking disk;
    private volatile boolean refusesDirect;
    private boolean finished;

    private NewFile(Path path, RawFile file, @Nullable OpenFile direct) {
        this.path = path;
        this.file = file;
        this.direct = direct;
        disk = new Blocking(file);
    }

    /// Makes it, and opens it.
    ///
    /// @param bytes how many zeros it begins with, at least a sector
    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static NewFile begin(Path path, int bytes) {
        reserveName(path, bytes);
        try {
            return new NewFile(path, RawFile.open(path, Access.READ_WRITE), openDirect(path));
        } catch (RuntimeException e) {
            remove(path);
            throw e;
        }
    }

    /// @return null where the file system has no such way
    private static @Nullable OpenFile openDirect(Path path) {
        try {
            return OpenFile.open(path, Posix.O_RDWR | Posix.O_DIRECT);
        } catch (SystemError e) {
            return null;
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

    /// Writes to it, on the caller's thread: past the host's cache if it can be, since to take a page for it costs several times what storage
    /// takes to write it, and nobody reads it before it is finished. Any number of threads may.
    ///
    /// @param from best at a multiple of 4096, like the offset, and as long
    /// @throws OperatorError when it cannot be written
    public void write(long offset, MemorySegment from) {
        if (!wroteDirectly(offset, from)) {
            attempt(_ -> file.writeHere(offset, from));
        }
    }

    /// What fails is to be written the other way, and says there why.
    private boolean wroteDirectly(long offset, MemorySegment from) {
        boolean aligned = (offset | from.byteSize() | from.address()) % PAGE_BYTES == 0;
        boolean within = offset + from.byteSize() <= file.geometry().sizeBytes();
        if (direct == null || refusesDirect || !aligned || !within || from.byteSize() < DIRECT_BYTES_MIN) {
            return false;
        }
        boolean wrote = direct.write(from, offset, false) == from.byteSize();
        refusesDirect |= !wrote;
        return wrote;
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
        if (direct != null) {
            direct.close();
        }
        file.close();
        if (!finished) {
            remove(path);
        }
    }
}
