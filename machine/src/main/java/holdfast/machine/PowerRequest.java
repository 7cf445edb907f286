package holdfast.machine;

/// What a guest can do to the power.
sealed interface PowerRequest {
    record Off() implements PowerRequest {}

    record Reset() implements PowerRequest {}

    /// Not the guest's doing: the operator has pressed the button.
    record OperatorReset() implements PowerRequest {}

    /// A bare program has ended with this exit code.
    record ToHost(long value) implements PowerRequest {}

    /// No hart is left that could start another.
    record AllStopped() implements PowerRequest {}

    /// A replay has come to the end of its record.
    record ReplayEnd(boolean complete) implements PowerRequest {}

    /// Not the guest's doing: an invariant of ours broke.
    record Failure(Throwable cause) implements PowerRequest {}
}
