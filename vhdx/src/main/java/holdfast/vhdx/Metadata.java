package holdfast.vhdx;

import holdfast.block.DiskException;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What kind of disk it is ([MS-VHDX] 2.6.2): the system items of the metadata region.
///
/// @param blockBytes a power of two from 1 MiB to 256 MiB
/// @param fixed whether every block has its place in the file for good (LeaveBlockAllocated)
/// @param differencing whether blocks that are not present are the parent's
/// @param sizeBytes a multiple of `logicalSectorBytes`, at most 64 TiB
/// @param diskId what the guest may see as the disk's id (SCSI page 83); [Guid#NONE] when there is none
/// @param logicalSectorBytes 512 or 4096
/// @param physicalSectorBytes 512 or 4096
/// @param parent null unless differencing
record Metadata(
        int blockBytes,
        boolean fixed,
        boolean differencing,
        long sizeBytes,
        UUID diskId,
        int logicalSectorBytes,
        int physicalSectorBytes,
        @Nullable ParentLocator parent) {
    static final long SIZE_BYTES_MAX = 64L << 40;
    static final int BLOCK_BYTES_MAX = 256 << 20;

    private static final UUID FILE_PARAMETERS = UUID.fromString("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
    static final UUID SIZE = UUID.fromString("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
    private static final UUID DISK_ID = UUID.fromString("beca12ab-b2e6-4523-93ef-c309e000c746");
    private static final UUID LOGICAL_SECTOR = UUID.fromString("8141bf1d-a96f-4709-ba47-f233a8faab5f");
    private static final UUID PHYSICAL_SECTOR = UUID.fromString("cda348c7-445d-4471-9cc9-e9885251c556");
    static final UUID PARENT_LOCATOR = UUID.fromString("a8d35f2d-b30b-454d-abf7-d3d84834ab0c");

    static final Set<UUID> KNOWN =
            Set.of(FILE_PARAMETERS, SIZE, DISK_ID, LOGICAL_SECTOR, PHYSICAL_SECTOR, PARENT_LOCATOR);

    private static final int FIXED = 1;
    private static final int HAS_PARENT = 2;

    /// Reads a part of the metadata region.
    @FunctionalInterface
    interface Source {
        byte[] read(long offset, int bytes) throws DiskException;
    }

    /// @param regionBytes length of the region
    static Metadata read(Source region, long regionBytes) throws Refusal, DiskException {
        if (regionBytes < MetadataTable.BYTES) {
            throw Refusal.damaged("its metadata region has " + regionBytes + " bytes");
        }
        var items = new Items(region, MetadataTable.parse(region.read(0, MetadataTable.BYTES), regionBytes));
        byte[] parameters = items.needed(FILE_PARAMETERS, "block size", 2 * Integer.BYTES);
        int flags = Checksum.bytes(parameters).getInt(Integer.BYTES);
        boolean differencing = (flags & HAS_PARENT) != 0;
        var metadata = new Metadata(
                Checksum.bytes(parameters).getInt(),
                (flags & FIXED) != 0 && !differencing,
                differencing,
                Checksum.bytes(items.needed(SIZE, "size", Long.BYTES)).getLong(),
                items.diskId(),
                Checksum.bytes(items.needed(LOGICAL_SECTOR, "sector size", Integer.BYTES)).getInt(),
                Checksum.bytes(items.needed(PHYSICAL_SECTOR, "physical sector size", Integer.BYTES)).getInt(),
                differencing ? ParentLocator.parse(items.needed(PARENT_LOCATOR, "parent locator", 1)) : null);
        metadata.check();
        return metadata;
    }

    private record Items(Source region, MetadataTable table) {
        Optional<byte[]> found(UUID id) throws DiskException {
            Optional<MetadataTable.Item> item = table.item(id);
            if (item.isEmpty() || item.get().bytes() == 0) {
                return Optional.empty();
            }
            return Optional.of(region.read(item.get().offset(), item.get().bytes()));
        }

        /// Zeros when there is none.
        UUID diskId() throws Refusal, DiskException {
            byte[] item = found(DISK_ID).orElse(new byte[Guid.BYTES]);
            if (item.length < Guid.BYTES) {
                throw Refusal.damaged("it says a part of its id only");
            }
            return Guid.get(Checksum.bytes(item));
        }

        byte[] needed(UUID id, String what, int bytesMin) throws Refusal, DiskException {
            byte[] item = found(id).orElse(new byte[0]);
            if (item.length < bytesMin) {
                throw Refusal.damaged("it does not say its " + what);
            }
            return item;
        }
    }

    private void check() throws Refusal {
        boolean powerOfTwo = Integer.bitCount(blockBytes) == 1;
        if (!powerOfTwo || blockBytes < Mebibytes.ONE || blockBytes > BLOCK_BYTES_MAX) {
            throw Refusal.damaged("its blocks are said to have " + Integer.toUnsignedString(blockBytes) + " bytes");
        }
        if (!isSector(logicalSectorBytes) || !isSector(physicalSectorBytes)) {
            throw Refusal.damaged("its sectors are said to have " + Integer.toUnsignedString(logicalSectorBytes)
                    + " (physically " + Integer.toUnsignedString(physicalSectorBytes) + ") bytes");
        }
        if (sizeBytes <= 0 || sizeBytes > SIZE_BYTES_MAX || sizeBytes % logicalSectorBytes != 0) {
            throw Refusal.damaged("its size is said to be " + Long.toUnsignedString(sizeBytes) + " bytes");
        }
    }

    private static boolean isSector(int bytes) {
        return bytes == 512 || bytes == 4096;
    }

    Metadata withSize(long bytes) {
        return new Metadata(
                blockBytes, fixed, differencing, bytes, diskId, logicalSectorBytes, physicalSectorBytes, parent);
    }

    BatLayout layout() {
        return new BatLayout(sizeBytes, blockBytes, logicalSectorBytes, differencing);
    }

    /// The table and the items, one after the other: the beginning of the metadata region.
    byte[] encode() {
        var items = new LinkedHashMap<UUID, MetadataTable.Item>();
        var contents = new ByteArrayOutputStream();
        int flags = (fixed ? FIXED : 0) | (differencing ? HAS_PARENT : 0);
        add(items, contents, FILE_PARAMETERS, false, ints(blockBytes, flags));
        add(items, contents, SIZE, true, ints((int) sizeBytes, (int) (sizeBytes >>> 32)));
        var id = new byte[Guid.BYTES];
        Guid.put(Checksum.bytes(id), diskId);
        add(items, contents, DISK_ID, true, id);
        add(items, contents, LOGICAL_SECTOR, true, ints(logicalSectorBytes));
        add(items, contents, PHYSICAL_SECTOR, true, ints(physicalSectorBytes));
        if (parent != null) {
            add(items, contents, PARENT_LOCATOR, false, parent.encode());
        }
        byte[] table = MetadataTable.encode(items);
        byte[] all = Arrays.copyOf(table, table.length + contents.size());
        System.arraycopy(contents.toByteArray(), 0, all, table.length, contents.size());
        return all;
    }

    private static void add(
            LinkedHashMap<UUID, MetadataTable.Item> items,
            ByteArrayOutputStream contents,
            UUID id,
            boolean virtualDisk,
            byte[] content) {
        int offset = MetadataTable.BYTES + contents.size();
        items.put(id, new MetadataTable.Item(offset, content.length, virtualDisk, true));
        contents.writeBytes(content);
    }

    private static byte[] ints(int... values) {
        var bytes = new byte[values.length * Integer.BYTES];
        Checksum.bytes(bytes).asIntBuffer().put(values);
        return bytes;
    }
}
