package holdfast.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/// What a file says, and how much of it says anything: SHA-256 over its size and all blocks of 64 KiB that are not zero, each with
/// its offset. So a large sparse disk costs little more than what it holds.
///
/// @param dataBytes bytes in those blocks
record ContentDigest(String sha256, long dataBytes) {
    private static final int BLOCK_BYTES = 64 << 10;

    static ContentDigest of(Path file) throws IOException {
        MessageDigest digest = Sha256.digest();
        long dataBytes = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            digest.update(number(channel.size()));
            ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
            for (long offset = 0; readFully(channel, block, offset) > 0; offset += BLOCK_BYTES) {
                if (!isZero(block)) {
                    digest.update(number(offset));
                    dataBytes += block.remaining();
                    digest.update(block);
                }
            }
        }
        return new ContentDigest(Sha256.hex(digest), dataBytes);
    }

    /// Copies a file; what is zero becomes a hole.
    static void copySparse(Path from, Path to, Progress progress) throws IOException {
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
            long size = in.size();
            for (long offset = 0; readFully(in, block, offset) > 0; offset += BLOCK_BYTES) {
                long end = offset + block.remaining();
                if (!isZero(block) || end == size) {
                    out.position(offset);
                    while (block.hasRemaining()) {
                        out.write(block);
                    }
                }
                progress.bytes(end, size);
            }
        }
    }

    /// Fills the block from the offset as far as the file goes, and makes it ready to be read.
    private static int readFully(FileChannel channel, ByteBuffer block, long offset) throws IOException {
        block.clear();
        while (block.hasRemaining() && channel.read(block, offset + block.position()) > 0) {
            // Goes on until the block is full or the file ends.
            continue;
        }
        return block.flip().remaining();
    }

    private static boolean isZero(ByteBuffer block) {
        return block.mismatch(ByteBuffer.allocate(block.remaining())) < 0;
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }
}
