package holdfast.block;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/// Lazy disks in files: a raw image with its map beside it, in a file of the same name and `.lazy`; or a mapping, such a file by
/// itself that names a file or block device.
///
/// A raw image bears its disk's id in an extended attribute where the file system has those, so that it is not taken for a
/// disk without its map. When all of it has been initialised and it is closed, the map is removed, and it is a raw image like
/// any other. What a mapping maps is not marked: opened directly it is what it is.
public final class LazyDisk {
    private static final String SUFFIX = ".lazy";
    private static final int ALL_MAY_READ_AND_WRITE = 0b110_110_110;

    private LazyDisk() {}

    /// What a lazy disk is, without its content.
    ///
    /// @param map the file that says what has been initialised
    /// @param storage the file or block device that has the data
    /// @param mapping whether the storage is one that was there before
    /// @param watermark whether a first write zeroes only what lies before it in its block
    /// @param pendingBytes what is still to be initialised
    /// @param inOrder whether its last writer closed it
    public record Description(
            Path map, Path storage, boolean mapping, ByteSize size, ByteSize block, boolean watermark, long pendingBytes,
            boolean inOrder) {}

    /// Where the map of a raw image is, if it has one.
    public static Path mapOf(Path image) {
        return image.resolveSibling(image.getFileName() + SUFFIX);
    }

    /// What a link leads to.
    private static Path real(Path path) {
        try {
            return Files.isSymbolicLink(path) ? path.toRealPath() : path;
        } catch (IOException e) {
            return path;
        }
    }

    private static boolean isNamedAsMap(Path path) {
        return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    /// Makes a raw image, new and of its final size, a lazy disk: what it holds is nobody's from now on.
    ///
    /// @param image open, and at `path`
    /// @throws OperatorError when the map cannot be made; the image is of no use then
    public static void create(RawFile image, Path path, boolean watermark) {
        var id = UUID.randomUUID();
        boolean marked = DiskMark.put(path, id);
        try {
            make(mapOf(path), header(image, id, watermark).marked(marked));
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// Makes a file that is a disk on a file or block device, of its size. What that holds is nobody's from now on.
    ///
    /// @throws OperatorError when it cannot be made, or the storage cannot be used
    public static void createMapping(Path path, Path storage, boolean watermark) {
        if (!isNamedAsMap(path)) {
            throw new OperatorError(path.toString(), "is not named as a mapping", "name it *" + SUFFIX);
        }
        try (RawFile device = RawFile.open(storage, Access.READ_WRITE)) {
            if (LazyStore.isOne(device)) {
                throw new OperatorError(storage.toString(), "is a mapping itself", "name what it maps");
            }
            refuseMarked(storage);
            make(path, header(device, UUID.randomUUID(), watermark).mapping(storage.toAbsolutePath().normalize().toString()));
        } catch (DiskException e) {
            throw unreadable(storage, e);
        }
    }

    private static LazyHeader header(BlockDevice storage, UUID id, boolean watermark) throws DiskException {
        Geometry geometry = storage.geometry();
        return LazyHeader.first(
                geometry,
                LazyHeader.usualBlockBytes(geometry.sizeBytes()),
                id,
                watermark ? LazyHeader.Filling.BEFORE : LazyHeader.Filling.WHOLE_BLOCK,
                LazyStore.identityOf(storage));
    }

    private static void make(Path path, LazyHeader header) throws DiskException {
        WholeFile.make(path, header.storeBytes(), ALL_MAY_READ_AND_WRITE, device -> LazyStore.format(device, header, path.toString()));
    }

    /// Whether a path names a lazy disk: a mapping, or an image that has a map. What begins as a mapping counts as one only if its
    /// name agrees, since a guest can write that to its raw disk.
    ///
    /// @throws OperatorError when the image's map is missing, or content and name do not go together
    public static boolean isOne(Path named) {
        Path path = real(named);
        if (Files.isRegularFile(path) && isNamedAsMap(path)) {
            if (header(path).isEmpty()) {
                throw new OperatorError(
                        path.toString(), "is no mapping, though it is named as one, or is damaged", "restore it from a copy, or rename it");
            }
            return true;
        }
        Path map = mapOf(path);
        if (Files.isRegularFile(map) && header(map).map(header -> !header.mapping()).orElse(true)) {
            return true;
        }
        refuseMarked(path);
        return false;
    }

    private static void refuseMarked(Path image) {
        DiskMark.of(image).ifPresent(_ -> {
            throw new OperatorError(
                    image.toString(),
                    "has not been initialised wholly, and the map that says how far is missing",
                    "bring back " + mapOf(image).getFileName() + "; or, if all that it holds may be seen: setfattr -x user." + DiskMark.ATTRIBUTE
                            + " " + image.getFileName());
        });
    }

    private static Optional<LazyHeader> header(Path path) {
        try (RawFile file = RawFile.open(path, Access.READ_ONLY)) {
            return LazyStore.isOne(file) ? Optional.of(LazyStore.read(file, path.toString()).header()) : Optional.empty();
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// Opens and locks map and storage.
    ///
    /// @param named an image that has a map, or a mapping
    /// @throws OperatorError when one is missing, in use, damaged, or they do not belong together; nothing has changed then
    public static LazyDevice open(Path named, Access access) {
        Path path = real(named);
        Path mapPath = isNamedAsMap(path) ? path : mapOf(path);
        RawFile map = RawFile.open(mapPath, access);
        try {
            LazyStore store = LazyStore.read(map, mapPath.toString());
            Path storagePath = storageOf(mapPath, store.header());
            RawFile storage = RawFile.open(storagePath, access);
            try {
                checkMark(storagePath, store);
                store.checkStorage(storage, storagePath.toString());
                return new LazyDevice(storage, store, () -> forget(mapPath, storagePath, storage, store));
            } catch (DiskException | RuntimeException e) {
                storage.close();
                throw e;
            }
        } catch (DiskException e) {
            map.close();
            throw unreadable(mapPath, e);
        } catch (RuntimeException e) {
            map.close();
            throw e;
        }
    }

    private static Path storageOf(Path map, LazyHeader header) {
        if (header.mapping()) {
            try {
                return map.resolveSibling(header.storageName());
            } catch (InvalidPathException e) {
                throw new OperatorError(map.toString(), "names no file", "restore it from a copy, or make a new one");
            }
        }
        String name = String.valueOf(map.getFileName());
        return map.resolveSibling(name.substring(0, name.length() - SUFFIX.length()));
    }

    /// @throws OperatorError when the storage is that of another map
    private static void checkMark(Path storage, LazyStore store) {
        Optional<String> found = DiskMark.of(storage);
        if (found.isEmpty() ? store.header().marked() : !store.header().mapping() && !found.get().equals(store.header().id().toString())) {
            throw new OperatorError(
                    storage.toString(),
                    "is not the file that " + store.name() + " was made for"
                            + (found.isEmpty() ? ", or a copy without its extended attributes" : ""),
                    "bring back both, with attributes (cp --preserve=all)");
        }
    }

    /// All has been initialised: the image is one like any other. Whatever a power cut leaves of this can be opened.
    private static void forget(Path map, Path image, RawFile storage, LazyStore store) {
        if (store.header().mapping()) {
            return;
        }
        try {
            store.unmark();
        } catch (DiskException e) {
            throw unreadable(map, e);
        }
        DiskMark.remove(image);
        storage.identity(); // makes that durable
        WholeFile.remove(map);
        WholeFile.syncDirectory(map);
    }

    /// What a map says; its storage need not be there.
    ///
    /// @param named an image that has a map, or a mapping
    /// @throws OperatorError when it is none, damaged, or open for writing
    public static Description describe(Path named) {
        Path path = real(named);
        Path map = isNamedAsMap(path) ? path : mapOf(path);
        try (RawFile file = RawFile.open(map, Access.READ_ONLY)) {
            LazyStore store = LazyStore.read(file, map.toString());
            LazyHeader header = store.header();
            return new Description(
                    map,
                    storageOf(map, header),
                    header.mapping(),
                    new ByteSize(header.sizeBytes()),
                    new ByteSize(header.blockBytes()),
                    header.filling() == LazyHeader.Filling.BEFORE,
                    store.readMap().pendingBytes(),
                    header.closed());
        } catch (DiskException e) {
            throw unreadable(map, e);
        }
    }

    private static OperatorError unreadable(Path path, DiskException e) {
        return new OperatorError(path.toString(), "cannot be used (" + e.status() + ")", "look after the storage it is on");
    }
}
