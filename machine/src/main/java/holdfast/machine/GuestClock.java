package holdfast.machine;

import holdfast.riscv.TimeSource;

/// The guest's monotonic time, in ticks of [TimeSource#TICKS_PER_SECOND]. It stands still while the machine is paused, and a
/// restored machine goes on from the time that was saved.
sealed interface GuestClock permits HostPacedClock, RetiredClock {
    long NANOS_PER_TICK = 1_000_000_000 / TimeSource.TICKS_PER_SECOND;

    /// Time now. In deterministic mode exact when called on the hart's thread.
    long ticks();

    /// Sets the time: a restore, or a guest that writes `mtime`.
    void set(long now);
}
