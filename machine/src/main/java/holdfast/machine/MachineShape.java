package holdfast.machine;

import holdfast.block.ByteSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// The first section of a saved state: what a machine must be like to go on from it, and what its operator wrote on it.
///
/// @param whole whether all of memory follows, or only changes
/// @param label free text, not compared
record MachineShape(int harts, long memoryBytes, String firmware, boolean whole, String label) {
    static final String SECTION = "machine";
    static final int VERSION = 1;
    private static final int LABEL_BYTES_MAX = 64 << 10;

    static MachineShape of(MachineConfig config, boolean whole) {
        return new MachineShape(
                config.harts(),
                config.memoryBytes(),
                config.firmware().getClass().getSimpleName(),
                whole,
                config.label());
    }

    StateSection section() throws IOException {
        StateWriter out = new StateWriter();
        out.writeInt(harts);
        out.writeLong(memoryBytes);
        out.writeUTF(firmware);
        out.writeBoolean(whole);
        out.writeBlob(label.getBytes(StandardCharsets.UTF_8));
        return new StateSection(SECTION, VERSION, true, out.toByteArray());
    }

    static MachineShape read(StateSection section) throws IOException {
        if (!section.name().equals(SECTION)) {
            throw new IOException("it does not begin with the machine's shape");
        }
        StateReader in = section.upTo(VERSION).reader();
        return new MachineShape(
                in.readInt(),
                in.readLong(),
                in.readUTF(),
                in.readBoolean(),
                new String(in.readBlob(LABEL_BYTES_MAX), StandardCharsets.UTF_8));
    }

    /// @throws IOException naming what differs, when a machine of this configuration cannot go on from it
    void require(MachineConfig config) throws IOException {
        if (harts != config.harts()) {
            throw new IOException("it has " + harts + " harts, this machine has " + config.harts());
        }
        if (memoryBytes != config.memoryBytes()) {
            throw new IOException("it has " + new ByteSize(memoryBytes) + " of memory, this machine has "
                    + new ByteSize(config.memoryBytes()));
        }
        String here = config.firmware().getClass().getSimpleName();
        if (!firmware.equals(here)) {
            throw new IOException("its firmware is " + firmware + ", this machine's is " + here);
        }
    }
}
