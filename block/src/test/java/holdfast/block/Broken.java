package holdfast.block;

import java.lang.foreign.MemorySegment;

/// Stand-ins for calls of this module, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// What was to be flushed is not.
    static void flush(Blocking disk) {}

    /// Everybody gets the clusters he asks for at once.
    static ClusterLocks.Held acquire(ClusterLocks locks, long first, long end) {
        return new ClusterLocks().acquire(first, end);
    }

    /// Every bit of the map is taken to be on stable storage.
    static boolean isDurable(ClusterMap map, long first, long end) {
        return true;
    }

    /// The clusters that are new are forgotten when the program ends.
    static void own(ClusterMap map, long first, long end) {}

    /// Nobody's locks are in the way.
    static boolean taken(OpenFile file, int base, int bits) {
        return false;
    }

    /// The base is taken to be what it was.
    static void checkBase(OverlayStore store, BlockDevice base) {}

    /// No claim is ever lost.
    static boolean revoked(Claim claim) {
        return false;
    }

    /// The kernel's word that the data is gone is not passed on.
    static int syncData(OpenFile file) {
        return 0;
    }

    /// Nothing can be written past the host's cache.
    static boolean wroteDirectly(NewFile file, long offset, MemorySegment from) {
        return false;
    }

    /// A slot of the header is overwritten in place.
    static long slotOffset(OverlayHeader header) {
        return 0;
    }

    /// What a flush has promised is lost with the rest.
    static boolean forceUnitAccess(Change change) {
        return false;
    }
}
