package holdfast.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// The Internet checksum (RFC 1071) that a driver leaves to the device (virtio 1.2, §5.1.6.2.1).
final class Checksum {
    private static final int NEEDS_CSUM = 1;
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private Checksum() {}

    /// Completes the frame's checksum if its header asks for it: the field holds the sum of the pseudo-header, and is
    /// replaced by the complement of the sum from `csum_start` to the end.
    ///
    /// @param header begins with a `virtio_net_hdr`: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
    /// @return false when it asks for a field outside the frame
    static boolean complete(byte[] header, byte[] frame) {
        if ((header[0] & NEEDS_CSUM) == 0) {
            return true;
        }
        int start = header[6] & 0xff | (header[7] & 0xff) << 8;
        int field = start + (header[8] & 0xff | (header[9] & 0xff) << 8);
        if (field + 2 > frame.length) {
            return false;
        }
        int sum = ~sum(frame, start) & 0xffff;
        // Zero means "no checksum" to UDP; all ones is the same number in ones' complement and valid for TCP as well.
        int written = sum == 0 ? 0xffff : sum;
        frame[field] = (byte) (written >> 8);
        frame[field + 1] = (byte) written;
        return true;
    }

    /// Ones' complement sum, 16 bits, of big-endian words from `from` to the end, padded with a zero byte.
    static int sum(byte[] bytes, int from) {
        return sum(bytes, from, bytes.length);
    }

    /// The same up to `to`.
    static int sum(byte[] bytes, int from, int to) {
        long sum = 0;
        int i = from;
        for (; i + 4 <= to; i += 4) {
            // Two words at once: what the lower one carries is added in the end.
            sum += (int) WORDS.get(bytes, i) & 0xffff_ffffL;
        }
        for (; i < to; i += 2) {
            int low = i + 1 < to ? bytes[i + 1] & 0xff : 0;
            sum += (bytes[i] & 0xff) << 8 | low;
        }
        return fold(sum);
    }

    /// The same in 16 bits.
    static int fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }
}
