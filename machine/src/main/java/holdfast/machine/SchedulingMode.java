package holdfast.machine;

/// How harts are run (see docs/machine.md).
public enum SchedulingMode {
    /// One thread a hart, wall-clock time.
    PARALLEL,
    /// Harts take turns in instruction quanta; time is a function of the instructions retired.
    DETERMINISTIC
}
