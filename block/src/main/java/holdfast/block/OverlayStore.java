package holdfast.block;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// What an [Overlay] keeps on its own device: see [OverlayHeader] for the layout.
///
/// @param name what the operator calls it
record OverlayStore(BlockDevice device, OverlayHeader header, String name) {

    /// How large a store must be for an overlay over this base.
    static long bytesFor(BlockDevice base) {
        return OverlayHeader.layout(base.geometry(), new UUID(0, 0), "", "").storeBytes();
    }

    /// Makes a device that reads as zeros a store. After a power cut in the midst of this it is either whole, or none.
    ///
    /// @param base not to be written by anybody from now on
    /// @param baseName what to call the base when it cannot be found later
    static OverlayStore format(BlockDevice base, String baseName, BlockDevice device, String name, UUID id)
            throws DiskException {
        var header = OverlayHeader.layout(base.geometry(), id, base.identity().orElse(""), baseName);
        var disk = new Blocking(device);
        // The bitmap gets its space now, so that a full file system never keeps a flush from finishing.
        long bitmapBytes = header.dataOffset() - header.bitmapOffset();
        disk.await(done -> new Request.WriteZeroes(header.bitmapOffset(), bitmapBytes, false, false, false, done));
        disk.flush();
        disk.write(header.slotOffset(), header.encode());
        disk.flush();
        return new OverlayStore(device, header, name);
    }

    /// Finds what [#format] made.
    ///
    /// @throws OperatorError when it is not there, or not whole
    static OverlayStore read(BlockDevice device, String name) throws DiskException {
        int bytes = OverlayHeader.SLOTS * OverlayHeader.SLOT_BYTES;
        byte[] slots = device.geometry().sizeBytes() < bytes ? new byte[bytes] : new Blocking(device).read(0, bytes);
        OverlayHeader header = OverlayHeader.parse(slots)
                .orElseThrow(() -> new OperatorError(
                        name, "is no overlay, or its header is damaged", "check the path, or make a new one"));
        if (header.storeBytes() > device.geometry().sizeBytes()) {
            throw new OperatorError(name, "has been cut short", "restore it from a copy, or make a new one");
        }
        return new OverlayStore(device, header, name);
    }

    /// @throws OperatorError when the base is not the one that this was made over, or has changed since
    void checkBase(BlockDevice base) {
        Optional<String> now = base.identity();
        if (!now.equals(Optional.of(header.baseIdentity())) || base.geometry().sizeBytes() != header.sizeBytes()) {
            throw new OperatorError(
                    name,
                    "its base " + header.baseName() + " is not what it was (then " + header.baseIdentity() + ", now "
                            + now.orElse("unknown") + ")",
                    "put the old one back, or make a new overlay");
        }
    }

    /// The same store over another base, which must be equal to the old one in all that the store does not have; nobody
    /// can check that. A power cut leaves it over the one or the other.
    ///
    /// @throws OperatorError when the base is of another size, or has no identity
    OverlayStore accept(BlockDevice base, String baseName) throws DiskException {
        String identity = base.identity()
                .orElseThrow(() -> new OperatorError(
                        baseName, "has no identity that could be kept, as no block device has", "use a file"));
        if (base.geometry().sizeBytes() != header.sizeBytes()) {
            throw new OperatorError(
                    baseName,
                    "is " + new ByteSize(base.geometry().sizeBytes()) + " large, and " + name + " is "
                            + new ByteSize(header.sizeBytes()),
                    "name a base of the same size");
        }
        OverlayHeader over = header.over(identity, baseName);
        var disk = new Blocking(device);
        disk.write(over.slotOffset(), over.encode());
        disk.flush();
        return new OverlayStore(device, over, name);
    }

    ClusterMap readMap() throws DiskException {
        var map = new ClusterMap(header.clusterCount());
        var disk = new Blocking(device);
        MemorySegment page = Arena.ofAuto().allocate(ClusterMap.PAGE_BYTES);
        for (int index = 0; index < map.pageCount(); index++) {
            disk.read(header.bitmapOffset() + (long) index * ClusterMap.PAGE_BYTES, page);
            map.load(index, page);
        }
        return map;
    }

    /// Writes pages of the bitmap, and returns when they are durable.
    void publish(List<ClusterMap.Page> pages) throws DiskException {
        var disk = new Blocking(device);
        for (ClusterMap.Page page : pages) {
            disk.write(header.bitmapOffset() + page.offset(), page.bytes());
        }
        disk.flush();
    }
}
