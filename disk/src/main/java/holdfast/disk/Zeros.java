package holdfast.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Tells what is nothing but zeros.
final class Zeros {
    private static final MemorySegment ZEROS = Arena.global().allocate(64 << 10);

    private Zeros() {}

    static boolean isAll(MemorySegment bytes) {
        for (long at = 0; at < bytes.byteSize(); at += ZEROS.byteSize()) {
            long length = Math.min(ZEROS.byteSize(), bytes.byteSize() - at);
            if (MemorySegment.mismatch(bytes, at, at + length, ZEROS, 0, length) >= 0) {
                return false;
            }
        }
        return true;
    }
}
