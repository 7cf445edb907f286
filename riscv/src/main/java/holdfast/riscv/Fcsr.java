package holdfast.riscv;

/// The floating-point control and status register of one hart (unprivileged specification, "F" extension): the
/// accrued exception flags and the dynamic rounding mode.
///
/// Arithmetic only ever adds to [#flags]; only CSR instructions clear it. Rounding modes travel as the numbers of
/// the `rm` field, already resolved: 0 to 4, never 7 (dynamic).
final class Fcsr {
    static final int NX = 1;
    static final int UF = 2;
    static final int OF = 4;
    static final int DZ = 8;
    static final int NV = 16;

    static final int RNE = 0;
    static final int RTZ = 1;
    static final int RDN = 2;
    static final int RUP = 3;
    static final int RMM = 4;

    /// `fflags`: an OR of [#NX], [#UF], [#OF], [#DZ] and [#NV].
    int flags;

    /// `frm` as written by software: any of 0 to 7, also the reserved ones.
    int rounding;

    /// Whether an operation in mode `rm` has nothing to report that is not reported yet, as long as its result is
    /// neither special nor tiny: the inexact flag is sticky, and the host rounds to nearest, ties to even.
    static boolean settled(Fcsr c, int rm) {
        return (~c.flags & NX | rm) == 0;
    }

    /// The same for a conversion to an integer in mode RTZ, which is how C truncates.
    static boolean truncationSettled(Fcsr c, int rm) {
        return (~c.flags & NX | rm ^ RTZ) == 0;
    }
}
