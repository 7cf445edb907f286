package holdfast.journal;

/// What is in a segment.
///
/// @param first sequence of its first entry
/// @param last of its last one; less than `first` when there is none
/// @param latestNanos the latest time of its entries; [Long#MIN_VALUE] when there is none
/// @param bytes up to its end
record SegmentSpan(int number, long first, long last, long latestNanos, long bytes) {}
