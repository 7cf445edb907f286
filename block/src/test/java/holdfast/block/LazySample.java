package holdfast.block;

import java.util.Arrays;
import java.util.UUID;

/// A lazy disk in memory, on storage that is full of what others have left: nothing but 0xDB.
///
/// @param storage 4 MiB or less
record LazySample(MemoryDevice storage, MemoryDevice map) {
    static final byte FOREIGN = (byte) 0xdb;
    static final UUID ID = new UUID(3, 4);

    static LazySample of(int sizeBytes, int blockBytes, LazyHeader.Filling filling) throws DiskException {
        var storage = new MemoryDevice(new ByteSize(sizeBytes));
        var leavings = new byte[sizeBytes];
        Arrays.fill(leavings, FOREIGN);
        new Blocking(storage).write(0, leavings);
        LazyHeader header = header(storage, blockBytes, filling);
        var map = new MemoryDevice(new ByteSize(header.storeBytes()));
        LazyStore.format(map, header, "map");
        return new LazySample(storage, map);
    }

    static LazyHeader header(BlockDevice storage, int blockBytes, LazyHeader.Filling filling) throws DiskException {
        return LazyHeader.first(
                storage.geometry(), blockBytes, ID, filling, LazyStore.identityOf(storage));
    }

    LazyDevice open() throws DiskException {
        return open(storage, map);
    }

    /// As a program that starts finds it.
    static LazyDevice open(BlockDevice storage, BlockDevice map) throws DiskException {
        LazyStore store = LazyStore.read(map, "map");
        store.checkStorage(storage, "storage");
        return new LazyDevice(storage, store, () -> {});
    }
}
