package holdfast.riscv;

/// What a hart's `time` CSR reads, in ticks of the timebase (10 MHz).
///
/// In parallel mode it follows the host's monotonic clock; in deterministic mode it is a function of the
/// instructions retired plus an offset that only logged events change.
public interface TimeSource {
  long TICKS_PER_SECOND = 10_000_000;

  /// Time now, for a hart that has retired `retired` instructions since reset.
  long ticks(long retired);

  /// How many instructions the hart may retire before it must look at its timers again: exact in deterministic
  /// mode (the first count at which [#ticks] is at least `deadlineTicks`), a short slice in parallel mode. At least 1.
  long instructionsUntil(long deadlineTicks, long retired);
}
