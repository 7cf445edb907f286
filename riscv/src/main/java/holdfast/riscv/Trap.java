package holdfast.riscv;

/// A synchronous exception of the guest, on its way from where it is noticed to the end of the instruction that
/// caused it. One instance a hart, without a stack trace: guest faults are ordinary.
final class Trap extends RuntimeException {
    private static final long serialVersionUID = 1L;

    // Exception codes (privileged specification, table "mcause values").
    static final int FETCH_MISALIGNED = 0;
    static final int FETCH_ACCESS = 1;
    static final int ILLEGAL_INSTRUCTION = 2;
    static final int BREAKPOINT = 3;
    static final int LOAD_MISALIGNED = 4;
    static final int LOAD_ACCESS = 5;
    static final int STORE_MISALIGNED = 6;
    static final int STORE_ACCESS = 7;
    static final int ECALL_U = 8;
    static final int ECALL_S = 9;
    static final int ECALL_M = 11;
    static final int FETCH_PAGE = 12;
    static final int LOAD_PAGE = 13;
    static final int STORE_PAGE = 15;

    /// None of the guest's: an access missed the TLB, in translated code that leaves the rest to the interpreter.
    static final int MISS = -1;

    int cause;
    long value;

    Trap() {
        super(null, null, false, false);
    }

    /// This trap, with its cause and trap value (the faulting address or instruction, else 0).
    Trap with(int newCause, long newValue) {
        cause = newCause;
        value = newValue;
        return this;
    }
}
