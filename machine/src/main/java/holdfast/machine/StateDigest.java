package holdfast.machine;

import holdfast.riscv.DirtyLog;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// A running digest of guest memory and of the harts' registers: 64 bits, equal for equal states. Only pages that were
/// stored to since the last time are read again.
final class StateDigest implements AutoCloseable {
    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long PRIME1 = 0x9e3779b185ebca87L;
    private static final long PRIME2 = 0xc2b2ae3d27d4eb4fL;
    private static final long PRIME3 = 0x165667b19e3779f9L;

    private final PhysicalMemory memory;
    private final List<Core> cores;
    private final DirtyLog dirty;
    /// What each page adds to the sum; a page of zeros adds nothing.
    private final long[] parts;

    private final long zeroPage;
    private long sum;

    StateDigest(PhysicalMemory memory, List<Core> cores) {
        this.memory = memory;
        this.cores = List.copyOf(cores);
        this.dirty = memory.openDirtyLog();
        this.parts = new long[memory.pageCount()];
        this.zeroPage = hash(MemorySegment.ofArray(new long[PhysicalMemory.PAGE_BYTES / Long.BYTES]));
        for (int page = 0; page < parts.length; page++) {
            renew(page);
        }
    }

    /// The digest now. Only while no hart runs.
    long value() {
        dirty.collect(this::renew);
        long digest = sum;
        for (Core core : cores) {
            digest = mix(digest ^ registers(core)) * PRIME1 + PRIME3;
        }
        return digest;
    }

    private void renew(int page) {
        long bytes = PhysicalMemory.PAGE_BYTES;
        long hash = hash(memory.segment().asSlice(page * bytes, bytes));
        long part = hash == zeroPage ? 0 : mix(hash + page * PRIME2);
        sum += part - parts[page];
        parts[page] = part;
    }

    private static long registers(Core core) {
        try {
            StateWriter out = new StateWriter();
            core.save(out);
            byte[] bytes = out.toByteArray();
            byte[] padded = Arrays.copyOf(bytes, bytes.length + 31 & -32);
            return hash(MemorySegment.ofArray(padded)) + bytes.length;
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
    }

    /// Four lanes as xxHash64 has them; the length is a multiple of 32.
    static long hash(MemorySegment bytes) {
        long a = PRIME1;
        long b = PRIME2;
        long c = PRIME3;
        long d = -PRIME1;
        for (long at = 0; at < bytes.byteSize(); at += 32) {
            a = round(a, bytes.get(WORD, at));
            b = round(b, bytes.get(WORD, at + 8));
            c = round(c, bytes.get(WORD, at + 16));
            d = round(d, bytes.get(WORD, at + 24));
        }
        long all = Long.rotateLeft(a, 1) + Long.rotateLeft(b, 7) + Long.rotateLeft(c, 12) + Long.rotateLeft(d, 18);
        return mix(all);
    }

    private static long round(long lane, long word) {
        return Long.rotateLeft(lane + word * PRIME2, 31) * PRIME1;
    }

    private static long mix(long value) {
        long mixed = (value ^ value >>> 33) * PRIME2;
        mixed = (mixed ^ mixed >>> 29) * PRIME3;
        return mixed ^ mixed >>> 32;
    }

    @Override
    public void close() {
        dirty.close();
    }
}
