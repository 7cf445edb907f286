package holdfast.machine;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import holdfast.block.OperatorError;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// Reads what [Recorder] wrote, up to the last whole block.
final class RecordReader implements AutoCloseable {
    private static final int BLOCK_BYTES_MAX = 1 << 28;

    private final Path path;
    private final FileChannel file;
    private final Queue<RecordedEvent> events = new ArrayDeque<>();
    private long seed;
    private boolean exhausted;
    private long lastTurn;

    private RecordReader(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /// @param configDigest of the machine that is to replay it
    /// @throws OperatorError when it is no record, or of another machine
    static RecordReader open(Path path, byte[] configDigest) {
        RecordReader reader = new RecordReader(path, LockedFile.read(path, "record"));
        try {
            reader.readHeader(configDigest);
            return reader;
        } catch (OperatorError e) {
            reader.close();
            throw e;
        }
    }

    private void readHeader(byte[] configDigest) {
        byte[] header = readFully(Recorder.HEADER_BYTES);
        if (header == null) {
            throw unusable("is truncated", "name a record made with --record");
        }
        ByteBuffer fields = ByteBuffer.wrap(header);
        if (fields.getLong() != Recorder.MAGIC) {
            throw unusable("is not a record", "name a file made with --record");
        }
        int version = fields.getInt();
        if (version != Recorder.VERSION) {
            throw unusable("has format version " + version, "replay it with the Holdfast that made it");
        }
        seed = fields.getLong();
        byte[] digest = new byte[Recorder.CONFIG_DIGEST_BYTES];
        fields.get(digest);
        if (fields.getInt() != Recorder.crc(header, Recorder.HEADER_BYTES - Integer.BYTES)) {
            throw unusable("is damaged", "record again");
        }
        if (!Arrays.equals(digest, configDigest)) {
            throw unusable(
                    "was made with another machine, kernel or disk content", "give the options and disks of the recording");
        }
    }

    private OperatorError unusable(String problem, String nextStep) {
        return new OperatorError("record " + path, problem, nextStep);
    }

    long seed() {
        return seed;
    }

    /// Looks at the next event; null when there is none any more.
    @Nullable RecordedEvent peek() {
        if (events.isEmpty() && !exhausted) {
            exhausted = !readBlock();
        }
        return events.peek();
    }

    @Nullable RecordedEvent next() {
        peek();
        RecordedEvent event = events.poll();
        if (event != null) {
            lastTurn = event.turn();
        }
        return event;
    }

    /// The gate point of the last event that was taken.
    long lastTurn() {
        return lastTurn;
    }

    private boolean readBlock() {
        byte[] head = readFully(Recorder.BLOCK_HEADER_BYTES);
        if (head == null) {
            return false;
        }
        ByteBuffer fields = ByteBuffer.wrap(head);
        int packedBytes = fields.getInt();
        int plainBytes = fields.getInt();
        int crc = fields.getInt();
        if (packedBytes < 0 || packedBytes > BLOCK_BYTES_MAX || plainBytes <= 0 || plainBytes > BLOCK_BYTES_MAX) {
            return false;
        }
        byte[] packed = readFully(packedBytes);
        if (packed == null || Recorder.crc(packed, packedBytes) != crc) {
            return false;
        }
        try {
            byte[] plain = Zstd.decompress(packed, plainBytes);
            decode(new DataInputStream(new ByteArrayInputStream(plain)));
            return true;
        } catch (ZstdException | IOException e) {
            throw unusable("is damaged inside a block whose checksum is right (" + e.getMessage() + ")", "record again");
        }
    }

    private void decode(DataInputStream in) throws IOException {
        RecordedEvent.Kind[] kinds = RecordedEvent.Kind.values();
        long turn = 0;
        long retired = 0;
        for (int kind = in.read(); kind >= 0; kind = in.read()) {
            if (kind >= kinds.length) {
                throw new IOException("unknown event " + kind);
            }
            turn += VarLong.read(in);
            retired += VarLong.read(in);
            int source = (int) VarLong.read(in);
            long number = VarLong.read(in);
            long length = VarLong.read(in);
            if (length < 0 || length > in.available()) {
                throw new EOFException("an event of " + length + " bytes");
            }
            byte[] payload = new byte[(int) length];
            in.readFully(payload);
            events.add(new RecordedEvent(kinds[kind], turn, retired, source, number, payload));
        }
    }

    /// @return null when the file ends before
    private byte @Nullable [] readFully(int length) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        try {
            while (buffer.hasRemaining()) {
                if (file.read(buffer) < 0) {
                    return null;
                }
            }
        } catch (IOException e) {
            throw unusable("cannot be read (" + e.getMessage() + ")", "check the disk it is on");
        }
        return buffer.array();
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            System.getLogger(RecordReader.class.getName()).log(System.Logger.Level.DEBUG, "a record was not closed", e);
        }
    }
}
