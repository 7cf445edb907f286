package holdfast.machine;

import com.github.luben.zstd.Zstd;
import holdfast.block.OperatorError;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// Writes what passes the event gate to a file (format in docs/machine.md): a header, then compressed blocks with a checksum
/// each, so that a file that was cut off is good up to its last whole block. Big-endian.
///
/// Used on the hart's thread alone.
final class Recorder implements AutoCloseable {
    static final long MAGIC = 0x48_46_52_45_43_4f_52_44L;
    static final int VERSION = 1;
    static final int CONFIG_DIGEST_BYTES = 32;
    static final int HEADER_BYTES = Long.BYTES + Integer.BYTES + Long.BYTES + CONFIG_DIGEST_BYTES + Integer.BYTES;
    static final int BLOCK_HEADER_BYTES = 3 * Integer.BYTES;
    private static final int BLOCK_BYTES = 64 << 10;
    private static final long BLOCK_TURNS = 4096;
    private static final int COMPRESSION_LEVEL = 1;

    private final Path path;
    private final FileChannel file;
    private final ByteArrayOutputStream block = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(block);
    private long blockTurn;
    private long lastTurn;
    private long lastRetired;
    private int sourceCount;
    private boolean closed;

    private Recorder(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /// @param configDigest what the machine is built from, so that the record is replayed on nothing else
    /// @throws OperatorError when the file cannot be written or another program writes it
    static Recorder create(Path path, byte[] configDigest, long seed) {
        FileChannel file = LockedFile.create(path, "record");
        try {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
            header.putLong(MAGIC).putInt(VERSION).putLong(seed).put(configDigest);
            header.putInt(crc(header.array(), header.position()));
            write(file, header.flip());
            return new Recorder(path, file);
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    private static OperatorError unwritable(Path path, IOException e) {
        return new OperatorError(
                "record " + path, "cannot be written (" + e.getMessage() + ")", "free some space or name another file");
    }

    static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private static void write(FileChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    void source(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        event(new RecordedEvent(RecordedEvent.Kind.SOURCE, 0, 0, sourceCount++, 0, bytes));
    }

    /// Notes an event. After a failure to write the record ends where it is, and later events are not noted.
    ///
    /// @throws OperatorError when the file cannot be written
    void event(RecordedEvent event) {
        if (closed) {
            return;
        }
        try {
            if (block.size() == 0) {
                blockTurn = event.turn();
                lastTurn = 0;
                lastRetired = 0;
            }
            out.writeByte(event.kind().ordinal());
            VarLong.write(out, event.turn() - lastTurn);
            VarLong.write(out, event.retired() - lastRetired);
            VarLong.write(out, event.source());
            VarLong.write(out, event.number());
            VarLong.write(out, event.payload().length);
            out.write(event.payload());
            lastTurn = event.turn();
            lastRetired = event.retired();
            if (block.size() >= BLOCK_BYTES || event.turn() - blockTurn >= BLOCK_TURNS) {
                flush();
            }
        } catch (IOException e) {
            closed = true;
            throw unwritable(path, e);
        }
    }

    /// Writes a block with what has gathered.
    void flush() throws IOException {
        if (block.size() == 0) {
            return;
        }
        byte[] packed = Zstd.compress(block.toByteArray(), COMPRESSION_LEVEL);
        ByteBuffer framed = ByteBuffer.allocate(BLOCK_HEADER_BYTES + packed.length);
        framed.putInt(packed.length).putInt(block.size()).putInt(crc(packed, packed.length)).put(packed);
        block.reset();
        write(file, framed.flip());
    }

    /// The run ends here.
    void end(long turn, long retired) {
        event(new RecordedEvent(RecordedEvent.Kind.END, turn, retired, 0, 0, TurnGate.NOTHING));
        close();
    }

    @Override
    public void close() {
        boolean writable = !closed;
        closed = true;
        try (file) {
            if (writable) {
                flush();
                file.force(true);
            }
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }
}
