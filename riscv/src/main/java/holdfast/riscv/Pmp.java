package holdfast.riscv;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// Physical memory protection: 16 entries (privileged specification, 3.7).
final class Pmp {
    static final int READ = 1;
    static final int WRITE = 2;
    static final int EXECUTE = 4;

    private static final int ENTRIES = 16;
    private static final int LOCKED = 0x80;
    private static final long ADDRESS_MASK = (1L << 54) - 1;

    private final int[] config = new int[ENTRIES];
    private final long[] address = new long[ENTRIES];

    void reset() {
        java.util.Arrays.fill(config, 0);
        java.util.Arrays.fill(address, 0);
    }

    /// Everything allowed to everyone, as firmware leaves it for a supervisor it trusts with all of memory.
    void allowAll() {
        config[0] = 3 << 3 | READ | WRITE | EXECUTE;
        address[0] = ADDRESS_MASK;
    }

    long readConfig(int register) {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            int entry = register * 4 + i;
            value |= entry < ENTRIES ? (long) config[entry] << 8 * i : 0;
        }
        return value;
    }

    void writeConfig(int register, long value) {
        for (int i = 0; i < 8; i++) {
            int entry = register * 4 + i;
            int wanted = (int) (value >>> 8 * i) & 0x9f;
            boolean reserved = (wanted & (READ | WRITE)) == WRITE;
            if (entry < ENTRIES && (config[entry] & LOCKED) == 0 && !reserved) {
                config[entry] = wanted;
            }
        }
    }

    long readAddress(int entry) {
        return entry < ENTRIES ? address[entry] : 0;
    }

    void writeAddress(int entry, long value) {
        if (entry >= ENTRIES || (config[entry] & LOCKED) != 0) {
            return;
        }
        boolean boundOfLocked =
                entry + 1 < ENTRIES && (config[entry + 1] & LOCKED) != 0 && matching(config[entry + 1]) == 1;
        if (!boundOfLocked) {
            address[entry] = value & ADDRESS_MASK;
        }
    }

    /// Whether an access of `length` bytes is allowed. All its bytes must be matched by the same entry.
    ///
    /// @param right [#READ], [#WRITE] or [#EXECUTE]
    boolean allows(long start, long length, int right, boolean machineMode) {
        int entry = firstMatch(start, length);
        if (entry == PARTIAL) {
            return false;
        }
        if (entry == NONE) {
            return machineMode;
        }
        return machineMode && (config[entry] & LOCKED) == 0 || (config[entry] & right) != 0;
    }

    /// Whether one entry (or none) decides for all of the page, so that a decision may be cached for it.
    boolean uniform(long page) {
        return firstMatch(page & -4096, 4096) != PARTIAL;
    }

    private static final int NONE = -1;
    private static final int PARTIAL = -2;

    private int firstMatch(long start, long length) {
        for (int entry = 0; entry < ENTRIES; entry++) {
            int matching = matching(config[entry]);
            if (matching == 0) {
                continue;
            }
            long low;
            long high;
            if (matching == 1) {
                low = entry == 0 ? 0 : address[entry - 1] << 2;
                high = address[entry] << 2;
            } else if (matching == 2) {
                low = address[entry] << 2;
                high = low + 4;
            } else {
                int ones = Long.numberOfTrailingZeros(~address[entry]);
                if (ones >= 53) {
                    return entry;
                }
                low = (address[entry] & -(1L << ones)) << 2;
                high = low + (8L << ones);
            }
            if (start >= low && start + length <= high) {
                return entry;
            }
            if (start < high && start + length > low) {
                return PARTIAL;
            }
        }
        return NONE;
    }

    /// 0 off, 1 top of range, 2 four bytes, 3 a power of two.
    private static int matching(int entryConfig) {
        return entryConfig >>> 3 & 3;
    }

    void save(DataOutput out) throws IOException {
        for (int i = 0; i < ENTRIES; i++) {
            out.writeByte(config[i]);
            out.writeLong(address[i]);
        }
    }

    void restore(DataInput in) throws IOException {
        for (int i = 0; i < ENTRIES; i++) {
            config[i] = in.readUnsignedByte();
            address[i] = in.readLong();
        }
    }
}
