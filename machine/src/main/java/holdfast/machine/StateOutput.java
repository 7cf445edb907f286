package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32C;

/// Writes a saved state: magic, version, then sections, each with name, version, whether it is required, length, payload and
/// a CRC-32C over all of that; a section named `end` is the last. Big-endian. It does not close the stream.
final class StateOutput {
    static final long MAGIC = 0x48_46_53_54_41_54_45_0aL;
    static final int VERSION = 1;
    static final String END = "end";

    private final OutputStream out;

    StateOutput(OutputStream out) throws IOException {
        this.out = out;
        DataOutputStream header = new DataOutputStream(out);
        header.writeLong(MAGIC);
        header.writeInt(VERSION);
    }

    void section(StateSection section) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(section.payload().length + 64);
        DataOutputStream framed = new DataOutputStream(bytes);
        framed.writeUTF(section.name());
        framed.writeInt(section.version());
        framed.writeBoolean(section.required());
        framed.writeInt(section.payload().length);
        framed.write(section.payload());
        CRC32C crc = new CRC32C();
        crc.update(bytes.toByteArray());
        framed.writeInt((int) crc.getValue());
        bytes.writeTo(out);
    }

    /// A part's own record.
    void part(Lifecycle part) throws IOException {
        StateWriter record = new StateWriter();
        part.save(record);
        section(new StateSection(part.name(), part.version(), true, record.toByteArray()));
    }

    void end() throws IOException {
        section(new StateSection(END, 1, true, new byte[0]));
        out.flush();
    }
}
