package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/// A VHDX file in the making, in every state that a file can be in. Its places hold 0xDB where nothing was put, so that a byte
/// which nobody wrote is seen.
final class Sample {
    static final long LOG_OFFSET = 1 << 20;
    static final int LOG_BYTES = 1 << 20;
    static final long METADATA_OFFSET = 2 << 20;
    static final long BAT_OFFSET = 3 << 20;
    static final byte LEAVINGS = (byte) 0xdb;

    /// After the data of a block; what comes later in its place is zeros.
    private static final int LEAVINGS_BYTES = 64 << 10;

    private static final AtomicLong SERIAL = new AtomicLong(1);

    private final Metadata metadata;
    private final BatLayout layout;
    private final BlockDevice store;
    private final Blocking disk;
    private UUID content = new UUID(0xc0_11ec_7e40_00L, SERIAL.getAndIncrement());
    private UUID log = Guid.NONE;
    private long sequence = 1;
    private long end;

    private Sample(Metadata metadata, BlockDevice store) throws DiskException {
        this.metadata = metadata;
        this.store = store;
        layout = metadata.layout();
        disk = new Blocking(store);
        end = BAT_OFFSET + batBytes();
        put(0, new FileIdentifier("a test").encode());
        header();
        regions(List.of(
                new Region(Region.METADATA, METADATA_OFFSET, 1 << 20, true),
                new Region(Region.BAT, BAT_OFFSET, batBytes(), true)));
        put(METADATA_OFFSET, metadata.encode());
    }

    /// In memory, with room for all of the disk, up to 64 MiB of it.
    static Sample inMemory(Metadata metadata) throws DiskException {
        long bytes = (8L << 20) + Mebibytes.roundUp(metadata.layout().entries() * 8) + 2 * Math.min(64 << 20, metadata.sizeBytes());
        bytes += 2L * metadata.blockBytes();
        return on(metadata, new MemoryDevice(new ByteSize(Mebibytes.roundUp(bytes))));
    }

    static Sample on(Metadata metadata, BlockDevice store) throws DiskException {
        return new Sample(metadata, store);
    }

    static Metadata dynamic(long sizeBytes, int blockBytes) {
        return new Metadata(blockBytes, false, false, sizeBytes, new UUID(1, 2), 512, 4096, null);
    }

    static Metadata sector4096(long sizeBytes, int blockBytes) {
        return new Metadata(blockBytes, false, false, sizeBytes, new UUID(1, 2), 4096, 4096, null);
    }

    static Metadata over(Sample parent, String relativePath) {
        return over(parent.metadata, parent.metadata.blockBytes(), Map.of(
                ParentLocator.LINKAGE, Guid.text(parent.content),
                ParentLocator.LINKAGE_2, Guid.text(Guid.NONE),
                ParentLocator.RELATIVE_PATH, relativePath));
    }

    static Metadata over(Metadata parent, int blockBytes, Map<String, String> locator) {
        return new Metadata(
                blockBytes, false, true, parent.sizeBytes(), new UUID(1, 2), parent.logicalSectorBytes(), 4096,
                new ParentLocator(locator));
    }

    Metadata metadata() {
        return metadata;
    }

    UUID content() {
        return content;
    }

    Sample content(UUID other) throws DiskException {
        content = other;
        return header();
    }

    Blocking disk() {
        return disk;
    }

    private long batBytes() {
        return Mebibytes.roundUp(layout.entries() * Long.BYTES);
    }

    /// Writes the next header, to the place that the last one is not in.
    Sample header() throws DiskException {
        return header(sequence % 2 == 0 ? Header.SECOND_OFFSET : Header.FIRST_OFFSET, sequence++);
    }

    Sample header(long offset, long number) throws DiskException {
        return put(offset, new Header(number, new UUID(3, 4), content, log, 0, Header.VERSION, LOG_BYTES, LOG_OFFSET).encode());
    }

    Sample regions(List<Region> regions) throws DiskException {
        byte[] table = new RegionTable(regions).encode();
        return put(RegionTable.FIRST_OFFSET, table).put(RegionTable.SECOND_OFFSET, table);
    }

    Sample put(long offset, byte[] bytes) throws DiskException {
        byte[] before = disk.read(offset / 512 * 512, (int) (Math.ceilDiv(offset + bytes.length, 512) * 512 - offset / 512 * 512));
        System.arraycopy(bytes, 0, before, (int) (offset % 512), bytes.length);
        disk.write(offset / 512 * 512, before);
        return this;
    }

    /// Sets an entry of the table, whatever it says.
    Sample entry(long number, long entry) throws DiskException {
        var bytes = new byte[Long.BYTES];
        Checksum.bytes(bytes).putLong(entry);
        return put(BAT_OFFSET + number * Long.BYTES, bytes);
    }

    /// A block that has nothing in the file.
    Sample state(long block, int state) throws DiskException {
        return entry(layout.blockEntry(block), BatEntry.of(state, 0));
    }

    /// A block with data in it, from its beginning; the rest of its place holds leavings.
    Sample block(long block, byte[] data) throws DiskException {
        return present(block, BatEntry.FULLY_PRESENT, data);
    }

    private Sample present(long block, int state, byte[] data) throws DiskException {
        long place = place(metadata.blockBytes());
        var all = new byte[Math.min(metadata.blockBytes(), Math.ceilDiv(data.length, 512) * 512 + LEAVINGS_BYTES)];
        Arrays.fill(all, LEAVINGS);
        System.arraycopy(data, 0, all, 0, data.length);
        disk.write(place, all);
        return entry(layout.blockEntry(block), BatEntry.of(state, place));
    }

    /// A block of which these sectors are its own.
    Sample partial(long block, BitSet own, byte[] data) throws DiskException {
        present(block, BatEntry.PARTIALLY_PRESENT, data);
        long chunk = block / layout.chunkBlocks();
        long number = layout.bitmapEntry(chunk);
        byte[] entryBytes = Storage.read(disk, BAT_OFFSET + number * Long.BYTES, Long.BYTES);
        long bitmap = BatEntry.offset(Checksum.bytes(entryBytes).getLong());
        if (bitmap == 0) {
            bitmap = place(Mebibytes.ONE);
            disk.writeZeroes(bitmap, Mebibytes.ONE);
            entry(number, BatEntry.of(BatEntry.FULLY_PRESENT, bitmap));
        }
        int sectors = metadata.blockBytes() / metadata.logicalSectorBytes();
        byte[] bits = Arrays.copyOf(own.toByteArray(), sectors / Byte.SIZE);
        return put(bitmap + block % layout.chunkBlocks() * (sectors / Byte.SIZE), bits);
    }

    private long place(long bytes) {
        long place = end;
        end += bytes;
        return place;
    }

    long end() {
        return end;
    }

    /// Sets the log up, its entries one after the other from a place on, around the end of the ring if need be.
    Sample log(UUID id, int at, List<LogEntry> entries) throws DiskException {
        log = id;
        header();
        int next = at;
        for (LogEntry entry : entries) {
            byte[] bytes = entry.encode();
            for (int done = 0; done < bytes.length; done += LogEntry.SECTOR_BYTES) {
                long offset = LOG_OFFSET + (next + done) % LOG_BYTES;
                put(offset, Arrays.copyOfRange(bytes, done, done + LogEntry.SECTOR_BYTES));
            }
            next += bytes.length;
        }
        return this;
    }

    BlockDevice store() {
        return store;
    }

    /// Opened in a copy, so that closing it does not end the sample.
    VhdxFile file() {
        return VhdxFile.of(store instanceof MemoryDevice memory ? memory.copy() : store, "sample.vhdx");
    }

    /// Opened in place, for writing.
    VhdxFile live() {
        return VhdxFile.of(store, "sample.vhdx").replayed();
    }

    /// The disk of this file over those parents.
    VhdxDisk open(Sample... parents) {
        var files = new ArrayList<VhdxFile>(List.of(file()));
        for (Sample parent : parents) {
            files.add(parent.file());
        }
        return VhdxDisk.of(files);
    }
}
