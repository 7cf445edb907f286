package holdfast.journal;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// The regions of a disk in which volume and journal may differ: the write-intent map. It lives in the stream, as entries; this is
/// what they come to.
final class Intents {
    private static final long REGION_BYTES_MIN = 16 << 20;
    private static final long REGIONS_MAX = 4096;
    private static final int MANY = 256;

    /// A range of bytes.
    record Range(long offset, long length) {}

    private final long regionBytes;
    private final long diskBytes;

    /// Regions with an entry.
    private final BitSet noted = new BitSet();

    /// Those of which the entry is on stable storage.
    private final BitSet durable = new BitSet();

    private int generation;

    Intents(long diskBytes, long regionBytes) {
        this.diskBytes = diskBytes;
        this.regionBytes = regionBytes;
    }

    /// Of 16 MiB; of more on disks over 64 GiB, so that there are no more than 4096.
    static long regionBytesFor(long diskBytes) {
        long bytes = REGION_BYTES_MIN;
        while (diskBytes / bytes > REGIONS_MAX) {
            bytes *= 2;
        }
        return bytes;
    }

    /// The regions of a range that have no entry yet, neighbours together; they are taken to have one from now on.
    List<Range> note(long offset, long length) {
        var ranges = new ArrayList<Range>();
        int end = (int) ((offset + length - 1) / regionBytes) + 1;
        for (int from = noted.nextClearBit((int) (offset / regionBytes)); from < end; ) {
            int next = noted.nextSetBit(from);
            int to = next < 0 ? end : Math.min(end, next);
            ranges.add(new Range(from * regionBytes, Math.min(diskBytes, to * regionBytes) - from * regionBytes));
            noted.set(from, to);
            from = noted.nextClearBit(to);
        }
        return ranges;
    }

    /// Whether the volume may be changed in a range.
    boolean areDurable(long offset, long length) {
        int from = (int) (offset / regionBytes);
        return durable.nextClearBit(from) > (offset + length - 1) / regionBytes;
    }

    /// The entries that were noted for these regions in a generation are on stable storage.
    void durable(long offset, long length, int notedIn) {
        if (notedIn == generation) {
            durable.set((int) (offset / regionBytes), (int) ((offset + length - 1) / regionBytes) + 1);
        }
    }

    int generation() {
        return generation;
    }

    /// Whether there are so many that the next open would take long to compare them: half of the disk, or 256 regions.
    boolean areMany() {
        return noted.cardinality() >= Math.min(MANY, Math.ceilDiv(diskBytes, 2 * regionBytes));
    }

    /// Begins another generation: every region is noted again, with an entry behind all that there are.
    void renew() {
        noted.clear();
        durable.clear();
        generation++;
    }
}
