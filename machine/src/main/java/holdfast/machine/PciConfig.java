package holdfast.machine;

import java.io.IOException;

/// Configuration space of a PCI function with a type-0 header, one 32-bit memory BAR (BAR 0) and a list of capabilities
/// (PCI Local Bus Specification 3.0, §6.1, §6.2, §6.7). It knows which bits can be written; who owns it acts on them.
/// Not thread-safe.
final class PciConfig {
    static final int BYTES = 256;

    static final int COMMAND = 0x04;
    static final int BAR = 0x10;
    private static final int STATUS = 0x06;
    private static final int CAPABILITIES = 0x34;
    private static final int FIRST_CAPABILITY = 0x40;

    private static final int COMMAND_MEMORY = 1 << 1;
    private static final int COMMAND_BUS_MASTER = 1 << 2;
    private static final int COMMAND_PARITY = 1 << 6;
    private static final int COMMAND_SERR = 1 << 8;
    private static final int COMMAND_INTX_DISABLE = 1 << 10;
    private static final int STATUS_INTERRUPT = 1 << 3;
    private static final int STATUS_CAPABILITIES = 1 << 4;

    /// What identifies a function.
    ///
    /// @param classCode base class, sub-class and programming interface, 24 bits
    /// @param interruptPin 0 none, 1 INTA
    record Identity(int vendor, int device, int revision, int classCode, int subsystem, int interruptPin) {}

    private final int barBytes;
    private final byte[] initial = new byte[BYTES];
    private final byte[] writable = new byte[BYTES];
    private byte[] values = new byte[BYTES];
    private int lastCapability;
    private int end = FIRST_CAPABILITY;

    /// @param barBytes size of BAR 0, a power of two from 16 on; 0 for none
    PciConfig(Identity identity, int barBytes) {
        if (barBytes != 0 && (barBytes < 16 || Integer.bitCount(barBytes) != 1)) {
            throw new IllegalArgumentException("not the size of a BAR: " + barBytes);
        }
        this.barBytes = barBytes;
        put(initial, 0x00, 2, identity.vendor);
        put(initial, 0x02, 2, identity.device);
        put(initial, 0x08, 4, identity.classCode << 8 | identity.revision);
        put(initial, 0x2c, 2, identity.vendor);
        put(initial, 0x2e, 2, identity.subsystem);
        put(initial, 0x3d, 1, identity.interruptPin);
        int command = COMMAND_BUS_MASTER | COMMAND_PARITY | COMMAND_SERR | COMMAND_INTX_DISABLE;
        put(writable, COMMAND, 2, command | (barBytes == 0 ? 0 : COMMAND_MEMORY));
        put(writable, 0x0c, 2, 0xffff); // cache line size and latency timer: kept, without effect
        put(writable, 0x3c, 1, 0xff); // interrupt line: the firmware's notepad
        if (barBytes != 0) {
            put(writable, BAR, 4, -barBytes);
        }
        reset();
    }

    /// Appends a capability; `body` follows its id and next pointer.
    ///
    /// @param writableMask which bits of the body can be written
    /// @return where it begins
    int addCapability(int id, byte[] body, byte[] writableMask) {
        int at = end;
        end = at + 2 + body.length + 3 & ~3;
        if (end > BYTES) {
            throw new IllegalStateException("no room for another capability");
        }
        put(initial, STATUS, 2, STATUS_CAPABILITIES);
        put(initial, lastCapability == 0 ? CAPABILITIES : lastCapability + 1, 1, at);
        put(initial, at, 1, id);
        System.arraycopy(body, 0, initial, at + 2, body.length);
        System.arraycopy(writableMask, 0, writable, at + 2, writableMask.length);
        lastCapability = at;
        reset();
        return at;
    }

    /// To the values after power-on.
    void reset() {
        values = initial.clone();
    }

    /// @param offset naturally aligned; past the 256 bytes everything reads as zero
    int load(int offset, int bytes) {
        return offset + bytes > BYTES ? 0 : get(values, offset, bytes);
    }

    void store(int offset, int bytes, int value) {
        if (offset + bytes > BYTES) {
            return;
        }
        int mask = get(writable, offset, bytes);
        put(values, offset, bytes, get(values, offset, bytes) & ~mask | value & mask);
    }

    /// Sets what the function itself decides, whether or not the guest may write it.
    void set(int offset, int bytes, int value) {
        put(values, offset, bytes, value);
    }

    /// Where BAR 0 is decoded, or -1 when it is not.
    long barAddress() {
        boolean decoded = (get(values, COMMAND, 2) & COMMAND_MEMORY) != 0;
        return decoded ? Integer.toUnsignedLong(get(values, BAR, 4)) & -barBytes : -1;
    }

    boolean busMaster() {
        return (get(values, COMMAND, 2) & COMMAND_BUS_MASTER) != 0;
    }

    boolean interruptDisabled() {
        return (get(values, COMMAND, 2) & COMMAND_INTX_DISABLE) != 0;
    }

    /// The status register tells of an interrupt also when INTx is disabled.
    void interruptPending(boolean pending) {
        int status = get(values, STATUS, 2);
        put(values, STATUS, 2, pending ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT);
    }

    /// Only the bits that a guest can change are kept: a newer version may offer more capabilities.
    void save(StateWriter out) throws IOException {
        byte[] kept = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            kept[i] = (byte) (values[i] & writable[i]);
        }
        out.writeBlob(kept);
    }

    void restore(StateReader in) throws IOException {
        byte[] kept = in.readBlob(BYTES);
        reset();
        for (int i = 0; i < kept.length; i++) {
            values[i] = (byte) (values[i] & ~writable[i] | kept[i] & writable[i]);
        }
    }

    private static int get(byte[] from, int offset, int bytes) {
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (from[offset + i] & 0xff) << 8 * i;
        }
        return value;
    }

    private static void put(byte[] into, int offset, int bytes, int value) {
        for (int i = 0; i < bytes; i++) {
            into[offset + i] = (byte) (value >> 8 * i);
        }
    }
}
