package holdfast.fuzz;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import holdfast.vhdx.VhdxDisk;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Opens a file ([SparseImage]), over a sound parent if it asks for one, and reads all of a small disk and some of a large
/// one, its log replayed in memory; then with the log replayed in the file, and after a few changes.
///
/// Whatever the file holds: it is refused with an [OperatorError], or it is a disk. Then reading changes neither it nor its
/// parent, what is said to be zeros is, the disk is the same when the log is replayed in the file, and what is written is
/// there when it is opened again.
public final class VhdxTarget {
    private static final int SMALL_BYTES = 8 << 20;
    private static final int PIECE_BYTES = 64 << 10;
    private static final int SAMPLE_BYTES = 4096;
    private static final int SAMPLES = 16;

    /// A block that gets its place in the file is written whole; larger ones would take all of the time.
    private static final long WRITTEN_BLOCK_BYTES_MAX = 2 << 20;

    private static final FileTime UNTOUCHED = FileTime.fromMillis(0);

    private static @Nullable VhdxTarget target;

    private final MemorySegment buffer = Arena.ofAuto().allocate(PIECE_BYTES);
    private final MemorySegment zeros = Arena.ofAuto().allocate(PIECE_BYTES);
    private final Path file;
    private final Path parent;

    VhdxTarget(Path directory) throws IOException {
        file = directory.resolve("disk.vhdx");
        parent = directory.resolve("parent.vhdx");
        try (InputStream image = Objects.requireNonNull(VhdxTarget.class.getResourceAsStream("parent.bin"))) {
            SparseImage.decode(image.readAllBytes()).writeTo(parent);
        }
        Files.setLastModifiedTime(parent, UNTOUCHED);
    }

    public static void fuzzerInitialize() throws IOException {
        Faults.listen();
        target = new VhdxTarget(Files.createTempDirectory("vhdx"));
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Objects.requireNonNull(target).run(input);
    }

    /// @return whether it is a disk
    boolean run(byte[] input) throws IOException {
        SparseImage.decode(input).writeTo(file);
        Files.setLastModifiedTime(file, UNTOUCHED);
        @Nullable Content asItIs = content(Access.READ_ONLY);
        must(Files.getLastModifiedTime(file).equals(UNTOUCHED), "opening and reading has changed the file");
        if (asItIs != null) {
            @Nullable Content replayed = content(Access.READ_WRITE);
            must(replayed == null || replayed.isLike(asItIs), "with its log replayed in the file it is another disk");
            @Nullable Content closed = content(Access.READ_ONLY);
            must(replayed == null || closed != null && closed.isLike(asItIs), "opening it for writing has left another disk");
            if (replayed != null && asItIs.blockBytes <= WRITTEN_BLOCK_BYTES_MAX) {
                change(asItIs);
            }
        }
        must(Files.getLastModifiedTime(parent).equals(UNTOUCHED), "the parent was changed");
        Faults.raise();
        return asItIs != null;
    }

    private static void must(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /// What was read of a disk.
    ///
    /// @param sums a checksum of each piece, null where the storage has failed
    private record Content(long sizeBytes, int sectorBytes, long blockBytes, List<@Nullable Long> sums) {
        boolean isLike(Content other) {
            return sizeBytes == other.sizeBytes && sums.equals(other.sums);
        }
    }

    /// @return null when the file is refused
    private @Nullable Content content(Access access) {
        try (VhdxDisk disk = VhdxDisk.open(file, access, null)) {
            return read(disk);
        } catch (OperatorError refused) {
            String said = refused.problem() + "; " + refused.nextStep();
            must(!said.contains("Exception") && said.lines().count() == 1, said);
            return null;
        }
    }

    private Content read(VhdxDisk disk) {
        long size = disk.geometry().sizeBytes();
        boolean small = size <= SMALL_BYTES;
        int count = small ? Math.ceilDiv((int) size, PIECE_BYTES) : SAMPLES;
        long step = small ? PIECE_BYTES : size / SAMPLES / SAMPLE_BYTES * SAMPLE_BYTES;
        var sums = new ArrayList<@Nullable Long>();
        for (int i = 0; i < count; i++) {
            long from = step * i;
            sums.add(sum(new Blocking(disk), from, Math.min(small ? PIECE_BYTES : SAMPLE_BYTES, size - from)));
        }
        long block = disk.layers().getFirst().block().bytes();
        return new Content(size, disk.geometry().logicalBlockBytes(), block, sums);
    }

    private @Nullable Long sum(Blocking disk, long from, long length) {
        MemorySegment bytes = buffer.asSlice(0, length);
        try {
            disk.read(from, bytes);
            for (Extent extent : disk.extents(from, length)) {
                long start = extent.offset() - from;
                must(!extent.readsZero() || isZero(bytes.asSlice(start, extent.length())), "zeros that are none: " + extent);
            }
        } catch (DiskException failed) {
            return null;
        }
        var crc = new CRC32C();
        crc.update(bytes.asByteBuffer());
        return crc.getValue();
    }

    private boolean isZero(MemorySegment bytes) {
        return bytes.mismatch(zeros.asSlice(0, bytes.byteSize())) < 0;
    }

    /// A write, zeros and a trim, each at a place of its own, and what is left of them.
    private void change(Content before) throws IOException {
        int sector = before.sectorBytes;
        long last = before.sizeBytes - sector;
        var data = new byte[sector];
        Arrays.fill(data, (byte) 0xa5);
        try (VhdxDisk disk = VhdxDisk.open(file, Access.READ_WRITE, null)) {
            var to = new Blocking(disk);
            to.discard(last / 2 / sector * sector, sector);
            to.writeZeroes(0, sector);
            to.write(last, data);
            to.flush();
            must(Arrays.equals(to.read(last, sector), data), "what was written is not there");
        } catch (DiskException failed) {
            return;
        }
        try (VhdxDisk disk = VhdxDisk.open(file, null)) {
            var from = new Blocking(disk);
            must(Arrays.equals(from.read(last, sector), data), "what was written and flushed is not there");
            must(last == 0 || Arrays.equals(from.read(0, sector), new byte[sector]), "zeros that were written and flushed are not there");
            unchanged(before, from, List.of(0L, last / 2 / sector * sector, last));
        } catch (DiskException failed) {
            throw new AssertionError("cannot be read after a write", failed);
        }
    }

    /// All other pieces of a small disk are as they were.
    private void unchanged(Content before, Blocking now, List<Long> changed) {
        for (int i = 0; i < before.sums.size() && before.sizeBytes <= SMALL_BYTES; i++) {
            long from = (long) i * PIECE_BYTES;
            Long sum = before.sums.get(i);
            if (sum != null && changed.stream().noneMatch(at -> at / PIECE_BYTES == from / PIECE_BYTES)) {
                long length = Math.min(PIECE_BYTES, before.sizeBytes - from);
                must(sum.equals(sum(now, from, length)), "a change has changed something else");
            }
        }
    }
}
