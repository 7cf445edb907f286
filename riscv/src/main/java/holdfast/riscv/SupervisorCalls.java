package holdfast.riscv;

/// The firmware below supervisor mode when no real firmware runs in M-mode: called for an `ecall` from S-mode.
@FunctionalInterface
public interface SupervisorCalls {
    /// Handles the call whose extension is in a7, function in a6, arguments in a0–a5; results go to a0 and a1.
    ///
    /// Runs on the hart's thread with the pc still at the `ecall`; the hart advances past it afterwards, unless the
    /// call has changed the pc.
    void ecall(Hart hart);
}
