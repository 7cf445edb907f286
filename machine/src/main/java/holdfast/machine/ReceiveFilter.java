package holdfast.machine;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// Which frames a network device hands to its driver (virtio 1.2, §5.1.6.5.1, §5.1.6.5.2): everything, until the driver
/// switches promiscuous mode off; then broadcasts, its own address, and what its table lists.
final class ReceiveFilter {
    /// A longer table means "all of that kind".
    private static final int TABLE_MAX = 64;

    private final long powerOnAddress;
    private long address;
    private boolean promiscuous = true;
    private boolean allMulticast;
    private boolean manyMulticasts;
    private boolean manyUnicasts;
    private final Set<Long> table = new HashSet<>();

    ReceiveFilter(byte[] address) {
        this.powerOnAddress = at(address, 0);
        this.address = powerOnAddress;
    }

    void reset() {
        address = powerOnAddress;
        promiscuous = true;
        allMulticast = false;
        manyMulticasts = false;
        manyUnicasts = false;
        table.clear();
    }

    boolean accepts(byte[] frame) {
        long to = at(frame, 0);
        boolean multicast = (to >>> 40 & 1) != 0;
        return promiscuous
                || to == 0xffff_ffff_ffffL
                || to == address
                || (multicast ? allMulticast || manyMulticasts : manyUnicasts)
                || table.contains(to);
    }

    boolean promiscuous(boolean on) {
        promiscuous = on;
        return true;
    }

    boolean allMulticast(boolean on) {
        allMulticast = on;
        return true;
    }

    boolean address(byte[] value) {
        address = at(value, 0);
        return true;
    }

    /// Replaces the table: a count and unicast addresses, a count and multicast addresses.
    ///
    /// @return false, with nothing changed, when the data is too short for its counts
    boolean table(byte[] data) {
        long unicasts = count(data, 0);
        long multicasts = unicasts < 0 ? -1 : count(data, 4 + 6 * (int) unicasts);
        if (multicasts < 0) {
            return false;
        }
        table.clear();
        manyUnicasts = unicasts > TABLE_MAX;
        manyMulticasts = multicasts > TABLE_MAX;
        add(data, 4, manyUnicasts ? 0 : (int) unicasts);
        add(data, 8 + 6 * (int) unicasts, manyMulticasts ? 0 : (int) multicasts);
        return true;
    }

    private void add(byte[] data, int from, int count) {
        for (int i = 0; i < count; i++) {
            table.add(at(data, from + 6 * i));
        }
    }

    /// The little-endian count at `offset`, or -1 when the data does not hold so many addresses after it.
    private static long count(byte[] data, int offset) {
        if (offset + 4 > data.length) {
            return -1;
        }
        long count = 0;
        for (int i = 0; i < 4; i++) {
            count |= (data[offset + i] & 0xffL) << 8 * i;
        }
        return count <= (data.length - offset - 4) / 6 ? count : -1;
    }

    private static long at(byte[] bytes, int offset) {
        long value = 0;
        for (int i = 0; i < 6; i++) {
            value = value << 8 | bytes[offset + i] & 0xff;
        }
        return value;
    }

    void save(StateWriter out) throws IOException {
        out.writeLong(address);
        out.writeBoolean(promiscuous);
        out.writeBoolean(allMulticast);
        out.writeBoolean(manyMulticasts);
        out.writeBoolean(manyUnicasts);
        out.writeLongs(table.stream().mapToLong(Long::longValue).sorted().toArray());
    }

    void restore(StateReader in) throws IOException {
        address = in.readLong();
        promiscuous = in.readBoolean();
        allMulticast = in.readBoolean();
        manyMulticasts = in.readBoolean();
        manyUnicasts = in.readBoolean();
        table.clear();
        Arrays.stream(in.readLongs(2 * TABLE_MAX)).forEach(table::add);
    }
}
