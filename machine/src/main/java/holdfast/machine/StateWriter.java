package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/// Collects one part's record: big-endian primitives as [java.io.DataOutput] has them. Name, version, length and
/// checksum are put around it by the machine.
final class StateWriter extends DataOutputStream {
    private final ByteArrayOutputStream bytes;

    StateWriter() {
        this(new ByteArrayOutputStream());
    }

    private StateWriter(ByteArrayOutputStream bytes) {
        super(bytes);
        this.bytes = bytes;
    }

    /// An array with its length before it.
    void writeBlob(byte[] blob) throws IOException {
        writeInt(blob.length);
        write(blob);
    }

    /// An array of long with its length before it.
    void writeLongs(long[] values) throws IOException {
        writeInt(values.length);
        for (long value : values) {
            writeLong(value);
        }
    }

    /// An array of int with its length before it.
    void writeInts(int[] values) throws IOException {
        writeInt(values.length);
        for (int value : values) {
            writeInt(value);
        }
    }

    byte[] toByteArray() {
        return bytes.toByteArray();
    }
}
