package holdfast.block;

/// Stand-ins for calls of the lazy disk, each wrong in one way; [LazyMutantsTest] puts them in place.
final class BrokenLazy {
    private BrokenLazy() {}

    /// What was to be flushed is not.
    static void flush(Blocking disk) {}

    /// The map is taken to be on stable storage.
    static boolean isDurable(LazyMap map, long from, long to) {
        return true;
    }

    /// Everything is taken to be initialised.
    static boolean covers(LazyMap map, long from, long to) {
        return true;
    }

    /// Everybody gets the blocks he asks for at once.
    static ClusterLocks.Held acquire(ClusterLocks locks, long first, long end) {
        return new ClusterLocks().acquire(first, end);
    }

    /// What lies around a write stays what it was.
    static void zero(LazyDevice device, long from, long to) {}

    /// The map does not say that the storage is being changed.
    static void begin(DescriptorFile file) {}

    /// Every section may be skipped.
    static boolean isRequired(short flags) {
        return false;
    }

    /// What was zeroed or written is forgotten.
    static void raise(LazyMap map, long from, long to) {}

    /// Every descriptor goes to the same slot.
    static long slotOffset(DiskDescriptor descriptor) {
        return 0;
    }

    /// Every version is the one that is known.
    static boolean isKnown(int version) {
        return true;
    }

    /// What is new counts as initialised.
    static void grow(LazyMap map, long bytes) {
        map.grow(bytes);
        map.raise(bytes - map.pendingBytes(), bytes);
    }
}
