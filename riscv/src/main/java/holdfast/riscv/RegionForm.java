package holdfast.riscv;

/// How a region is made: what HotSpot does with it, and what it does where an access misses the TLB's first level.
///
/// A call in the middle costs C2's code dearly even where it is hardly ever made: no register of the host keeps its value across one, so that
/// the guest's are all in memory around it. Leaving the region instead costs the interpretation of what comes up to the next one.
enum RegionForm {
    /// Compiled quickly, by C1; a miss is a call.
    FIRST,
    /// Compiled well, by C2; a miss leaves the region.
    HOT,
    /// Compiled well, and found to miss often; a miss is a call.
    MISSING;

    boolean leavesOnMiss() {
        return this == HOT;
    }
}
