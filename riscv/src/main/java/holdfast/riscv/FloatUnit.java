package holdfast.riscv;

/// The "F" and "D" extensions: operands, rounding modes and destinations around [Fp32] and [Fp64].
final class FloatUnit {
    /// The rounding mode field that means "as fcsr says".
    static final int DYNAMIC = 7;

    private static final int SIGN_32 = 1 << 31;
    private static final long SIGN_64 = 1L << 63;

    private FloatUnit() {}

    /// Traps when floating point is off.
    static void check(Hart h) {
        if (!h.state.floatEnabled()) {
            throw SystemUnit.illegal(h);
        }
    }

    /// Traps when floating point is off; else its state becomes dirty.
    static void enable(Hart h) {
        check(h);
        h.state.floatDirty();
    }

    static void execute(Hart h, long d) {
        enable(h);
        int op = Packed.op(d);
        if (op < Op.FMADD_D) {
            single(h, d, op);
        } else {
            wide(h, d, op);
        }
    }

    private static int rounding(Hart h, long d) {
        int mode = Packed.immediate(d);
        if (mode != DYNAMIC) {
            return mode;
        }
        int dynamic = h.state.fcsr.rounding;
        if (dynamic > Fcsr.RMM) {
            throw SystemUnit.illegal(h);
        }
        return dynamic;
    }

    private static void single(Hart h, long d, int op) {
        Fcsr c = h.state.fcsr;
        int rd = Packed.rd(d);
        long raw = h.f[Packed.rs1(d)];
        int a = Fp32.unbox(raw);
        int b = Fp32.unbox(h.f[Packed.rs2(d)]);
        switch (op) {
            case Op.FEQ_S -> h.x[rd] = Fp32.eq(c, a, b) ? 1 : 0;
            case Op.FLT_S -> h.x[rd] = Fp32.lt(c, a, b) ? 1 : 0;
            case Op.FLE_S -> h.x[rd] = Fp32.le(c, a, b) ? 1 : 0;
            case Op.FCLASS_S -> h.x[rd] = Fp32.classify(a);
            case Op.FMV_X_W -> h.x[rd] = (int) raw;
            case Op.FCVT_W_S -> h.x[rd] = Fp32.toI32(c, a, rounding(h, d));
            case Op.FCVT_WU_S -> h.x[rd] = Fp32.toU32(c, a, rounding(h, d));
            case Op.FCVT_L_S -> h.x[rd] = Fp32.toI64(c, a, rounding(h, d));
            case Op.FCVT_LU_S -> h.x[rd] = Fp32.toU64(c, a, rounding(h, d));
            default -> h.f[rd] = Fp32.box(singleResult(h, d, op, c, a, b));
        }
    }

    private static int singleResult(Hart h, long d, int op, Fcsr c, int a, int b) {
        return switch (op) {
            case Op.FADD_S -> Fp32.add(c, a, b, rounding(h, d));
            case Op.FSUB_S -> Fp32.sub(c, a, b, rounding(h, d));
            case Op.FMUL_S -> Fp32.mul(c, a, b, rounding(h, d));
            case Op.FDIV_S -> Fp32.div(c, a, b, rounding(h, d));
            case Op.FSQRT_S -> Fp32.sqrt(c, a, rounding(h, d));
            case Op.FMADD_S -> Fp32.fma(c, a, b, third32(h, d), rounding(h, d));
            case Op.FMSUB_S -> Fp32.fma(c, a, b, third32(h, d) ^ SIGN_32, rounding(h, d));
            case Op.FNMSUB_S -> Fp32.fma(c, a ^ SIGN_32, b, third32(h, d), rounding(h, d));
            case Op.FNMADD_S -> Fp32.fma(c, a ^ SIGN_32, b, third32(h, d) ^ SIGN_32, rounding(h, d));
            case Op.FSGNJ_S -> Fp32.sgnj(a, b);
            case Op.FSGNJN_S -> Fp32.sgnjn(a, b);
            case Op.FSGNJX_S -> Fp32.sgnjx(a, b);
            case Op.FMIN_S -> Fp32.min(c, a, b);
            case Op.FMAX_S -> Fp32.max(c, a, b);
            case Op.FCVT_S_W -> Fp32.fromI32(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FCVT_S_WU -> Fp32.fromU32(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FCVT_S_L -> Fp32.fromI64(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FCVT_S_LU -> Fp32.fromU64(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FMV_W_X -> (int) h.x[Packed.rs1(d)];
            default -> throw new IllegalStateException("not a single-precision operation: " + op);
        };
    }

    private static int third32(Hart h, long d) {
        return Fp32.unbox(h.f[Packed.rs3(d)]);
    }

    private static void wide(Hart h, long d, int op) {
        Fcsr c = h.state.fcsr;
        int rd = Packed.rd(d);
        long a = h.f[Packed.rs1(d)];
        long b = h.f[Packed.rs2(d)];
        switch (op) {
            case Op.FEQ_D -> h.x[rd] = Fp64.eq(c, a, b) ? 1 : 0;
            case Op.FLT_D -> h.x[rd] = Fp64.lt(c, a, b) ? 1 : 0;
            case Op.FLE_D -> h.x[rd] = Fp64.le(c, a, b) ? 1 : 0;
            case Op.FCLASS_D -> h.x[rd] = Fp64.classify(a);
            case Op.FMV_X_D -> h.x[rd] = a;
            case Op.FCVT_W_D -> h.x[rd] = Fp64.toI32(c, a, rounding(h, d));
            case Op.FCVT_WU_D -> h.x[rd] = Fp64.toU32(c, a, rounding(h, d));
            case Op.FCVT_L_D -> h.x[rd] = Fp64.toI64(c, a, rounding(h, d));
            case Op.FCVT_LU_D -> h.x[rd] = Fp64.toU64(c, a, rounding(h, d));
            default -> h.f[rd] = wideResult(h, d, op, c, a, b);
        }
    }

    private static long wideResult(Hart h, long d, int op, Fcsr c, long a, long b) {
        return switch (op) {
            case Op.FADD_D -> Fp64.add(c, a, b, rounding(h, d));
            case Op.FSUB_D -> Fp64.sub(c, a, b, rounding(h, d));
            case Op.FMUL_D -> Fp64.mul(c, a, b, rounding(h, d));
            case Op.FDIV_D -> Fp64.div(c, a, b, rounding(h, d));
            case Op.FSQRT_D -> Fp64.sqrt(c, a, rounding(h, d));
            case Op.FMADD_D -> Fp64.fma(c, a, b, third64(h, d), rounding(h, d));
            case Op.FMSUB_D -> Fp64.fma(c, a, b, third64(h, d) ^ SIGN_64, rounding(h, d));
            case Op.FNMSUB_D -> Fp64.fma(c, a ^ SIGN_64, b, third64(h, d), rounding(h, d));
            case Op.FNMADD_D -> Fp64.fma(c, a ^ SIGN_64, b, third64(h, d) ^ SIGN_64, rounding(h, d));
            case Op.FSGNJ_D -> Fp64.sgnj(a, b);
            case Op.FSGNJN_D -> Fp64.sgnjn(a, b);
            case Op.FSGNJX_D -> Fp64.sgnjx(a, b);
            case Op.FMIN_D -> Fp64.min(c, a, b);
            case Op.FMAX_D -> Fp64.max(c, a, b);
            case Op.FCVT_S_D -> Fp32.box(Fp64.toF32(c, a, rounding(h, d)));
            case Op.FCVT_D_S -> {
                rounding(h, d);
                yield Fp32.toF64(c, Fp32.unbox(a));
            }
            case Op.FCVT_D_W -> Fp64.fromI32(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FCVT_D_WU -> Fp64.fromU32(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FCVT_D_L -> Fp64.fromI64(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FCVT_D_LU -> Fp64.fromU64(c, h.x[Packed.rs1(d)], rounding(h, d));
            case Op.FMV_D_X -> h.x[Packed.rs1(d)];
            default -> throw new IllegalStateException("not a double-precision operation: " + op);
        };
    }

    private static long third64(Hart h, long d) {
        return h.f[Packed.rs3(d)];
    }
}
