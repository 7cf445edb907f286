package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/// What a request does to the content of a disk, kept after the request is gone.
///
/// @param data [MemorySegment#NULL] for zeros
/// @param forceUnitAccess whether it is durable as soon as it is completed
record Change(long offset, long length, MemorySegment data, boolean forceUnitAccess) {

    /// @return null for a request that changes nothing
    static @Nullable Change of(Request request) {
        return switch (request) {
            case Request.Write write ->
                new Change(write.offset(), write.from().byteSize(), copy(write.from()), write.forceUnitAccess());
            case Request.WriteZeroes zeroes ->
                new Change(zeroes.offset(), zeroes.length(), MemorySegment.NULL, zeroes.forceUnitAccess());
            case Request.Discard discard -> new Change(discard.offset(), discard.length(), MemorySegment.NULL, false);
            case Request.Read _, Request.Flush _, Request.Extents _ -> null;
        };
    }

    private static MemorySegment copy(MemorySegment data) {
        return MemorySegment.ofArray(data.toArray(ValueLayout.JAVA_BYTE)).asReadOnly();
    }

    private boolean zeros() {
        return data.equals(MemorySegment.NULL);
    }

    long end() {
        return offset + length;
    }

    /// Makes the part of this change from byte `from` to byte `to` of the disk, both within it.
    void apply(MemoryDevice disk, long from, long to) {
        if (zeros()) {
            disk.clear(from, to - from);
        } else {
            disk.write(from, data.asSlice(from - offset, to - from));
        }
    }

    void apply(MemoryDevice disk) {
        apply(disk, offset, end());
    }

    /// Makes those blocks of the change that survive a power cut as the `index`th of those not flushed.
    void apply(MemoryDevice disk, Survival survival, int index) {
        int blockBytes = disk.geometry().logicalBlockBytes();
        for (long block = offset / blockBytes; block * blockBytes < end(); block++) {
            if (survival.survives(index, block)) {
                apply(disk, Math.max(offset, block * blockBytes), Math.min(end(), (block + 1) * blockBytes));
            }
        }
    }

    /// Puts what this change made over what was read of a range.
    void overlay(long readOffset, MemorySegment into) {
        long from = Math.max(offset, readOffset);
        long to = Math.min(end(), readOffset + into.byteSize());
        if (from >= to) {
            return;
        }
        MemorySegment part = into.asSlice(from - readOffset, to - from);
        if (zeros()) {
            part.fill((byte) 0);
        } else {
            part.copyFrom(data.asSlice(from - offset, to - from));
        }
    }
}
