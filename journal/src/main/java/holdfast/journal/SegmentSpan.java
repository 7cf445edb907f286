package holdfast.journal;

/// What is in a segment.
///
/// @param first sequence of its first entry
/// @param last of its last one; less than `first` when there is none
/// @param latestNanos the latest time of its entries; [Long#MIN_VALUE] when there is none
/// @param bytes up to its end
/// @param plainBytes the same before it was compressed
/// @param indexed whether it has an index that fits it
/// @param small whether it is compressed, or that would gain little
record SegmentSpan(int number, long first, long last, long latestNanos, long bytes, long plainBytes, boolean indexed, boolean small) {
    SegmentSpan withIndex() {
        return new SegmentSpan(number, first, last, latestNanos, bytes, plainBytes, true, small);
    }

    /// @param now where it ends
    /// @param before where it did
    SegmentSpan compressed(long now, long before) {
        return new SegmentSpan(number, first, last, latestNanos, now, before, true, true);
    }

    boolean isCompressed() {
        return bytes < plainBytes;
    }
}
