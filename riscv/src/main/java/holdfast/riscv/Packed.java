package holdfast.riscv;

/// A decoded instruction in one `long`, as the interpreter reads it:
///
/// ```
///  63            32 31  27 26  22 21  17 16    11 10   9 8     0
/// ┌────────────────┬──────┬──────┬──────┬────────┬──────┬───────┐
/// │ immediate      │ rs3  │ rs2  │ rs1  │ rd     │length│ op    │
/// └────────────────┴──────┴──────┴──────┴────────┴──────┴───────┘
/// ```
///
/// `length` counts halfwords (1 or 2). An integer `rd` of x0 is stored as 32: a slot of the register file that nobody
/// reads, so that no instruction has to test for x0. The immediate is sign-extended; for floating-point operations it
/// is the rounding mode, for CSR instructions the CSR number, for an illegal instruction its bits. Zero is "not
/// decoded yet".
final class Packed {
    static final int DISCARD = 32;

    private Packed() {}

    static long pack(int op, int lengthHalfwords, int rd, int rs1, int rs2, int rs3, int immediate) {
        return op
                | (long) lengthHalfwords << 9
                | (long) rd << 11
                | (long) rs1 << 17
                | (long) rs2 << 22
                | (long) rs3 << 27
                | (long) immediate << 32;
    }

    static int op(long packed) {
        return (int) packed & 0x1ff;
    }

    static int lengthHalfwords(long packed) {
        return (int) packed >>> 9 & 3;
    }

    static int rd(long packed) {
        return (int) packed >>> 11 & 63;
    }

    static int rs1(long packed) {
        return (int) packed >>> 17 & 31;
    }

    static int rs2(long packed) {
        return (int) packed >>> 22 & 31;
    }

    static int rs3(long packed) {
        return (int) packed >>> 27 & 31;
    }

    static int immediate(long packed) {
        return (int) (packed >> 32);
    }
}
