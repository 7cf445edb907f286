package holdfast.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// How much of each block of a disk has been initialised: a number of bytes from the block's beginning, its *watermark*. What
/// lies behind it is to be zeroed: it reads as zeros, and what the storage has there belongs to somebody else. A watermark never
/// goes back.
///
/// In the file, a sector of 512 bytes holds 252 of them, and is written whole or not at all:
///
/// ```
///   0  4    CRC-32C of the rest
///   4  4    number of the sector, from 0
///   8  504  for each block 2 bytes: its watermark in units of 512 bytes
/// ```
///
/// A sector of zeros was never written: nothing of its blocks has been initialised. All numbers are little-endian.
///
/// A sector is *dirty* from a change until that has been made durable.
final class LazyMap implements MapFlush.Changes<LazyMap.Sector> {
    static final int SECTOR_BYTES = 512;
    private static final int HEAD_BYTES = 8;
    private static final int SECTOR_BLOCKS = (SECTOR_BYTES - HEAD_BYTES) / Short.BYTES;
    private static final int UNIT_BYTES = 512;

    private final int blockBytes;
    private long sizeBytes;
    private short[] @Nullable [] sectors;
    private final BitSet dirty = new BitSet();
    private final BitSet onItsWay = new BitSet();
    private long pendingBytes;
    private volatile boolean complete;

    /// A sector as it was when it was taken.
    record Sector(int index, byte[] bytes) {
        long offset() {
            return (long) index * SECTOR_BYTES;
        }
    }

    LazyMap(int blockBytes, long sizeBytes) {
        this.blockBytes = blockBytes;
        this.sizeBytes = sizeBytes;
        sectors = new short[sectorCount(blockCount())][];
        pendingBytes = sizeBytes;
    }

    static long bytesFor(int blocks) {
        return (long) sectorCount(blocks) * SECTOR_BYTES;
    }

    private static int sectorCount(int blocks) {
        return Math.ceilDiv(blocks, SECTOR_BLOCKS);
    }

    private int blockCount() {
        return Math.toIntExact(Math.ceilDiv(sizeBytes, blockBytes));
    }

    /// Puts in what was read from the file, which was made for this many blocks or more.
    ///
    /// @return what is wrong with it
    synchronized Optional<String> load(int index, byte[] bytes) {
        var sector = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int crc = sector.getInt();
        if (crc == 0 && isZero(bytes)) {
            return Optional.empty();
        }
        if (crc != crc(bytes) || sector.getInt() != index) {
            return Optional.of("sector " + index + " of its map is damaged");
        }
        var marks = new short[SECTOR_BLOCKS];
        sector.asShortBuffer().get(marks);
        sectors[index] = marks;
        for (int i = 0; i < SECTOR_BLOCKS; i++) {
            long block = (long) index * SECTOR_BLOCKS + i;
            long bytesDone = bytes(marks[i]);
            if (bytesDone > (block < blockCount() ? bytesIn(block) : 0)) {
                return Optional.of("block " + block + " is said to have " + bytesDone + " bytes");
            }
            pendingBytes -= bytesDone;
        }
        complete = pendingBytes == 0;
        return Optional.empty();
    }

    private static boolean isZero(byte[] bytes) {
        for (byte each : bytes) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }

    private static long bytes(short mark) {
        return (long) Short.toUnsignedInt(mark) * UNIT_BYTES;
    }

    private long bytesIn(long block) {
        return Math.min(blockBytes, sizeBytes - block * blockBytes);
    }

    private long get(long block) {
        short[] marks = sectors[(int) (block / SECTOR_BLOCKS)];
        return marks == null ? 0 : bytes(marks[(int) (block % SECTOR_BLOCKS)]);
    }

    /// Bytes of the disk that are still to be initialised.
    synchronized long pendingBytes() {
        return pendingBytes;
    }

    boolean isComplete() {
        return complete;
    }

    /// The first byte of a block that has not been initialised, or its end: an offset on the disk.
    synchronized long watermark(long block) {
        return block * blockBytes + get(block);
    }

    /// The end of a block on the disk.
    synchronized long endOf(long block) {
        return block * blockBytes + bytesIn(block);
    }

    /// A part of the disk that has been initialised, or that has not. What has stays so; what has not may become so at any
    /// moment.
    record Run(boolean initialized, long end) {}

    /// The run that begins at `from` and ends at `to` at the latest.
    synchronized Run run(long from, long to) {
        long at = from;
        boolean first = isInitialized(from);
        while (at < to && isInitialized(at) == first) {
            long block = at / blockBytes;
            at = first ? block * blockBytes + get(block) : block * blockBytes + bytesIn(block);
        }
        return new Run(first, Math.min(at, to));
    }

    private boolean isInitialized(long at) {
        long block = at / blockBytes;
        return at - block * blockBytes < get(block);
    }

    /// Whether all of a range has been initialised.
    boolean covers(long from, long to) {
        return complete || from >= to || run(from, to).equals(new Run(true, to));
    }

    /// Whether what the map says of a range is durable.
    synchronized boolean isDurable(long from, long to) {
        if (from >= to || dirty.isEmpty() && onItsWay.isEmpty()) {
            return true;
        }
        int last = (int) ((to - 1) / blockBytes / SECTOR_BLOCKS);
        for (int sector = (int) (from / blockBytes / SECTOR_BLOCKS); sector <= last; sector++) {
            if (dirty.get(sector) || onItsWay.get(sector)) {
                return false;
            }
        }
        return true;
    }

    /// From now on everything from `from` to `to` has been initialised. It has been written, and in the first of these blocks there
    /// is no gap before it.
    synchronized void raise(long from, long to) {
        for (long block = from / blockBytes; block * blockBytes < to; block++) {
            long until = Math.min(to - block * blockBytes, bytesIn(block));
            long before = get(block);
            if (until > before) {
                put(block, until);
                pendingBytes -= until - before;
            }
        }
        complete = pendingBytes == 0;
    }

    private void put(long block, long bytes) {
        int index = (int) (block / SECTOR_BLOCKS);
        short[] marks = sectors[index];
        if (marks == null) {
            marks = new short[SECTOR_BLOCKS];
            sectors[index] = marks;
        }
        marks[(int) (block % SECTOR_BLOCKS)] = (short) (bytes / UNIT_BYTES);
        dirty.set(index);
    }

    /// Makes the disk larger; what is new is to be initialised.
    synchronized void grow(long size) {
        pendingBytes += size - sizeBytes;
        sizeBytes = size;
        short[] @Nullable [] more = new short[sectorCount(blockCount())][];
        System.arraycopy(sectors, 0, more, 0, sectors.length);
        sectors = more;
        complete = pendingBytes == 0;
    }

    @Override
    public synchronized List<Sector> takeDirty() {
        var taken = new ArrayList<Sector>();
        for (int index = dirty.nextSetBit(0); index >= 0; index = dirty.nextSetBit(index + 1)) {
            short[] marks = sectors[index];
            if (marks != null) {
                taken.add(new Sector(index, encode(index, marks)));
            }
        }
        onItsWay.or(dirty);
        dirty.clear();
        return taken;
    }

    private static byte[] encode(int index, short[] marks) {
        var sector = ByteBuffer.allocate(SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        sector.putInt(0).putInt(index).asShortBuffer().put(marks);
        sector.putInt(0, crc(sector.array()));
        return sector.array();
    }

    private static int crc(byte[] sector) {
        var crc = new CRC32C();
        crc.update(sector, Integer.BYTES, SECTOR_BYTES - Integer.BYTES);
        return (int) crc.getValue();
    }

    @Override
    public synchronized void taken() {
        onItsWay.clear();
    }

    @Override
    public synchronized void giveBack() {
        dirty.or(onItsWay);
        onItsWay.clear();
    }
}
