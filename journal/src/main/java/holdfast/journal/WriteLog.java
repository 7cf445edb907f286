package holdfast.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// The log that Linux's device mapper target `log-writes` and QEMU's driver `blklogwrites` write: what was done to a disk, in the order of
/// completion. All numbers are little-endian; a sector is as long as the first one says. Source: Linux, drivers/md/dm-log-writes.c;
/// QEMU, block/blklogwrites.c.
///
/// ```
/// first sector:   0 8 magic   8 8 version, 1   16 8 number of entries   24 4 bytes of a sector
/// each entry:     0 8 sector on the disk   8 8 sectors   16 8 flags   24 8 bytes of a mark, which follow in this sector;
///                 then, if it is a write, its sectors
/// ```
final class WriteLog {
    static final int HEADER_BYTES = 32;
    static final int SUPER_BYTES = 28;
    static final int SECTOR_BYTES_MAX = 4096;

    static final int FLUSH = 1;
    static final int FORCED = 1 << 1;
    static final int DISCARD = 1 << 2;
    static final int MARK = 1 << 3;

    private static final long MAGIC = 0x6a_7366_7773_6872L;
    private static final long VERSION = 1;

    private WriteLog() {}

    /// How the log begins.
    record Beginning(long entries, int sectorBytes) {
        ByteBuffer encode() {
            ByteBuffer bytes = ByteBuffer.allocate(sectorBytes).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(MAGIC).putLong(VERSION).putLong(entries).putInt(sectorBytes);
            return bytes.rewind();
        }

        /// @return null when it is none, or says what is not known
        static @Nullable Beginning parse(ByteBuffer bytes) {
            ByteBuffer at = bytes.order(ByteOrder.LITTLE_ENDIAN);
            if (at.remaining() < SUPER_BYTES || at.getLong() != MAGIC || at.getLong() != VERSION) {
                return null;
            }
            var found = new Beginning(at.getLong(), at.getInt());
            boolean sound = found.entries >= 0
                    && found.sectorBytes >= 512
                    && found.sectorBytes <= SECTOR_BYTES_MAX
                    && Integer.bitCount(found.sectorBytes) == 1;
            return sound ? found : null;
        }
    }

    /// @param markBytes that follow within the sector
    record Item(long sector, long sectors, long flags, long markBytes) {
        boolean is(int flag) {
            return (flags & flag) != 0;
        }

        /// Without what follows.
        ByteBuffer encode(int sectorBytes) {
            ByteBuffer bytes = ByteBuffer.allocate(sectorBytes).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(sector).putLong(sectors).putLong(flags).putLong(markBytes);
            return bytes;
        }

        static Item parse(ByteBuffer bytes) {
            ByteBuffer at = bytes.order(ByteOrder.LITTLE_ENDIAN);
            return new Item(at.getLong(), at.getLong(), at.getLong(), at.getLong());
        }
    }
}
