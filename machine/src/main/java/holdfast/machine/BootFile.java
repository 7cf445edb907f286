package holdfast.machine;

import holdfast.block.OperatorError;
import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// A file that is loaded into guest memory at every reset. It is opened once: what happens to its name later does not
/// matter.
final class BootFile implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path path;
    private final String role;
    private final FileChannel channel;
    private final long size;

    private BootFile(Path path, String role, FileChannel channel, long size) {
        this.path = path;
        this.role = role;
        this.channel = channel;
        this.size = size;
    }

    /// @param role what the operator calls it: "kernel", "initrd", "firmware"
    /// @throws OperatorError when it cannot be read
    static BootFile open(Path path, String role) {
        try {
            if (Files.isDirectory(path)) {
                throw new OperatorError(role + " " + path, "is a directory", "name a file");
            }
            FileChannel channel = FileChannel.open(path);
            return new BootFile(path, role, channel, channel.size());
        } catch (NoSuchFileException e) {
            throw new OperatorError(role + " " + path, "there is no such file", "check the path");
        } catch (IOException e) {
            throw new OperatorError(role + " " + path, "cannot be read (" + e.getMessage() + ")", "check its permissions");
        }
    }

    long size() {
        return size;
    }

    /// Little-endian bytes from `offset`.
    ///
    /// @throws OperatorError when the file ends before
    ByteBuffer read(long offset, int length) {
        if (offset < 0 || length < 0 || offset > size - length) {
            throw truncated();
        }
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, offset + buffer.position()) < 0) {
                    throw truncated();
                }
            }
        } catch (IOException e) {
            throw new OperatorError(subject(), "cannot be read (" + e.getMessage() + ")", "check the disk it is on");
        }
        return buffer.flip();
    }

    /// Copies part of the file into guest memory.
    ///
    /// @throws OperatorError when the file ends before, or the memory does
    void load(long offset, long length, PhysicalMemory memory, long address) {
        for (long done = 0; done < length; ) {
            int chunk = (int) Math.min(CHUNK_BYTES, length - done);
            byte[] bytes = read(offset + done, chunk).array();
            try {
                memory.write(address + done, bytes, 0, chunk);
            } catch (BusFault e) {
                throw tooBig();
            }
            done += chunk;
        }
    }

    /// SHA-256 of the content.
    byte[] digest() {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (long done = 0; done < size; done += CHUNK_BYTES) {
                sha.update(read(done, (int) Math.min(CHUNK_BYTES, size - done)));
            }
            return sha.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    OperatorError unusable(String problem, String nextStep) {
        return new OperatorError(subject(), problem, nextStep);
    }

    OperatorError truncated() {
        return unusable("is truncated: " + size + " bytes are too few", "get the whole file again");
    }

    OperatorError tooBig() {
        return unusable("does not fit into the guest's memory", "give the guest more memory");
    }

    private String subject() {
        return role + " " + path;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
