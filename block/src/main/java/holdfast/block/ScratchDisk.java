package holdfast.block;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/// Overlays in files: a disk that begins as a copy of an image, takes room for what is written alone, and leaves the image
/// as it is.
///
/// Each method takes over the base: closing the overlay closes it. When a method throws, the base is the caller's still.
public final class ScratchDisk {
    private static final String TEMPORARY = "scratch-";
    private static final int OWNER_ALONE = 0b110_000_000;

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
        WholeFile.removeAbandoned(directory, TEMPORARY);
        Path path = directory.resolve(TEMPORARY + UUID.randomUUID());
        RawFile device = WholeFile.open(path, OverlayStore.bytesFor(base), OWNER_ALONE);
        try {
            Files.delete(path);
            OverlayStore store = OverlayStore.format(base, "", device, path.toString(), UUID.randomUUID());
            return new Overlay(base, store, false);
        } catch (IOException e) {
            device.close();
            throw WholeFile.cannotMake(path, String.valueOf(e.getMessage()));
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
        try {
            WholeFile.make(path, OverlayStore.bytesFor(base), OWNER_ALONE, device ->
                    OverlayStore.format(base, baseName, device, path.toString(), UUID.randomUUID()));
        } catch (DiskException e) {
            throw WholeFile.cannotMake(path, String.valueOf(e.getMessage()));
        }
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

    private static OperatorError unreadable(Path path, DiskException e) {
        return new OperatorError(path.toString(), "cannot be read: " + e.status(), "see the host's log for its storage");
    }
}
