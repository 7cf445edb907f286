package holdfast.vhdx;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/// Which metadata items there are, and where in the metadata region ([MS-VHDX] 2.6.1): its first 64 KiB.
///
/// ```
///  0 8 "metadata"     then at 32 entries of  0 16 item id
///  8 2 0                                    16  4 offset in the region, at least 64 KiB
/// 10 2 entries                              20  4 length
/// 12 20 0                                   24  4 bit 0: user's, 1: of the virtual disk, 2: required
///                                           28  4 0
/// ```
///
/// @param items system items by id; those of users are not for us
record MetadataTable(Map<UUID, Item> items) {
    static final int BYTES = 64 << 10;
    static final int ITEM_BYTES_MAX = 1 << 20;

    private static final long SIGNATURE = 0x6174_6164_6174_656dL;
    private static final int ENTRIES_MAX = 1023;
    private static final int COUNT_OFFSET = 10;
    private static final int ENTRIES_OFFSET = 32;
    private static final int ENTRY_BYTES = 32;
    private static final int USER = 1;
    private static final int VIRTUAL_DISK = 2;
    private static final int REQUIRED = 4;

    /// @param offset in the region
    record Item(int offset, int bytes, boolean virtualDisk, boolean required) {}

    MetadataTable {
        items = Map.copyOf(items);
    }

    /// @param regionBytes length of the metadata region
    static MetadataTable parse(byte[] bytes, long regionBytes) throws Refusal {
        var from = Checksum.bytes(bytes);
        if (from.getLong() != SIGNATURE) {
            throw Refusal.damaged("its metadata does not begin as metadata does");
        }
        from.getShort();
        int count = Short.toUnsignedInt(from.getShort());
        if (count > ENTRIES_MAX) {
            throw Refusal.damaged("it is said to have " + count + " metadata items");
        }
        var items = new HashMap<UUID, Item>();
        from.position(ENTRIES_OFFSET);
        for (int i = 0; i < count; i++) {
            UUID id = Guid.get(from);
            long offset = Integer.toUnsignedLong(from.getInt());
            long length = Integer.toUnsignedLong(from.getInt());
            int flags = from.getInt();
            from.getInt();
            boolean user = (flags & USER) != 0;
            boolean required = (flags & REQUIRED) != 0;
            if (required && (user || !Metadata.KNOWN.contains(id))) {
                throw Refusal.unknown("needs a feature that is not known here: metadata " + Guid.text(id));
            }
            boolean empty = offset == 0 && length == 0;
            if (!empty && (offset < BYTES || length > ITEM_BYTES_MAX || offset + length > regionBytes)) {
                throw Refusal.damaged("a metadata item is said to be " + length + " bytes at " + offset + " of its region");
            }
            var item = new Item((int) offset, (int) length, (flags & VIRTUAL_DISK) != 0, required);
            if (!user && items.put(id, item) != null) {
                throw Refusal.damaged("two metadata items have the id " + Guid.text(id));
            }
        }
        return new MetadataTable(items);
    }

    /// @param items in the order in which they are to stand
    static byte[] encode(LinkedHashMap<UUID, Item> items) {
        var bytes = new byte[BYTES];
        var into = Checksum.bytes(bytes);
        into.putLong(SIGNATURE).putShort((short) 0).putShort((short) items.size());
        into.position(ENTRIES_OFFSET);
        items.forEach((id, item) -> {
            Guid.put(into, id);
            int flags = (item.virtualDisk ? VIRTUAL_DISK : 0) | (item.required ? REQUIRED : 0);
            into.putInt(item.offset).putInt(item.bytes).putInt(flags).putInt(0);
        });
        return bytes;
    }

    /// Where in the region an item of this length can go: after all others, or between them.
    ///
    /// @param region from its beginning
    static int freePlace(byte[] region, int length) throws Refusal {
        ByteBuffer from = Checksum.bytes(region);
        int count = Short.toUnsignedInt(from.getShort(COUNT_OFFSET));
        var candidates = new TreeSet<>(Set.of(BYTES));
        for (int i = 0; i < count; i++) {
            int at = ENTRIES_OFFSET + i * ENTRY_BYTES + Guid.BYTES;
            candidates.add(Math.ceilDiv(from.getInt(at) + from.getInt(at + Integer.BYTES), Long.BYTES) * Long.BYTES);
        }
        for (int candidate : candidates) {
            boolean free = candidate >= BYTES && candidate + length <= region.length;
            for (int i = 0; i < count && free; i++) {
                int at = ENTRIES_OFFSET + i * ENTRY_BYTES + Guid.BYTES;
                int offset = from.getInt(at);
                free = candidate + length <= offset || offset + from.getInt(at + Integer.BYTES) <= candidate;
            }
            if (free) {
                return candidate;
            }
        }
        throw Refusal.unknown("has no room for another parent locator");
    }

    /// Says that an item is elsewhere now.
    static void move(ByteBuffer region, UUID id, int offset, int length) {
        int count = Short.toUnsignedInt(region.getShort(COUNT_OFFSET));
        for (int i = 0; i < count; i++) {
            int at = ENTRIES_OFFSET + i * ENTRY_BYTES;
            if (Guid.get(region.duplicate().order(region.order()).position(at)).equals(id)) {
                region.putInt(at + Guid.BYTES, offset).putInt(at + Guid.BYTES + Integer.BYTES, length);
            }
        }
    }

    Optional<Item> item(UUID id) {
        return Optional.ofNullable(items.get(id));
    }
}
