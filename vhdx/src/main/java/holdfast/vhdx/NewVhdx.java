package holdfast.vhdx;

import holdfast.block.NewFile;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/// A VHDX file that is being made, and filled from its beginning to its end or left empty.
///
/// ```
///   0  identifier, headers, region tables
///   1  MiB: log, 1 MiB
///   2  MiB: metadata, 1 MiB
///   3  MiB: block allocation table, whole MiB
///   …  blocks, in the order in which they are written
/// ```
///
/// The identifier is written last, when all else is durable: a file that was not finished is no VHDX file. It is removed
/// when this is closed before [#finish].
public final class NewVhdx implements AutoCloseable {
    /// As Windows has it.
    public static final int BLOCK_BYTES = 32 << 20;

    private static final String CREATOR = "Holdfast";
    private static final long LOG_OFFSET = 1 << 20;
    private static final long LOG_BYTES = 1 << 20;
    private static final long METADATA_OFFSET = 2 << 20;
    private static final long BAT_OFFSET = 3 << 20;
    private static final int PAGE_ENTRIES = 8192;

    /// Zeros, which others do not take for a disk.
    private static final int START_BYTES = 4096;

    private final Metadata metadata;
    private final BatLayout layout;
    private final Supplier<UUID> guids;
    private final NewFile file;
    private final long batBytes;
    private final Map<Long, long[]> pages = new HashMap<>();
    private long end;

    private NewVhdx(Metadata metadata, Supplier<UUID> guids, NewFile file) {
        this.metadata = metadata;
        this.guids = guids;
        this.file = file;
        layout = metadata.layout();
        batBytes = Mebibytes.roundUp(layout.entries() * Long.BYTES);
        end = BAT_OFFSET + batBytes;
    }

    /// What a disk without a parent is to be.
    ///
    /// @param sizeBytes a multiple of the sector, at most 64 TiB
    /// @param blockBytes a power of two from 1 MiB to 256 MiB
    /// @param sectorBytes 512 or 4096, what the guest addresses
    /// @param fixed whether all of its space is taken at once
    public record Shape(long sizeBytes, int blockBytes, int sectorBytes, boolean fixed) {
        /// @throws OperatorError when there is no such disk
        public Shape {
            String subject = "a VHDX disk";
            if (sectorBytes != 512 && sectorBytes != 4096) {
                throw new OperatorError(subject, "has sectors of 512 or 4096 bytes, not " + sectorBytes, "choose one of them");
            }
            if (Integer.bitCount(blockBytes) != 1 || blockBytes < Mebibytes.ONE || blockBytes > Metadata.BLOCK_BYTES_MAX) {
                throw new OperatorError(
                        subject, "has blocks of 1 MiB to 256 MiB, a power of two, not " + blockBytes + " bytes", "choose one of them");
            }
            if (sizeBytes <= 0 || sizeBytes > Metadata.SIZE_BYTES_MAX || sizeBytes % sectorBytes != 0) {
                throw new OperatorError(
                        subject,
                        "has whole sectors of " + sectorBytes + " bytes, at most 64 TiB, not " + sizeBytes + " bytes",
                        "choose another size");
            }
        }
    }

    /// Makes an empty disk: it reads as zeros.
    ///
    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static void create(Path path, Shape shape) {
        try (NewVhdx made = begin(path, shape)) {
            made.finish();
        }
    }

    /// Makes an empty disk all of whose space is taken at once, in a time that does not depend on how much that is. A block has its
    /// place and is said to be zero: it is zeroed when it is first written to, and what is in that place is never read before.
    ///
    /// @param shape fixed
    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static void createLazily(Path path, Shape shape) {
        try (NewVhdx made = begin(path, shape, UUID::randomUUID, BatEntry.ZERO)) {
            made.finish();
        }
    }

    /// Makes a disk that is like its parent, with blocks of the same size, and holds from then on what is different. The parent must not change any more.
    ///
    /// @throws OperatorError when there is such a file already, it cannot be made, or the parent cannot be used
    public static void createOver(Path path, Path parent) {
        try (VhdxDisk below = VhdxDisk.open(parent, null);
                NewVhdx made = begin(path, over(path, parent, below), UUID::randomUUID, BatEntry.FULLY_PRESENT)) {
            made.finish();
        }
    }

    private static Metadata over(Path path, Path parent, VhdxDisk below) {
        VhdxInfo info = below.layers().getFirst();
        return new Metadata(
                (int) info.block().bytes(),
                false,
                true,
                info.size().bytes(),
                info.diskId(),
                info.logicalSectorBytes(),
                info.physicalSectorBytes(),
                ParentLocator.of(path, parent, info.content()));
    }

    /// @throws OperatorError when there is such a file already, or it cannot be made; nothing is left behind then
    public static NewVhdx begin(Path path, Shape shape) {
        return begin(path, shape, UUID::randomUUID);
    }

    /// @param guids one after the other, none of them twice
    static NewVhdx begin(Path path, Shape shape, Supplier<UUID> guids) {
        return begin(path, shape, guids, BatEntry.FULLY_PRESENT);
    }

    /// @param stateWhenFixed of the blocks that have places
    private static NewVhdx begin(Path path, Shape shape, Supplier<UUID> guids, int stateWhenFixed) {
        var metadata = new Metadata(
                shape.blockBytes, shape.fixed, false, shape.sizeBytes, guids.get(), shape.sectorBytes, 4096, null);
        return begin(path, metadata, guids, stateWhenFixed);
    }

    private static NewVhdx begin(Path path, Metadata metadata, Supplier<UUID> guids, int stateWhenFixed) {
        NewFile file = NewFile.begin(path, START_BYTES);
        try {
            var made = new NewVhdx(metadata, guids, file);
            made.lengthen();
            if (metadata.fixed()) {
                made.takeAllSpace(stateWhenFixed);
            }
            return made;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Before anything is written past its end.
    private void lengthen() {
        RawFile raw = file.file();
        raw.grow(Math.max(raw.geometry().sizeBytes(), end));
    }

    private void takeAllSpace(int state) {
        for (long block = 0; block < layout.blocks(); block++) {
            place(block, state);
        }
        lengthen();
        if (state == BatEntry.ZERO) {
            file.file().reserve();
            return;
        }
        file.attempt(disk -> disk.await(done ->
                new Request.WriteZeroes(BAT_OFFSET + batBytes, end - BAT_OFFSET - batBytes, false, false, false, done)));
    }

    /// Where a block is in the file; a new place at its end when it has none.
    private long place(long block) {
        return place(block, BatEntry.FULLY_PRESENT);
    }

    private long place(long block, int state) {
        long number = layout.blockEntry(block);
        long[] page = pages.computeIfAbsent(number / PAGE_ENTRIES, _ -> new long[PAGE_ENTRIES]);
        int at = (int) (number % PAGE_ENTRIES);
        if (page[at] == 0) {
            page[at] = BatEntry.of(state, end);
            end += metadata.blockBytes();
        }
        return BatEntry.offset(page[at]);
    }

    /// Where a block is in a file that is long enough for it.
    private synchronized long room(long block) {
        long at = place(block);
        lengthen();
        return at;
    }

    /// Writes a part of the disk, whole sectors of it, on the caller's thread, as [NewFile#write] does. Any number of threads may.
    ///
    /// @throws OperatorError when it cannot be written
    public void write(long offset, MemorySegment from) {
        for (long done = 0; done < from.byteSize(); ) {
            long block = (offset + done) / metadata.blockBytes();
            long within = (offset + done) % metadata.blockBytes();
            long length = Math.min(metadata.blockBytes() - within, from.byteSize() - done);
            file.write(room(block) + within, from.asSlice(done, length));
            done += length;
        }
    }

    /// Makes it a VHDX file, durably.
    ///
    /// @throws OperatorError when it cannot be written
    public void finish() {
        file.attempt(disk -> {
            for (Map.Entry<Long, long[]> page : pages.entrySet()) {
                var bytes = new byte[PAGE_ENTRIES * Long.BYTES];
                Checksum.bytes(bytes).asLongBuffer().put(page.getValue());
                disk.write(BAT_OFFSET + page.getKey() * bytes.length, bytes);
            }
            byte[] items = metadata.encode();
            disk.write(METADATA_OFFSET, Arrays.copyOf(items, Math.ceilDiv(items.length, 4096) * 4096));
            byte[] table = new RegionTable(List.of(
                            new Region(Region.METADATA, METADATA_OFFSET, Mebibytes.ONE, true),
                            new Region(Region.BAT, BAT_OFFSET, batBytes, true)))
                    .encode();
            disk.write(RegionTable.FIRST_OFFSET, table);
            disk.write(RegionTable.SECOND_OFFSET, table);
            UUID written = guids.get();
            UUID content = guids.get();
            disk.write(Header.FIRST_OFFSET, header(1, written, content));
            disk.write(Header.SECOND_OFFSET, header(2, written, content));
            disk.flush();
            disk.write(0, new FileIdentifier(CREATOR).encode());
        });
        file.finish();
    }

    private static byte[] header(long sequence, UUID written, UUID content) {
        return new Header(sequence, written, content, Guid.NONE, 0, Header.VERSION, LOG_BYTES, LOG_OFFSET).encode();
    }

    /// Releases the file, and removes it unless it is finished.
    @Override
    public void close() {
        file.close();
    }
}
