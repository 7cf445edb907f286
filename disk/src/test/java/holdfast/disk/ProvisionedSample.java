package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.ProvisionedLayer;
import holdfast.block.StorageLayer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;

/// A provisioned disk in memory, of which nothing has arrived, on storage that is full of leavings: nothing but 0xDB.
///
/// @param descriptor the file that has the map too
record ProvisionedSample(MemoryDevice image, MemoryDevice storage, MemoryDevice descriptor) {
    static final int BLOCK = 4096;
    static final String IDENTITY = "image 1";

    /// So that nothing is waited for in vain, and nothing fails that is slow for once.
    static final Repository.Patience LONG =
            new Repository.Patience(Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofMillis(1), Duration.ofMillis(5));

    static final Repository.Patience SHORT =
            new Repository.Patience(Duration.ofMillis(50), Duration.ofSeconds(30), Duration.ofMillis(1), Duration.ofMillis(5));

    /// An image of noise.
    static ProvisionedSample of(int sizeBytes) throws DiskException {
        var image = new MemoryDevice(new ByteSize(sizeBytes));
        new Blocking(image).write(0, Noise.of(sizeBytes).bytes(sizeBytes));
        return over(image);
    }

    static ProvisionedSample over(MemoryDevice image) throws DiskException {
        int sizeBytes = (int) image.geometry().sizeBytes();
        var storage = new MemoryDevice(new ByteSize(sizeBytes));
        var leavings = new byte[sizeBytes];
        Arrays.fill(leavings, (byte) 0xdb);
        new Blocking(storage).write(0, leavings);
        DiskDescriptor descriptor = DiskDescriptor.first(
                new UUID(3, 4),
                storage.geometry(),
                new StorageLayer("", false, StorageLayer.fingerprintOf(storage)),
                ProvisionedLayer.of(sizeBytes, IDENTITY, "image"));
        var file = new MemoryDevice(new ByteSize(descriptor.fileBytes()));
        DescriptorFile.format(file, descriptor, "descriptor");
        return new ProvisionedSample(image, storage, file);
    }

    /// The same, to be opened once more after it was closed.
    ProvisionedSample again() {
        return new ProvisionedSample(image, storage.copy(), descriptor.copy());
    }

    byte[] content() throws DiskException {
        return new Blocking(image).read(0, (int) image.geometry().sizeBytes());
    }

    SharedImage shared() {
        return SharedImage.of(image);
    }

    ProvisionedDevice open(Repository.Link link) throws DiskException {
        return open(storage, descriptor, link, LONG);
    }

    ProvisionedDevice open(Repository.Link link, Repository.Patience patience) throws DiskException {
        return open(storage, descriptor, link, patience);
    }

    /// As a program that starts finds it; the devices stay open when the disk is closed.
    static ProvisionedDevice open(BlockDevice storage, BlockDevice descriptor, Repository.Link link, Repository.Patience patience) throws DiskException {
        return open(storage, descriptor, link, patience, () -> {});
    }

    static ProvisionedDevice open(
            BlockDevice storage, BlockDevice descriptor, Repository.Link link, Repository.Patience patience, Runnable whenComplete)
            throws DiskException {
        DescriptorFile file = DescriptorFile.read(descriptor, "descriptor");
        file.checkStorage(storage, "storage");
        ProvisionedLayer layer = file.descriptor().provisioned().orElseThrow();
        return new ProvisionedDevice(storage, file, layer, new Repository("image", link, layer.identity(), patience), Optional.empty(), whenComplete);
    }

    /// Whether its repository has been let go: nobody notes any more what is modified then.
    boolean hasArrived() throws DiskException {
        return DescriptorFile.read(descriptor, "descriptor").descriptor().provisioned().orElseThrow().arrived();
    }

    /// What the map shows that is found there.
    PresenceMap map() throws DiskException {
        DescriptorFile file = DescriptorFile.read(descriptor, "descriptor");
        return new PresenceStore(file, file.descriptor().provisioned().orElseThrow()).readMap();
    }
}
