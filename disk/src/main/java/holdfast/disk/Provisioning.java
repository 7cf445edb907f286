package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.NewFile;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import holdfast.block.RawFile;
import holdfast.block.StorageLayer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Disks that are still arriving, in files. Of `disk.raw` there is the descriptor, `disk.raw.holdfast`, and what has arrived, in
/// `disk.raw.incomplete`; `disk.raw` itself is not there, so that no other program takes what there is for the disk. When all is here and the
/// disk is closed, the file gets that name, and the descriptor goes.
public final class Provisioning {
    private static final String SUFFIX = ".incomplete";
    private static final String TRACE_SUFFIX = ".trace";
    private static final int SECTOR_BYTES = 512;

    private static final System.Logger LOG = System.getLogger(Provisioning.class.getName());

    /// How long opening a disk waits to see whether its repository is what it was.
    private static final Duration LOOK = Duration.ofSeconds(1);

    private Provisioning() {}

    /// What such a disk is, without its content.
    ///
    /// @param storage what has arrived is in this file
    /// @param repository where the rest is
    /// @param image names the repository's content
    /// @param inOrder whether its last writer closed it
    /// @param damagedCopy whether one of the two copies of the descriptor is torn or damaged
    public record Description(
            Path descriptor, UUID id, Path storage, String repository, String image, ByteSize size, ByteSize block,
            ProvisionedDevice.Presence presence, boolean inOrder, boolean damagedCopy) {}

    static Path incompleteOf(Path disk) {
        return disk.resolveSibling(disk.getFileName() + SUFFIX);
    }

    /// What is likely to be needed first of a disk.
    static Path traceOf(Path disk) {
        return disk.resolveSibling(disk.getFileName() + TRACE_SUFFIX);
    }

    /// Makes a disk from an image that nobody writes to, of which nobody knows what is needed first.
    static void create(Path disk, String from) {
        create(disk, from, null);
    }

    /// Makes a disk from an image that nobody writes to.
    static void create(Path disk, String from, @Nullable Path trace) {
        create(disk, from, trace, true);
    }

    /// Makes a disk that begins as an image, in a time that does not depend on its size.
    ///
    /// @param trace of what is likely to be needed first, which [DiskTrace] has written of a disk from the same image; copied
    /// @param from a path, or an address as [ImageSource] has it
    /// @param unchanging whether the operator says that nobody writes to the image
    /// @return whether a change of the image would be noticed
    /// @throws OperatorError when it cannot be made, or the image cannot be used: also when it is an export that others may write, nobody can
    ///     tell when they have, and the operator has not said that they do not; nothing is left behind then
    public static boolean create(Path disk, String from, @Nullable Path trace, boolean unchanging) {
        if (DiskFormat.ofNew(disk, null) != DiskFormat.RAW) {
            throw new OperatorError(disk.toString(), "would be a VHDX disk, and only raw ones can arrive bit by bit", "name it *.raw, and convert it when it is complete");
        }
        Optional<ImageTrace> expected = Optional.ofNullable(trace).map(ImageTrace::read);
        for (Path path : new Path[] {disk, DiskStack.descriptorOf(disk), incompleteOf(disk), traceOf(disk)}) {
            if (Files.exists(path)) {
                throw new OperatorError(path.toString(), "is there already", "remove it first, or choose another name");
            }
        }
        ImageSource source = ImageSource.of(from);
        try (BlockDevice image = source.connect()) {
            String identity = ImageIdentity.of(image);
            boolean sampled = ImageIdentity.isSampled(identity);
            if (sampled && !image.geometry().readOnly() && !unchanging) {
                throw new OperatorError(
                        from, "may be written by others while the disk arrives, and cannot tell that it was",
                        "serve it read-only, or say that nobody writes to it: --unchanging");
            }
            expected.ifPresent(each -> each.checkOf(identity, String.valueOf(trace), from));
            create(disk, source, image.geometry(), identity);
            expected.ifPresent(each -> keep(each, disk));
            return !sampled;
        } catch (DiskException e) {
            throw new OperatorError(from, "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// Last of all: a disk is as good without.
    private static void keep(ImageTrace trace, Path disk) {
        try {
            trace.write(traceOf(disk));
        } catch (OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, e.getMessage() + "; the disk is there, and will know nothing of what is needed first");
        }
    }

    /// None when there is none that can be used.
    private static Optional<ImageTrace> expected(Path disk, ProvisionedLayer layer) {
        Path trace = traceOf(disk);
        try {
            return Files.exists(trace) ? Optional.of(ImageTrace.read(trace)).filter(read -> read.identity().equals(layer.identity())) : Optional.empty();
        } catch (OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, e.getMessage());
            return Optional.empty();
        }
    }

    private static void create(Path disk, ImageSource source, Geometry image, String identity) throws DiskException {
        if (image.logicalBlockBytes() != SECTOR_BYTES) {
            throw new OperatorError(
                    source.address(), "has sectors of " + image.logicalBlockBytes() + " bytes, and a raw disk has such of " + SECTOR_BYTES,
                    "copy it: holdfast disk convert");
        }
        checkLength(source);
        Path storage = incompleteOf(disk);
        try (NewFile file = NewFile.begin(storage, SECTOR_BYTES)) {
            file.file().grow(image.sizeBytes());
            var id = UUID.randomUUID();
            boolean marked = DiskMark.put(storage, id);
            file.attempt(Blocking::flush);
            var lowest = new StorageLayer("", marked, StorageLayer.fingerprintOf(file.file()));
            DescriptorFile.create(DiskStack.descriptorOf(disk), DiskDescriptor.first(
                    id, file.file().geometry(), lowest, ProvisionedLayer.of(image.sizeBytes(), identity, source.address())));
            file.finish();
        }
    }

    private static void checkLength(ImageSource source) {
        if (source.address().getBytes(StandardCharsets.UTF_8).length > ProvisionedLayer.ADDRESS_BYTES_MAX) {
            throw new OperatorError(source.address(), "is longer than " + ProvisionedLayer.ADDRESS_BYTES_MAX + " bytes", "give it a shorter name");
        }
    }

    /// Lets the rest of a disk come from elsewhere from now on: from the same image.
    ///
    /// @param disk used by nobody
    /// @param from a path, or an address as [ImageSource] has it
    /// @throws OperatorError when it is no such disk, or that is another image; nothing has changed then
    public static void move(Path disk, String from) {
        if (!isArriving(disk)) {
            throw new OperatorError(disk.toString(), "does not arrive", "use it as it is");
        }
        ImageSource source = ImageSource.of(from);
        checkLength(source);
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE); BlockDevice image = source.connect()) {
            String known = file.descriptor().provisioned().orElseThrow().identity();
            String found = ImageIdentity.of(image, known);
            if (!found.equals(known)) {
                throw new OperatorError(from, "is not the image that " + disk + " was made from (that is " + known + ", this " + found + ")", "name that one");
            }
            file.moved(source.address());
        } catch (DiskException e) {
            throw new OperatorError(from, "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// Whether a path names such a disk.
    public static boolean isArriving(Path named) {
        Path descriptor = DiskStack.descriptorOf(named);
        return Files.isRegularFile(descriptor) && !DiskStack.isNamedAsDescriptor(named)
                && DiskStack.descriptor(descriptor).flatMap(DiskDescriptor::provisioned).isPresent();
    }

    /// The file that a disk's content is in: what it is called by, or what has arrived of it.
    public static Path fileOf(Path named) {
        return !Files.exists(named) && Files.exists(incompleteOf(named)) ? incompleteOf(named) : named;
    }

    /// Where a disk's storage is: after a power cut in the midst of [#complete] it may have its name already.
    static Path storageOf(Path disk, ProvisionedLayer layer) {
        Path incomplete = incompleteOf(disk);
        return layer.arrived() && !Files.exists(incomplete) ? disk : incomplete;
    }

    /// @param disk what the operator calls it
    static ProvisionedDevice open(BlockDevice storage, DescriptorFile descriptor, ProvisionedLayer layer, Path disk, Runnable whenComplete)
            throws DiskException {
        var repository = new Repository(layer.address(), ImageSource.of(layer.address()), layer.identity(), Repository.Patience.USUAL);
        try {
            repository.look(LOOK);
            return new ProvisionedDevice(storage, descriptor, layer, repository, expected(disk, layer), whenComplete);
        } catch (DiskException | RuntimeException e) {
            repository.close();
            throw e;
        }
    }

    /// Makes a disk all of which is here an image like any other. Whatever a power cut leaves of this can be opened, and completed.
    ///
    /// @param storage open, at `storagePath`
    static void complete(Path disk, Path storagePath, RawFile storage, DescriptorFile file) {
        DescriptorFile.discard(traceOf(disk));
        try {
            file.unmark();
            DiskMark.remove(storagePath);
            storage.identity(); // makes that durable
            rename(storagePath, disk);
        } catch (DiskException e) {
            throw new OperatorError(disk.toString(), "cannot be completed (" + e.status() + ")", "look after the storage it is on");
        } catch (IOException e) {
            throw new OperatorError(storagePath.toString(), "cannot get its name (" + e.getMessage() + ")", "call it " + disk.getFileName());
        }
        DescriptorFile.remove(DiskStack.descriptorOf(disk));
    }

    private static void rename(Path from, Path to) throws IOException {
        if (from.equals(to)) {
            return;
        }
        try {
            Files.createLink(to, from);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isSameFile(from, to)) {
                throw new OperatorError(to.toString(), "is there, and is not the disk that has arrived", "move it away; the disk is in " + from.getFileName());
            }
        }
        DescriptorFile.syncName(to);
        Files.delete(from);
        DescriptorFile.syncName(to);
    }

    /// What a descriptor says; neither storage nor repository need be there.
    ///
    /// @throws OperatorError when it is none, damaged, not known here, or open for writing
    public static Description describe(Path disk) {
        Path path = DiskStack.descriptorOf(disk);
        try (DescriptorFile file = DescriptorFile.open(path, Access.READ_ONLY)) {
            ProvisionedLayer layer = file.descriptor().provisioned().orElseThrow(() -> new OperatorError(disk.toString(), "does not arrive", "use it as it is"));
            return description(disk, file.descriptor(), layer, ProvisionedDevice.presence(file, layer), file.hasDamagedSlot());
        } catch (DiskException e) {
            throw DiskStack.unreadable(path, e);
        }
    }

    /// What one is that this process has open, under that name.
    public static Description describe(Path disk, ProvisionedDevice open) {
        ProvisionedLayer layer = open.descriptor().provisioned().orElseThrow();
        return description(disk, open.descriptor(), layer, open.presence(), false);
    }

    private static Description description(
            Path disk, DiskDescriptor descriptor, ProvisionedLayer layer, ProvisionedDevice.Presence presence, boolean damagedCopy) {
        return new Description(
                DiskStack.descriptorOf(disk),
                descriptor.id(),
                storageOf(disk, layer),
                layer.address(),
                layer.identity(),
                new ByteSize(descriptor.sizeBytes()),
                new ByteSize(layer.blockBytes()),
                presence,
                descriptor.closed(),
                damagedCopy);
    }
}
