package holdfast.block;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;

/// Overlays in files: a disk that begins as a copy of an image, takes room for what is written alone, and leaves the image
/// as it is.
///
/// Each method takes over the base: closing the overlay closes it. When a method throws, the base is the caller's still.
public final class ScratchDisk {
    private static final String TEMPORARY = "scratch-";

    private ScratchDisk() {}

    /// What is known of a kept overlay without opening its base.
    ///
    /// @param baseName as it was called when the overlay was made
    /// @param size of the disk
    public record Description(String baseName, ByteSize size) {}

    /// A disk that is gone when it is closed, or when the program ends in whatever way: its file has no name.
    ///
    /// @param directory on a file system with room for what will be written
    /// @throws OperatorError when no file can be made there
    public static BlockDevice temporary(BlockDevice base, Path directory) {
        removeAbandoned(directory, TEMPORARY);
        Path path = directory.resolve(TEMPORARY + UUID.randomUUID());
        RawFile device = create(path, base);
        try {
            Files.delete(path);
            OverlayStore store = OverlayStore.format(base, "", device, path.toString(), UUID.randomUUID());
            return new Overlay(base, store, false);
        } catch (IOException e) {
            device.close();
            throw cannotMake(path, String.valueOf(e.getMessage()));
        }
    }

    /// Makes a disk that is kept in a file, readable by its owner alone. The file appears under its name when it is whole.
    ///
    /// @param baseName what to call the base when it cannot be found later: an image's name, a path
    /// @throws OperatorError when there is something at this path, or no file can be made there
    public static BlockDevice create(BlockDevice base, String baseName, Path path) {
        if (base.identity().isEmpty()) {
            throw new OperatorError(
                    baseName, "cannot be the base of a disk that is kept, as a block device has no identity", "use a file");
        }
        if (Files.exists(path)) {
            throw alreadyThere(path);
        }
        String prefix = "." + path.getFileName() + ".new-";
        Path unfinished = path.resolveSibling(prefix + UUID.randomUUID());
        removeAbandoned(Objects.requireNonNullElse(path.getParent(), Path.of("")), prefix);
        try (RawFile device = create(unfinished, base)) {
            OverlayStore.format(base, baseName, device, path.toString(), UUID.randomUUID());
            Files.createLink(path, unfinished);
        } catch (FileAlreadyExistsException _) {
            throw alreadyThere(path);
        } catch (IOException e) {
            throw cannotMake(path, String.valueOf(e.getMessage()));
        } finally {
            remove(unfinished);
        }
        syncDirectory(path);
        return open(base, path);
    }

    /// Opens a disk that was kept.
    ///
    /// @throws OperatorError when it is not there, no overlay, in use, or its base has changed
    public static BlockDevice open(BlockDevice base, Path path) {
        RawFile device = RawFile.open(path, Access.READ_WRITE);
        try {
            OverlayStore store = OverlayStore.read(device, path.toString());
            store.checkBase(base);
            return new Overlay(base, store, true);
        } catch (DiskException e) {
            device.close();
            throw unreadable(path, e);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    /// Tells a kept disk that its base is now `base`, which must have the same content as the old one: for a base that
    /// was copied or restored, or whose time of modification was touched. The base stays the caller's.
    ///
    /// @throws OperatorError when it is not there, no overlay, in use, or the base is of another size
    public static void accept(BlockDevice base, String baseName, Path path) {
        try (RawFile device = RawFile.open(path, Access.READ_WRITE)) {
            OverlayStore.read(device, path.toString()).accept(base, baseName);
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// @throws OperatorError when it is not there, no overlay, or in use
    public static Description describe(Path path) {
        try (RawFile device = RawFile.open(path, Access.READ_ONLY)) {
            OverlayHeader header = OverlayStore.read(device, path.toString()).header();
            return new Description(header.baseName(), new ByteSize(header.sizeBytes()));
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// Removes what programs that were killed have left here. A file that somebody is making is locked as soon as it is not empty.
    private static void removeAbandoned(Path directory, String prefix) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, file -> String.valueOf(file.getFileName()).startsWith(prefix))) {
            for (Path file : files) {
                if (Files.size(file) > 0) {
                    removeUnlessInUse(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Nothing has been made yet. What is wrong with the directory is said when that is tried.
            System.getLogger(ScratchDisk.class.getName()).log(System.Logger.Level.DEBUG, directory + ": not cleaned", e);
        }
    }

    private static void removeUnlessInUse(Path file) {
        try (RawFile _ = RawFile.open(file, Access.READ_WRITE)) {
            remove(file);
        } catch (OperatorError inUse) {
            System.getLogger(ScratchDisk.class.getName()).log(System.Logger.Level.DEBUG, inUse.getMessage());
        }
    }

    /// A sparse file of the size that an overlay over this base needs, locked while it is open.
    private static RawFile create(Path path, BlockDevice base) {
        try {
            OpenFile file = OpenFile.create(path);
            try {
                return sized(file, OverlayStore.bytesFor(base));
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

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            System.getLogger(ScratchDisk.class.getName()).log(System.Logger.Level.WARNING, path + ": not removed", e);
        }
    }

    /// Makes a name durable.
    private static void syncDirectory(Path path) {
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

    private static OperatorError cannotMake(Path path, String reason) {
        return new OperatorError(
                path.toString(), "cannot be made: " + reason, "check that the directory is there, writable and not full");
    }

    private static OperatorError unreadable(Path path, DiskException e) {
        return new OperatorError(path.toString(), "cannot be read: " + e.status(), "see the host's log for its storage");
    }
}
