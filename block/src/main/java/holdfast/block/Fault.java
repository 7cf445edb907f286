package holdfast.block;

import java.time.Duration;

/// What goes wrong with one request to a [FaultyDevice].
public sealed interface Fault {
    /// Nothing.
    record None() implements Fault {}

    /// It ends with this status, and nothing else happens.
    record Fail(IoStatus status) implements Fault {}

    /// Only the first bytes of a write reach the device, then it ends with [IoStatus#IO_ERROR]. Other requests just fail.
    record Tear(long bytes) implements Fault {}

    /// A change never reaches the device, which says that it has: the worst a disk can do. Other requests go through.
    record Lose() implements Fault {}

    /// It takes longer, then `then` happens.
    record Delay(Duration duration, WhenCancelled whenCancelled, Fault then) implements Fault {}

    /// It stays where it is until [FaultyDevice#release], then `then` happens.
    record Hold(WhenCancelled whenCancelled, Fault then) implements Fault {}

    /// What cancelling does to a request that is delayed or held.
    enum WhenCancelled {
        /// It is stopped.
        STOPS,
        /// It comes too late: the answer is [BlockDevice.Cancellation#UNKNOWN], and the request takes effect in its time.
        TOO_LATE
    }
}
