package holdfast.machine;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;

/// Reads one part's record as [StateWriter] wrote it. Reading past its end is an [java.io.EOFException].
final class StateReader extends DataInputStream {
    private final int version;

    StateReader(int version, byte[] record) {
        super(new ByteArrayInputStream(record));
        this.version = version;
    }

    /// The version with which the record was written.
    int version() {
        return version;
    }

    /// An array written by [StateWriter#writeBlob].
    ///
    /// @throws IOException when its length is not in 0..`maxLength`
    byte[] readBlob(int maxLength) throws IOException {
        byte[] blob = new byte[readLength(maxLength)];
        readFully(blob);
        return blob;
    }

    /// An array written by [StateWriter#writeLongs].
    ///
    /// @throws IOException when its length is not in 0..`maxLength`
    long[] readLongs(int maxLength) throws IOException {
        long[] values = new long[readLength(maxLength)];
        for (int i = 0; i < values.length; i++) {
            values[i] = readLong();
        }
        return values;
    }

    /// Fills an array written by [StateWriter#writeInts].
    ///
    /// @throws IOException when the length differs: the machine has another shape
    void readInts(int[] into) throws IOException {
        int length = readInt();
        if (length != into.length) {
            throw new IOException("a saved array has " + length + " elements, not " + into.length);
        }
        for (int i = 0; i < length; i++) {
            into[i] = readInt();
        }
    }

    private int readLength(int maxLength) throws IOException {
        int length = readInt();
        if (length < 0 || length > maxLength) {
            throw new IOException("length " + length + " in a saved record is outside 0.." + maxLength);
        }
        return length;
    }
}
