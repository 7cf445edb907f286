package holdfast.block;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/// What a [LazyDevice] keeps beside its storage: see [LazyHeader] and [LazyMap] for the layout.
final class LazyStore implements AutoCloseable {
    private static final int FINGERPRINT_BYTES = 64 << 10;
    private static final int STEP_BYTES = 1 << 20;

    private final BlockDevice device;
    private final Blocking disk;
    private final String name;
    private volatile LazyHeader header;

    private LazyStore(BlockDevice device, LazyHeader header, String name) {
        this.device = device;
        this.name = name;
        this.header = header;
        disk = new Blocking(device);
    }

    /// Makes a device that reads as zeros a map of a disk of which nothing has been initialised. After a power cut in the midst of
    /// this it is either whole, or none.
    static LazyStore format(BlockDevice device, LazyHeader header, String name) throws DiskException {
        var store = new LazyStore(device, header, name);
        store.reserve(LazyHeader.MAP_OFFSET, header.storeBytes());
        store.disk.flush();
        store.put(header);
        return store;
    }

    /// The map gets its space when it is made, so that a full file system never keeps a flush from finishing.
    private void reserve(long from, long to) throws DiskException {
        disk.await(done -> new Request.WriteZeroes(from, to - from, false, false, false, done));
    }

    /// Whether a device begins as a map does.
    static boolean isOne(BlockDevice device) throws DiskException {
        int bytes = HeaderSlot.BYTES * HeaderSlot.COUNT;
        return device.geometry().sizeBytes() >= bytes && LazyHeader.parse(new Blocking(device).read(0, bytes)).isPresent();
    }

    /// Finds what [#format] made.
    ///
    /// @throws OperatorError when it is not there, or not whole
    static LazyStore read(BlockDevice device, String name) throws DiskException {
        int bytes = HeaderSlot.BYTES * HeaderSlot.COUNT;
        byte[] slots = device.geometry().sizeBytes() < bytes ? new byte[bytes] : new Blocking(device).read(0, bytes);
        LazyHeader header = LazyHeader.parse(slots)
                .orElseThrow(() -> new OperatorError(
                        name, "is no map of what has been initialised, or its header is damaged", "restore it from a copy"));
        if (header.storeBytes() > device.geometry().sizeBytes()) {
            throw new OperatorError(name, "has been cut short", "restore it from a copy");
        }
        return new LazyStore(device, header, name);
    }

    LazyHeader header() {
        return header;
    }

    String name() {
        return name;
    }

    /// @throws OperatorError when a part of it is damaged
    LazyMap readMap() throws DiskException {
        var map = new LazyMap(header.blockBytes(), header.sizeBytes());
        long mapBytes = LazyMap.bytesFor(header.blockCount());
        for (long at = 0; at < mapBytes; at += STEP_BYTES) {
            byte[] part = disk.read(LazyHeader.MAP_OFFSET + at, (int) Math.min(STEP_BYTES, mapBytes - at));
            for (int within = 0; within < part.length; within += LazyMap.SECTOR_BYTES) {
                int index = (int) ((at + within) / LazyMap.SECTOR_BYTES);
                map.load(index, Arrays.copyOfRange(part, within, within + LazyMap.SECTOR_BYTES)).ifPresent(damage -> {
                    throw new OperatorError(name, damage, "restore it, and the storage, from a copy of the same time");
                });
            }
        }
        return map;
    }

    /// Names what is in a storage: [BlockDevice#identity], and for one that has none its size and how it begins.
    static String identityOf(BlockDevice storage) throws DiskException {
        Optional<String> own = storage.identity();
        if (own.isPresent()) {
            return own.get();
        }
        int length = (int) Math.min(FINGERPRINT_BYTES, storage.geometry().sizeBytes());
        var digest = new CRC32C();
        digest.update(new Blocking(storage).read(0, length));
        return "device size=" + storage.geometry().sizeBytes() + " start=" + HexFormat.of().toHexDigits((int) digest.getValue());
    }

    /// @param storageName what the operator calls it
    /// @throws OperatorError when the storage is not the one that this map is of, or has been changed by others since
    void checkStorage(BlockDevice storage, String storageName) throws DiskException {
        Geometry geometry = storage.geometry();
        if (geometry.sizeBytes() < header.sizeBytes() || geometry.logicalBlockBytes() > header.logicalBlockBytes()) {
            throw new OperatorError(
                    storageName,
                    "is smaller than the disk in it (" + new ByteSize(header.sizeBytes()) + "), or has larger sectors",
                    "bring back the storage that " + name + " is the map of");
        }
        String now = header.closed() ? identityOf(storage) : header.storageIdentity();
        if (!now.equals(header.storageIdentity())) {
            throw new OperatorError(
                    storageName,
                    "is not what it was when " + name + " was closed (then " + header.storageIdentity() + ", now " + now
                            + "): another program has changed it, or it is another one",
                    "bring back both as they were");
        }
    }

    /// Notes durably that the storage changes from now on.
    synchronized void begin() throws DiskException {
        if (header.closed()) {
            put(header.next(header.sizeBytes(), false, ""));
        }
    }

    /// Notes durably what the storage is, after its last change.
    synchronized void finish(String identity) throws DiskException {
        if (!header.closed()) {
            put(header.next(header.sizeBytes(), true, identity));
        }
    }

    /// Notes durably that the storage will not bear the id any more.
    synchronized void unmark() throws DiskException {
        put(header.next(header.sizeBytes(), header.closed(), header.storageIdentity()).marked(false));
    }

    /// Notes durably that the disk is larger. The storage is.
    ///
    /// @throws OperatorError when this has no room to grow
    synchronized void grow(long sizeBytes) throws DiskException {
        LazyHeader next = header.next(sizeBytes, false, "");
        long before = header.storeBytes();
        if (next.storeBytes() > before) {
            device.grow(Math.max(next.storeBytes(), device.geometry().sizeBytes())); // a cut may have left it longer
            reserve(before, next.storeBytes());
            disk.flush();
        }
        put(next);
    }

    private void put(LazyHeader next) throws DiskException {
        disk.write(next.slotOffset(), next.encode());
        disk.flush();
        header = next;
    }

    /// Writes sectors of the map, durably, neighbours together.
    void publish(List<LazyMap.Sector> sectors) throws DiskException {
        for (int i = 0; i < sectors.size(); ) {
            var run = new ByteArrayOutputStream();
            int first = i;
            for (; i < sectors.size() && sectors.get(i).index() == sectors.get(first).index() + i - first; i++) {
                run.writeBytes(sectors.get(i).bytes());
            }
            try (Arena arena = Arena.ofShared()) {
                MemorySegment bytes = arena.allocate(run.size()).copyFrom(MemorySegment.ofArray(run.toByteArray()));
                disk.write(LazyHeader.MAP_OFFSET + sectors.get(first).offset(), bytes);
            }
        }
        disk.flush();
    }

    @Override
    public void close() {
        device.close();
    }
}
