package holdfast.machine;

import holdfast.block.BlockDevice;
import holdfast.block.Extent;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// SHA-256 of a disk's content: its size, then index and content of every 64 KiB chunk that is not all zeros.
///
/// All of it is read, except what the device says is zero: about a second a GiB in use. Times and inode numbers are no
/// substitute: they change when nothing did, and stay when something did.
record DiskDigest(byte[] bytes) {
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int BATCH_BYTES = 4 << 20;

    /// While nobody writes to the disk.
    ///
    /// @throws OperatorError when it cannot be read
    static DiskDigest of(BlockDevice disk) {
        try (Arena arena = Arena.ofShared()) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            MemorySegment buffer = arena.allocate(BATCH_BYTES, 4096);
            long size = disk.geometry().sizeBytes();
            sha.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
            for (long offset = 0; offset < size; ) {
                Extent extent = extent(disk, offset, size);
                long end = Math.min(size, extent.offset() + extent.length());
                if (extent.readsZero() && end - offset >= CHUNK_BYTES) {
                    // What is left of the last chunk is read below.
                    offset = end == size ? size : end / CHUNK_BYTES * CHUNK_BYTES;
                    continue;
                }
                offset = add(sha, disk, buffer, offset, size);
            }
            return new DiskDigest(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// Makes what was written durable.
    ///
    /// @throws OperatorError when it cannot be
    static void flush(BlockDevice disk) {
        IoStatus status = await(disk, Request.Flush::new);
        if (status != IoStatus.OK) {
            throw new OperatorError("disk", "cannot be made durable (" + status + ")", "check the disk");
        }
    }

    private static Extent extent(BlockDevice disk, long offset, long size) {
        List<Extent> found = new ArrayList<>();
        IoStatus status = await(
                disk, completion -> new Request.Extents(offset, size - offset, found::add, completion));
        return status == IoStatus.OK && !found.isEmpty()
                ? found.getFirst()
                : new Extent(offset, size - offset, true, false);
    }

    /// `offset` is a multiple of the chunk.
    private static long add(MessageDigest sha, BlockDevice disk, MemorySegment buffer, long offset, long size) {
        int length = (int) Math.min(buffer.byteSize(), size - offset);
        MemorySegment into = buffer.asSlice(0, length);
        IoStatus status = await(disk, completion -> new Request.Read(offset, into, completion));
        if (status != IoStatus.OK) {
            throw new OperatorError("disk", "cannot be read at byte " + offset + " (" + status + ")", "check the disk");
        }
        byte[] content = into.toArray(ValueLayout.JAVA_BYTE);
        for (int at = 0; at < length; at += CHUNK_BYTES) {
            int end = Math.min(length, at + CHUNK_BYTES);
            if (MemorySegment.ofArray(content).asSlice(at, end - at).mismatch(zeros(end - at)) != -1) {
                sha.update(ByteBuffer.allocate(Long.BYTES).putLong((offset + at) / CHUNK_BYTES).flip());
                sha.update(content, at, end - at);
            }
        }
        return offset + length;
    }

    private static MemorySegment zeros(int length) {
        return MemorySegment.ofArray(new byte[length]);
    }

    private static IoStatus await(BlockDevice disk, Function<Request.Completion, Request> request) {
        CompletableFuture<IoStatus> done = new CompletableFuture<>();
        disk.submit(request.apply((_, status) -> done.complete(status)));
        return done.join();
    }
}
