package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.Layer;
import holdfast.block.LazyDevice;
import holdfast.block.LazyLayer;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import holdfast.block.RawFile;
import holdfast.block.StorageLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/// Disks that are more than a plain image, in files: the layers that a [DiskDescriptor] names. It lies beside the image, in a file of
/// the same name and `.holdfast`; or it is a mapping, such a file by itself that names a file or block device.
///
/// An image whose own bytes are not the disk bears the disk's id in an extended attribute where the file system has those, so that
/// it is not taken for a disk without its descriptor. When nothing of the descriptor is needed any more and the disk is closed, it is
/// removed, and the image is one like any other. What a mapping maps is not marked: opened directly it is what it is.
public final class DiskStack {
    private static final String SUFFIX = ".holdfast";

    private DiskStack() {}

    /// What such a disk is, without its content.
    ///
    /// @param descriptor the file that names the layers, and has their state
    /// @param storage the file or block device that has the data
    /// @param mapping whether the storage is one that was there before
    /// @param watermark whether a first write zeroes only what lies before it in its block
    /// @param pendingBytes what is still to be initialised
    /// @param inOrder whether its last writer closed it
    /// @param damagedCopy whether one of the two copies of the descriptor is torn or damaged
    public record Description(
            Path descriptor, UUID id, Path storage, boolean mapping, ByteSize size, ByteSize block, boolean watermark, long pendingBytes,
            boolean inOrder, boolean damagedCopy) {}

    /// Where the descriptor of an image is, if it has one.
    public static Path descriptorOf(Path image) {
        return image.resolveSibling(image.getFileName() + SUFFIX);
    }

    /// What a link leads to.
    static Path real(Path path) {
        try {
            return Files.isSymbolicLink(path) ? path.toRealPath() : path;
        } catch (IOException e) {
            return path;
        }
    }

    static boolean isNamedAsDescriptor(Path path) {
        return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    /// Makes a raw image, new and of its final size, a lazy disk: what it holds is nobody's from now on.
    ///
    /// @param image open, and at `path`
    /// @throws OperatorError when the descriptor cannot be made; the image is of no use then
    public static void createLazy(RawFile image, Path path, boolean watermark) {
        var id = UUID.randomUUID();
        boolean marked = DiskMark.put(path, id);
        try {
            DescriptorFile.create(descriptorOf(path), descriptor(image, id, "", marked, watermark));
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// Makes a file that is a disk on a file or block device, of its size. What that holds is nobody's from now on.
    ///
    /// @throws OperatorError when it cannot be made, or the storage cannot be used
    public static void createMapping(Path path, Path storage, boolean watermark) {
        if (!isNamedAsDescriptor(path)) {
            throw new OperatorError(path.toString(), "is not named as a mapping", "name it *" + SUFFIX);
        }
        try (RawFile device = RawFile.open(storage, Access.READ_WRITE)) {
            if (DescriptorFile.isOne(device)) {
                throw new OperatorError(storage.toString(), "is a mapping itself", "name what it maps");
            }
            refuseMarked(storage);
            String name = storage.toAbsolutePath().normalize().toString();
            DescriptorFile.create(path, descriptor(device, UUID.randomUUID(), name, false, watermark));
        } catch (DiskException e) {
            throw unreadable(storage, e);
        }
    }

    private static DiskDescriptor descriptor(BlockDevice storage, UUID id, String name, boolean marked, boolean watermark) throws DiskException {
        LazyLayer.Filling filling = watermark ? LazyLayer.Filling.BEFORE : LazyLayer.Filling.WHOLE_BLOCK;
        return DiskDescriptor.first(
                id,
                storage.geometry(),
                new StorageLayer(name, marked, StorageLayer.fingerprintOf(storage)),
                LazyLayer.of(storage.geometry().sizeBytes(), filling));
    }

    /// Whether a path names such a disk: a mapping, or an image that has a descriptor. What begins as a descriptor counts as one only if
    /// its name agrees, since a guest can write that to its raw disk.
    ///
    /// @throws OperatorError when the image's descriptor is missing or not known here, or content and name do not go together
    public static boolean isOne(Path named) {
        Path path = real(named);
        if (Provisioning.isArriving(path)) {
            return true;
        }
        if (Files.isRegularFile(path) && isNamedAsDescriptor(path)) {
            DiskDescriptor found = descriptor(path).orElseThrow(() -> new OperatorError(
                    path.toString(), "is no disk descriptor, though it is named as one, or is damaged", "restore it from a copy, or rename it"));
            if (found.journal().isPresent()) {
                throw isOfProtected(path);
            }
            return true;
        }
        Path beside = descriptorOf(path);
        if (Files.isRegularFile(beside) && descriptor(beside).map(descriptor -> !descriptor.storage().mapped()).orElse(true)) {
            return true;
        }
        refuseMarked(path);
        return false;
    }

    private static OperatorError isOfProtected(Path descriptor) {
        return new OperatorError(descriptor.toString(), "is the descriptor of a disk that is protected", "name the disk: " + imageOf(descriptor));
    }

    private static void refuseMarked(Path image) {
        DiskMark.of(image).ifPresent(_ -> {
            throw new OperatorError(
                    image.toString(),
                    "is not the disk without its descriptor, which says what of it has been initialised and is missing",
                    "bring back " + descriptorOf(image).getFileName() + "; or, if all that it holds may be seen: setfattr -x user." + DiskMark.ATTRIBUTE
                            + " " + image.getFileName());
        });
    }

    static Optional<DiskDescriptor> descriptor(Path path) {
        try (RawFile file = RawFile.open(path, Access.READ_ONLY)) {
            return DescriptorFile.descriptorIn(file, path.toString());
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// Opens and locks the descriptor and all layers.
    ///
    /// @param named an image that has a descriptor, or a mapping
    /// @throws OperatorError when one is missing, in use, damaged or not known here, or they do not belong together; nothing has
    ///     changed then
    public static BlockDevice open(Path named, Access access) {
        Path path = descriptorNamedBy(named);
        try {
            DescriptorFile descriptor = DescriptorFile.open(path, access);
            try {
                return hasArrived(descriptor) ? openArrived(descriptor, path, access) : compose(descriptor, path, access);
            } catch (DiskException | RuntimeException e) {
                descriptor.close();
                throw e;
            }
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// Puts right what can be without guessing, and what the last writer left to be done.
    ///
    /// @param named an image that has a descriptor, or a mapping
    /// @return what was done, each a sentence without a subject; none when there was nothing to be done
    /// @throws OperatorError when the disk cannot be opened, or has damage that cannot be put right; nothing has changed then
    public static List<String> repair(Path named) {
        var done = new ArrayList<String>();
        try (BlockDevice disk = open(named, Access.READ_WRITE)) {
            switch (disk) {
                case LazyDevice lazy -> done.addAll(lazy.repair());
                case ProvisionedDevice provisioned -> done.addAll(provisioned.repair());
                default -> {}
            }
        } catch (DiskException e) {
            throw unreadable(named, e);
        }
        if (!Files.exists(descriptorNamedBy(named))) {
            done.add("removed its descriptor, of which nothing is needed any more");
        }
        return done;
    }

    private static Path descriptorNamedBy(Path named) {
        Path path = real(named);
        return isNamedAsDescriptor(path) ? path : descriptorOf(path);
    }

    private static boolean hasArrived(DescriptorFile descriptor) {
        return descriptor.descriptor().provisioned().map(ProvisionedLayer::arrived).orElse(false);
    }

    /// All is here, and it has not become an image like any other yet.
    private static BlockDevice openArrived(DescriptorFile descriptor, Path path, Access access) throws DiskException {
        Path storagePath = storageOf(path, descriptor.descriptor());
        try (descriptor) {
            RawFile storage = RawFile.open(storagePath, access);
            try {
                checkMark(storagePath, descriptor);
                descriptor.checkStorage(storage, storagePath.toString());
                if (access == Access.READ_WRITE) {
                    Provisioning.complete(imageOf(path), storagePath, storage, descriptor);
                }
                return storage;
            } catch (DiskException | RuntimeException e) {
                storage.close();
                throw e;
            }
        }
    }

    /// From the lowest layer up; each closes the one below.
    private static BlockDevice compose(DescriptorFile descriptor, Path path, Access access) throws DiskException {
        Path storagePath = storageOf(path, descriptor.descriptor());
        RawFile storage = RawFile.open(storagePath, access);
        BlockDevice disk = storage;
        try {
            checkMark(storagePath, descriptor);
            descriptor.checkStorage(storage, storagePath.toString());
            for (Layer layer : descriptor.descriptor().layers()) {
                disk = switch (layer) {
                    case StorageLayer _ -> storage;
                    case LazyLayer lazy -> new LazyDevice(disk, descriptor, lazy, () -> forget(path, storagePath, storage, descriptor));
                    case JournalLayer _ -> throw isOfProtected(path);
                    case ProvisionedLayer provisioned -> Provisioning.open(
                            disk, descriptor, provisioned, imageOf(path), () -> Provisioning.complete(imageOf(path), storagePath, storage, descriptor));
                };
            }
            return disk;
        } catch (DiskException | RuntimeException e) {
            disk.close();
            throw e;
        }
    }

    private static Path storageOf(Path path, DiskDescriptor descriptor) {
        StorageLayer storage = descriptor.storage();
        if (storage.mapped()) {
            try {
                return path.resolveSibling(storage.name());
            } catch (InvalidPathException e) {
                throw new OperatorError(path.toString(), "names no file", "restore it from a copy, or make a new one");
            }
        }
        return descriptor.provisioned().map(layer -> Provisioning.storageOf(imageOf(path), layer)).orElse(imageOf(path));
    }

    private static Path imageOf(Path descriptor) {
        String name = String.valueOf(descriptor.getFileName());
        return descriptor.resolveSibling(name.substring(0, name.length() - SUFFIX.length()));
    }

    /// @throws OperatorError when the storage is that of another disk
    private static void checkMark(Path storage, DescriptorFile file) {
        Optional<String> found = DiskMark.of(storage);
        DiskDescriptor descriptor = file.descriptor();
        StorageLayer layer = descriptor.storage();
        if (found.isEmpty() ? layer.marked() : !layer.mapped() && !found.get().equals(descriptor.id().toString())) {
            throw new OperatorError(
                    storage.toString(),
                    "is not the file that " + file.name() + " was made for"
                            + (found.isEmpty() ? ", or a copy without its extended attributes" : ""),
                    "bring back both, with attributes (cp --preserve=all)");
        }
    }

    /// All has been initialised: the image is one like any other. Whatever a power cut leaves of this can be opened.
    private static void forget(Path path, Path image, RawFile storage, DescriptorFile file) {
        if (file.descriptor().storage().mapped()) {
            return;
        }
        try {
            file.unmark();
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
        DiskMark.remove(image);
        storage.identity(); // makes that durable
        DescriptorFile.remove(path);
    }

    /// What a descriptor says; its storage need not be there.
    ///
    /// @param named an image that has a descriptor, or a mapping
    /// @throws OperatorError when it is none, damaged, not known here, or open for writing
    public static Description describe(Path named) {
        Path path = descriptorNamedBy(named);
        try (DescriptorFile file = DescriptorFile.open(path, Access.READ_ONLY)) {
            DiskDescriptor descriptor = file.descriptor();
            return description(path, descriptor, LazyDevice.pendingBytes(file, descriptor.lazy()), file.hasDamagedSlot());
        } catch (DiskException e) {
            throw unreadable(path, e);
        }
    }

    /// What one is that this process has open, under that name.
    public static Description describe(Path named, LazyDevice open) {
        return description(descriptorNamedBy(named), open.descriptor(), open.pendingBytes(), false);
    }

    private static Description description(Path path, DiskDescriptor descriptor, long pendingBytes, boolean damagedCopy) {
        LazyLayer lazy = descriptor.lazy();
        return new Description(
                path,
                descriptor.id(),
                storageOf(path, descriptor),
                descriptor.storage().mapped(),
                new ByteSize(descriptor.sizeBytes()),
                new ByteSize(lazy.blockBytes()),
                lazy.filling() == LazyLayer.Filling.BEFORE,
                pendingBytes,
                descriptor.closed(),
                damagedCopy);
    }

    static OperatorError unreadable(Path path, DiskException e) {
        return new OperatorError(path.toString(), "cannot be used (" + e.status() + ")", "look after the storage it is on");
    }
}
