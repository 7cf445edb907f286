package holdfast.riscv;

import holdfast.riscv.FpReference.Outcome;

/// Every arithmetic operation of "F" and "D" three times: the instruction, our implementation, the reference. Operands
/// and results are 64-bit values: binary32 patterns zero-extended, integers as in a register.
enum FpOperation {
    FADD_D("fadd.d", "fff", (c, a, b, d, rm) -> Fp64.add(c, a, b, rm), (a, b, d, rm) -> FpReference.BINARY64.add(a, b, rm)),
    FSUB_D("fsub.d", "fff", (c, a, b, d, rm) -> Fp64.sub(c, a, b, rm), (a, b, d, rm) -> FpReference.BINARY64.add(a, FpReference.BINARY64.negate(b), rm)),
    FMUL_D("fmul.d", "fff", (c, a, b, d, rm) -> Fp64.mul(c, a, b, rm), (a, b, d, rm) -> FpReference.BINARY64.mul(a, b, rm)),
    FDIV_D("fdiv.d", "fff", (c, a, b, d, rm) -> Fp64.div(c, a, b, rm), (a, b, d, rm) -> FpReference.BINARY64.div(a, b, rm)),
    FSQRT_D("fsqrt.d", "ff", (c, a, b, d, rm) -> Fp64.sqrt(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.sqrt(a, rm)),
    FMADD_D("fmadd.d", "ffff", (c, a, b, d, rm) -> Fp64.fma(c, a, b, d, rm), (a, b, d, rm) -> FpReference.BINARY64.fma(a, b, d, rm)),
    FMIN_D("fmin.d", "fff", (c, a, b, d, rm) -> Fp64.min(c, a, b), (a, b, d, rm) -> FpReference.BINARY64.min(a, b)),
    FMAX_D("fmax.d", "fff", (c, a, b, d, rm) -> Fp64.max(c, a, b), (a, b, d, rm) -> FpReference.BINARY64.max(a, b)),
    FEQ_D("feq.d", "xff", (c, a, b, d, rm) -> Fp64.eq(c, a, b) ? 1 : 0, (a, b, d, rm) -> FpReference.BINARY64.eq(a, b)),
    FLT_D("flt.d", "xff", (c, a, b, d, rm) -> Fp64.lt(c, a, b) ? 1 : 0, (a, b, d, rm) -> FpReference.BINARY64.lt(a, b)),
    FLE_D("fle.d", "xff", (c, a, b, d, rm) -> Fp64.le(c, a, b) ? 1 : 0, (a, b, d, rm) -> FpReference.BINARY64.le(a, b)),
    FCLASS_D("fclass.d", "xf", (c, a, b, d, rm) -> Fp64.classify(a), (a, b, d, rm) -> FpReference.BINARY64.classify(a)),
    FCVT_W_D("fcvt.w.d", "xf", (c, a, b, d, rm) -> Fp64.toI32(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.toInteger(a, rm, 32, true)),
    FCVT_WU_D("fcvt.wu.d", "xf", (c, a, b, d, rm) -> Fp64.toU32(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.toInteger(a, rm, 32, false)),
    FCVT_L_D("fcvt.l.d", "xf", (c, a, b, d, rm) -> Fp64.toI64(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.toInteger(a, rm, 64, true)),
    FCVT_LU_D("fcvt.lu.d", "xf", (c, a, b, d, rm) -> Fp64.toU64(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.toInteger(a, rm, 64, false)),
    FCVT_D_W("fcvt.d.w", "fx", (c, a, b, d, rm) -> Fp64.fromI32(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.fromInteger(a, rm, 32, true)),
    FCVT_D_WU("fcvt.d.wu", "fx", (c, a, b, d, rm) -> Fp64.fromU32(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.fromInteger(a, rm, 32, false)),
    FCVT_D_L("fcvt.d.l", "fx", (c, a, b, d, rm) -> Fp64.fromI64(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.fromInteger(a, rm, 64, true)),
    FCVT_D_LU("fcvt.d.lu", "fx", (c, a, b, d, rm) -> Fp64.fromU64(c, a, rm), (a, b, d, rm) -> FpReference.BINARY64.fromInteger(a, rm, 64, false)),
    FCVT_S_D("fcvt.s.d", "gf", (c, a, b, d, rm) -> wide(Fp64.toF32(c, a, rm)), (a, b, d, rm) -> FpReference.BINARY64.convertTo(FpReference.BINARY32, a, rm)),
    FCVT_D_S("fcvt.d.s", "fg", (c, a, b, d, rm) -> Fp32.toF64(c, (int) a), (a, b, d, rm) -> FpReference.BINARY32.convertTo(FpReference.BINARY64, a, rm)),
    FADD_S("fadd.s", "ggg", (c, a, b, d, rm) -> wide(Fp32.add(c, (int) a, (int) b, rm)), (a, b, d, rm) -> FpReference.BINARY32.add(a, b, rm)),
    FSUB_S("fsub.s", "ggg", (c, a, b, d, rm) -> wide(Fp32.sub(c, (int) a, (int) b, rm)), (a, b, d, rm) -> FpReference.BINARY32.add(a, FpReference.BINARY32.negate(b), rm)),
    FMUL_S("fmul.s", "ggg", (c, a, b, d, rm) -> wide(Fp32.mul(c, (int) a, (int) b, rm)), (a, b, d, rm) -> FpReference.BINARY32.mul(a, b, rm)),
    FDIV_S("fdiv.s", "ggg", (c, a, b, d, rm) -> wide(Fp32.div(c, (int) a, (int) b, rm)), (a, b, d, rm) -> FpReference.BINARY32.div(a, b, rm)),
    FSQRT_S("fsqrt.s", "gg", (c, a, b, d, rm) -> wide(Fp32.sqrt(c, (int) a, rm)), (a, b, d, rm) -> FpReference.BINARY32.sqrt(a, rm)),
    FMADD_S("fmadd.s", "gggg", (c, a, b, d, rm) -> wide(Fp32.fma(c, (int) a, (int) b, (int) d, rm)), (a, b, d, rm) -> FpReference.BINARY32.fma(a, b, d, rm)),
    FMIN_S("fmin.s", "ggg", (c, a, b, d, rm) -> wide(Fp32.min(c, (int) a, (int) b)), (a, b, d, rm) -> FpReference.BINARY32.min(a, b)),
    FMAX_S("fmax.s", "ggg", (c, a, b, d, rm) -> wide(Fp32.max(c, (int) a, (int) b)), (a, b, d, rm) -> FpReference.BINARY32.max(a, b)),
    FEQ_S("feq.s", "xgg", (c, a, b, d, rm) -> Fp32.eq(c, (int) a, (int) b) ? 1 : 0, (a, b, d, rm) -> FpReference.BINARY32.eq(a, b)),
    FLT_S("flt.s", "xgg", (c, a, b, d, rm) -> Fp32.lt(c, (int) a, (int) b) ? 1 : 0, (a, b, d, rm) -> FpReference.BINARY32.lt(a, b)),
    FLE_S("fle.s", "xgg", (c, a, b, d, rm) -> Fp32.le(c, (int) a, (int) b) ? 1 : 0, (a, b, d, rm) -> FpReference.BINARY32.le(a, b)),
    FCLASS_S("fclass.s", "xg", (c, a, b, d, rm) -> Fp32.classify((int) a), (a, b, d, rm) -> FpReference.BINARY32.classify(a)),
    FCVT_W_S("fcvt.w.s", "xg", (c, a, b, d, rm) -> Fp32.toI32(c, (int) a, rm), (a, b, d, rm) -> FpReference.BINARY32.toInteger(a, rm, 32, true)),
    FCVT_WU_S("fcvt.wu.s", "xg", (c, a, b, d, rm) -> Fp32.toU32(c, (int) a, rm), (a, b, d, rm) -> FpReference.BINARY32.toInteger(a, rm, 32, false)),
    FCVT_L_S("fcvt.l.s", "xg", (c, a, b, d, rm) -> Fp32.toI64(c, (int) a, rm), (a, b, d, rm) -> FpReference.BINARY32.toInteger(a, rm, 64, true)),
    FCVT_LU_S("fcvt.lu.s", "xg", (c, a, b, d, rm) -> Fp32.toU64(c, (int) a, rm), (a, b, d, rm) -> FpReference.BINARY32.toInteger(a, rm, 64, false)),
    FCVT_S_W("fcvt.s.w", "gx", (c, a, b, d, rm) -> wide(Fp32.fromI32(c, a, rm)), (a, b, d, rm) -> FpReference.BINARY32.fromInteger(a, rm, 32, true)),
    FCVT_S_WU("fcvt.s.wu", "gx", (c, a, b, d, rm) -> wide(Fp32.fromU32(c, a, rm)), (a, b, d, rm) -> FpReference.BINARY32.fromInteger(a, rm, 32, false)),
    FCVT_S_L("fcvt.s.l", "gx", (c, a, b, d, rm) -> wide(Fp32.fromI64(c, a, rm)), (a, b, d, rm) -> FpReference.BINARY32.fromInteger(a, rm, 64, true)),
    FCVT_S_LU("fcvt.s.lu", "gx", (c, a, b, d, rm) -> wide(Fp32.fromU64(c, a, rm)), (a, b, d, rm) -> FpReference.BINARY32.fromInteger(a, rm, 64, false));

    private interface Ours {
        long apply(Fcsr c, long a, long b, long d, int rm);
    }

    private interface Reference {
        Outcome apply(long a, long b, long d, int rm);
    }

    final String mnemonic;
    private final String kinds;
    private final Ours ours;
    private final Reference reference;

    /// @param kinds result, then operands: f for binary64, g for binary32, x for an integer register
    FpOperation(String mnemonic, String kinds, Ours ours, Reference reference) {
        this.mnemonic = mnemonic;
        this.kinds = kinds;
        this.ours = ours;
        this.reference = reference;
    }

    int operandCount() {
        return kinds.length() - 1;
    }

    char resultKind() {
        return kinds.charAt(0);
    }

    char operandKind(int index) {
        return kinds.charAt(index + 1);
    }

    Outcome ours(int flagsBefore, long a, long b, long d, int rm) {
        var c = new Fcsr();
        c.flags = flagsBefore;
        long bits = ours.apply(c, a, b, d, rm);
        return new Outcome(bits, c.flags);
    }

    Outcome reference(long a, long b, long d, int rm) {
        return reference.apply(a, b, d, rm);
    }

    private static long wide(int pattern) {
        return pattern & 0xffff_ffffL;
    }
}
