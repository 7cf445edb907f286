package holdfast.journal;

import java.time.Instant;

/// A point of a journal, as an operator says it.
public sealed interface Target {
    /// The newest mark of this name.
    record Mark(String name) implements Target {}

    /// The last entry before the first one that is after this time.
    record Time(Instant instant) implements Target {}

    /// Behind the entry with this sequence; 0 is the base.
    record Sequence(long sequence) implements Target {}

    /// The newest mark not after a time.
    record MarkedBefore(Instant instant) implements Target {}
}
