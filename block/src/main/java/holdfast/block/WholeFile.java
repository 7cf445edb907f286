package holdfast.block;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;

/// Files of ours that are whole or not there, each locked from the moment it is there. What a killed
/// program has left unfinished is removed when the next one of that name is made.
public final class WholeFile {
    private static final System.Logger LOG = System.getLogger(WholeFile.class.getName());

    private WholeFile() {}

    /// What is written into a file that reads as zeros.
    public interface Content {
        void write(RawFile device) throws DiskException;
    }

    /// Makes a file, durably. After a power cut there is a whole one or none.
    ///
    /// @param permissions as of `open(2)`, before the umask
    /// @throws OperatorError when there is something at this path, or no file can be made there
    public static void make(Path path, long bytes, int permissions, Content content) throws DiskException {
        if (Files.exists(path)) {
            throw alreadyThere(path);
        }
        String prefix = "." + path.getFileName() + ".new-";
        Path unfinished = path.resolveSibling(prefix + UUID.randomUUID());
        removeAbandoned(Objects.requireNonNullElse(path.getParent(), Path.of("")), prefix);
        try (RawFile device = open(unfinished, bytes, permissions)) {
            content.write(device);
            Files.createLink(path, unfinished);
        } catch (FileAlreadyExistsException _) {
            throw alreadyThere(path);
        } catch (DiskException e) {
            throw e;
        } catch (IOException e) {
            throw cannotMake(path, String.valueOf(e.getMessage()));
        } finally {
            remove(unfinished);
        }
        syncDirectory(path);
    }

    /// A new sparse file, locked while it is open.
    ///
    /// @throws OperatorError when it cannot be made; nothing is left then
    static RawFile open(Path path, long bytes, int permissions) {
        try {
            OpenFile file = OpenFile.create(path, permissions);
            try {
                return sized(file, bytes);
            } catch (RuntimeException e) {
                file.close();
                remove(path);
                throw e;
            }
        } catch (SystemError e) {
            throw cannotMake(path, Posix.message(e.errno()));
        }
    }

    private static RawFile sized(OpenFile file, long bytes) {
        ImageLock.take(file, Access.READ_WRITE);
        int result = file.truncate(bytes);
        if (result < 0) {
            throw cannotMake(file.path(), Posix.message(-result));
        }
        return RawFile.of(file, Access.READ_WRITE, null);
    }

    /// Removes what programs that were killed have left here. A file that somebody is making is locked as soon as it is not empty.
    static void removeAbandoned(Path directory, String prefix) {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(directory, file -> String.valueOf(file.getFileName()).startsWith(prefix))) {
            for (Path file : files) {
                if (Files.size(file) > 0) {
                    removeUnlessInUse(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Nothing has been made yet. What is wrong with the directory is said when that is tried.
            LOG.log(System.Logger.Level.DEBUG, directory + ": not cleaned", e);
        }
    }

    private static void removeUnlessInUse(Path file) {
        try (RawFile _ = RawFile.open(file, Access.READ_WRITE)) {
            remove(file);
        } catch (OperatorError inUse) {
            LOG.log(System.Logger.Level.DEBUG, inUse.getMessage());
        }
    }

    static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, path + ": not removed", e);
        }
    }

    /// Makes a name durable, or that it is gone.
    public static void syncDirectory(Path path) {
        Path directory = path.toAbsolutePath().getParent();
        try (OpenFile opened = OpenFile.open(directory == null ? path : directory, Posix.O_RDONLY)) {
            opened.sync();
        } catch (SystemError e) {
            throw cannotMake(path, Posix.message(e.errno()));
        }
    }

    private static OperatorError alreadyThere(Path path) {
        return new OperatorError(path.toString(), "is already there", "choose another name, or remove it");
    }

    static OperatorError cannotMake(Path path, String reason) {
        return new OperatorError(
                path.toString(), "cannot be made: " + reason, "check that the directory is there, writable and not full");
    }
}
