package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads what [StateOutput] wrote, section by section.
final class StateInput {
    private static final int PAYLOAD_BYTES_MAX = 1 << 28;

    private final DataInputStream in;
    private boolean ended;

    /// @throws IOException when it does not begin as a saved state of a known version
    StateInput(InputStream in) throws IOException {
        this.in = new DataInputStream(in);
        try {
            if (this.in.readLong() != StateOutput.MAGIC) {
                throw new IOException("it is not a saved machine");
            }
            int version = this.in.readInt();
            if (version != StateOutput.VERSION) {
                throw new IOException("it has format version " + version + ", this program reads " + StateOutput.VERSION);
            }
        } catch (EOFException e) {
            throw new IOException("it is truncated", e);
        }
    }

    /// The next section, null after the last.
    ///
    /// @throws IOException when it is damaged, or the state ends without having been finished
    @Nullable StateSection next() throws IOException {
        if (ended) {
            return null;
        }
        try {
            StateSection section = read();
            ended = section.name().equals(StateOutput.END);
            return ended ? null : section;
        } catch (EOFException e) {
            throw new IOException("it is truncated", e);
        }
    }

    private StateSection read() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        DataOutputStream copy = new DataOutputStream(head);
        String name = in.readUTF();
        int version = in.readInt();
        int required = in.readUnsignedByte();
        int length = in.readInt();
        if (length < 0 || length > PAYLOAD_BYTES_MAX) {
            throw new IOException("part " + name + " is damaged");
        }
        copy.writeUTF(name);
        copy.writeInt(version);
        copy.writeByte(required);
        copy.writeInt(length);
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            throw new EOFException(name);
        }
        CRC32C crc = new CRC32C();
        crc.update(head.toByteArray());
        crc.update(payload);
        if (in.readInt() != (int) crc.getValue()) {
            throw new IOException("part " + name + " is damaged");
        }
        return new StateSection(name, version, required != 0, payload);
    }
}
