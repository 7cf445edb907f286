package holdfast.block;

import java.util.Arrays;
import java.util.UUID;

/// A lazy disk in memory, on storage that is full of what others have left: nothing but 0xDB.
///
/// @param storage 4 MiB or less
/// @param descriptor the file that has the map too
record LazySample(MemoryDevice storage, MemoryDevice descriptor) {
    static final byte FOREIGN = (byte) 0xdb;
    static final UUID ID = new UUID(3, 4);

    static LazySample of(int sizeBytes, int blockBytes, LazyLayer.Filling filling) throws DiskException {
        var storage = new MemoryDevice(new ByteSize(sizeBytes));
        var leavings = new byte[sizeBytes];
        Arrays.fill(leavings, FOREIGN);
        new Blocking(storage).write(0, leavings);
        DiskDescriptor descriptor = descriptor(storage.geometry(), blockBytes, filling, StorageLayer.fingerprintOf(storage));
        var file = new MemoryDevice(new ByteSize(descriptor.fileBytes()));
        DescriptorFile.format(file, descriptor, "descriptor");
        return new LazySample(storage, file);
    }

    /// Of a disk that was closed in order.
    static DiskDescriptor descriptor(Geometry geometry, int blockBytes, LazyLayer.Filling filling, String fingerprint) {
        return DiskDescriptor.first(
                ID, geometry, new StorageLayer("", false, fingerprint), new LazyLayer(blockBytes, filling, DescriptorFile.STATE_OFFSET));
    }

    /// Of one in use, so that its storage is not compared.
    static DiskDescriptor used(long sizeBytes, int blockBytes, LazyLayer.Filling filling) {
        return descriptor(new MemoryDevice(new ByteSize(sizeBytes)).geometry(), blockBytes, filling, "")
                .next(sizeBytes, false, new StorageLayer("", false, ""));
    }

    LazyDevice open() throws DiskException {
        return open(storage, descriptor);
    }

    /// As a program that starts finds it.
    static LazyDevice open(BlockDevice storage, BlockDevice descriptor) throws DiskException {
        DescriptorFile file = DescriptorFile.read(descriptor, "descriptor");
        file.checkStorage(storage, "storage");
        return new LazyDevice(storage, file, file.descriptor().lazy(), () -> {});
    }
}
