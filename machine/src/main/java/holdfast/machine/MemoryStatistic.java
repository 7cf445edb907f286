package holdfast.machine;

/// What a guest's balloon driver tells about its memory, in the order of its tags (virtio 1.2, §5.5.6.4). Amounts are
/// bytes, faults and allocations are counts.
public enum MemoryStatistic {
    SWAP_IN,
    SWAP_OUT,
    MAJOR_FAULTS,
    MINOR_FAULTS,
    FREE,
    TOTAL,
    AVAILABLE,
    DISK_CACHES,
    HUGE_PAGE_ALLOCATIONS,
    HUGE_PAGE_FAILURES
}
