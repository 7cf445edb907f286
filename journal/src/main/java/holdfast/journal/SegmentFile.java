package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.WholeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// A segment in the making, in a file of its own until it takes the other's name. One that a program has left when it was killed is
/// written over by the next one.
final class SegmentFile implements Segments.Replacement {
    private static final int BLOCK_BYTES = 4096;

    private final Path path;
    private final Path unfinished;
    private final FileChannel file;

    /// @param path of the segment whose place it takes
    SegmentFile(Path path) {
        this.path = path;
        unfinished = path.resolveSibling("." + path.getFileName() + ".new");
        try {
            file = FileChannel.open(unfinished, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private OperatorError failed(IOException e) {
        return new OperatorError(path.toString(), "cannot be written anew (" + e.getMessage() + ")", "look after the storage it is on");
    }

    @Override
    public void write(long position, MemorySegment bytes) {
        try {
            long at = position;
            for (ByteBuffer buffer = bytes.asByteBuffer(); buffer.hasRemaining(); ) {
                at += file.write(buffer, at);
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /// Its size is one of whole blocks.
    @Override
    public BlockDevice written() {
        try {
            long size = file.size();
            long whole = Math.ceilDiv(size, (long) BLOCK_BYTES) * BLOCK_BYTES;
            if (whole > size) {
                file.write(ByteBuffer.allocate((int) (whole - size)), size);
            }
            file.force(true);
            return RawFile.open(unfinished, Access.READ_ONLY);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public void put() {
        try {
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failed(e);
        }
        WholeFile.syncDirectory(path);
    }

    @Override
    public void close() {
        try (file) {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            System.getLogger(SegmentFile.class.getName()).log(System.Logger.Level.WARNING, unfinished + ": not removed", e);
        }
    }
}
