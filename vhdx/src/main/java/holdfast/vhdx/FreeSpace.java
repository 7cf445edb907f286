package holdfast.vhdx;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// Which MiB of a file hold nothing that counts: what was freed, what nobody refers to, and everything past the end. The lowest
/// are given first, so that a file grows only when there is nothing left in it.
final class FreeSpace {
    private final BitSet used;
    private int lowestFree;

    /// @param used MiB that are taken; this object's from now on
    FreeSpace(BitSet used) {
        this.used = used;
    }

    /// Takes a run of so many bytes, a multiple of 1 MiB.
    ///
    /// @return where it begins in the file, which may be past the end of that
    synchronized long take(long bytes) {
        int length = (int) (bytes / Mebibytes.ONE);
        lowestFree = used.nextClearBit(lowestFree);
        int from = lowestFree;
        for (int taken = used.nextSetBit(from); taken >= 0 && taken < from + length; taken = used.nextSetBit(from)) {
            from = used.nextClearBit(taken);
        }
        used.set(from, from + length);
        return from * Mebibytes.ONE;
    }

    record Run(long offset, long bytes) {}

    /// What is free of the first so many bytes of a file.
    synchronized List<Run> freeBelow(long end) {
        var runs = new ArrayList<Run>();
        int limit = (int) (end / Mebibytes.ONE);
        for (int from = used.nextClearBit(0); from < limit; ) {
            int next = used.nextSetBit(from);
            int to = next < 0 ? limit : Math.min(next, limit);
            runs.add(new Run(from * Mebibytes.ONE, (to - from) * Mebibytes.ONE));
            from = used.nextClearBit(to);
        }
        return runs;
    }

    synchronized long usedBytes() {
        return used.cardinality() * Mebibytes.ONE;
    }

    /// The end of the last run that is taken.
    synchronized long end() {
        return used.length() * Mebibytes.ONE;
    }

    /// Gives a run back.
    synchronized void give(long offset, long bytes) {
        int from = (int) (offset / Mebibytes.ONE);
        used.clear(from, from + (int) (bytes / Mebibytes.ONE));
        lowestFree = Math.min(lowestFree, from);
    }
}
