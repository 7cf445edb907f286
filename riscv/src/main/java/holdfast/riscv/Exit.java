package holdfast.riscv;

/// Why [Hart#run] returned.
public enum Exit {
    /// The instructions asked for have been retired.
    LIMIT,
    /// The hart executed `wfi` and no enabled interrupt is pending.
    WFI,
    /// Somebody called [Hart#request].
    REQUESTED,
    /// The hart executed `pause`, and [Hart#pauseEndsRun] was asked for.
    PAUSE,
    /// The hart was stopped by [Hart#halt].
    HALTED
}
