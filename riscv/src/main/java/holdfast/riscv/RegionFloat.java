package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Emits one floating-point instruction of a region: operands, a call of [Fp32] or [Fp64], the result.
final class RegionFloat {
    private static final ClassDesc FP32 = ClassDesc.of("holdfast.riscv.Fp32");
    private static final ClassDesc FP64 = ClassDesc.of("holdfast.riscv.Fp64");
    private static final ClassDesc FCSR = ClassDesc.of("holdfast.riscv.Fcsr");
    private static final String[] ARITHMETIC = {"add", "sub", "mul", "div"};
    private static final String[] SIGN = {"sgnj", "sgnjn", "sgnjx"};
    private static final String[] COMPARE = {"eq", "lt", "le"};
    private static final String[] TO_INTEGER = {"toI32", "toU32", "toI64", "toU64"};
    private static final String[] FROM_INTEGER = {"fromI32", "fromU32", "fromI64", "fromU64"};

    private final CodeBuilder code;
    private final RegionCompiler region;
    private final long d;
    private final int op;
    private final boolean wide;
    private final ClassDesc unit;
    private final ClassDesc value;

    RegionFloat(CodeBuilder code, RegionCompiler region, long d, int op) {
        this.code = code;
        this.region = region;
        this.d = d;
        this.op = op;
        this.wide = op >= Op.FMADD_D;
        this.unit = wide ? FP64 : FP32;
        this.value = wide ? CD_long : CD_int;
    }

    void emit() {
        int single = wide ? op - Op.FMADD_D + Op.FMADD_S : op;
        if (single <= Op.FNMADD_S) {
            fused(single - Op.FMADD_S);
        } else if (single <= Op.FDIV_S) {
            region.pushFcsr();
            operand(Packed.rs1(d));
            operand(Packed.rs2(d));
            region.pushRounding(d);
            call(ARITHMETIC[single - Op.FADD_S], MethodTypeDesc.of(value, FCSR, value, value, CD_int));
            result();
        } else if (single == Op.FSQRT_S) {
            region.pushFcsr();
            operand(Packed.rs1(d));
            region.pushRounding(d);
            call("sqrt", MethodTypeDesc.of(value, FCSR, value, CD_int));
            result();
        } else if (single <= Op.FSGNJX_S) {
            operand(Packed.rs1(d));
            operand(Packed.rs2(d));
            call(SIGN[single - Op.FSGNJ_S], MethodTypeDesc.of(value, value, value));
            result();
        } else if (single <= Op.FMAX_S) {
            region.pushFcsr();
            operand(Packed.rs1(d));
            operand(Packed.rs2(d));
            call(single == Op.FMIN_S ? "min" : "max", MethodTypeDesc.of(value, FCSR, value, value));
            result();
        } else {
            conversion();
        }
    }

    private void fused(int kind) {
        boolean negateProduct = kind >= 2;
        boolean negateAddend = (kind & 1) != 0;
        region.pushFcsr();
        operand(Packed.rs1(d));
        negateIf(negateProduct);
        operand(Packed.rs2(d));
        operand(Packed.rs3(d));
        negateIf(negateAddend);
        region.pushRounding(d);
        call("fma", MethodTypeDesc.of(value, FCSR, value, value, value, CD_int));
        result();
    }

    private void negateIf(boolean negate) {
        if (negate && wide) {
            code.loadConstant(Long.MIN_VALUE).lxor();
        } else if (negate) {
            code.loadConstant(Integer.MIN_VALUE).ixor();
        }
    }

    private void conversion() {
        switch (op) {
            case Op.FEQ_S, Op.FLT_S, Op.FLE_S -> compare(op - Op.FEQ_S);
            case Op.FEQ_D, Op.FLT_D, Op.FLE_D -> compare(op - Op.FEQ_D);
            case Op.FCVT_W_S, Op.FCVT_WU_S, Op.FCVT_L_S, Op.FCVT_LU_S -> toInteger(op - Op.FCVT_W_S);
            case Op.FCVT_W_D, Op.FCVT_WU_D, Op.FCVT_L_D, Op.FCVT_LU_D -> toInteger(op - Op.FCVT_W_D);
            case Op.FCVT_S_W, Op.FCVT_S_WU, Op.FCVT_S_L, Op.FCVT_S_LU -> fromInteger(op - Op.FCVT_S_W);
            case Op.FCVT_D_W, Op.FCVT_D_WU, Op.FCVT_D_L, Op.FCVT_D_LU -> fromInteger(op - Op.FCVT_D_W);
            case Op.FCLASS_S, Op.FCLASS_D -> {
                operand(Packed.rs1(d));
                call("classify", MethodTypeDesc.of(CD_long, value));
                region.storeX(d);
            }
            case Op.FCVT_S_D -> {
                region.pushFcsr();
                region.pushF(Packed.rs1(d));
                region.pushRounding(d);
                code.invokestatic(FP64, "toF32", MethodTypeDesc.of(CD_int, FCSR, CD_long, CD_int));
                code.invokestatic(FP32, "box", MethodTypeDesc.of(CD_long, CD_int));
                region.storeF(d);
            }
            case Op.FCVT_D_S -> {
                region.pushRounding(d);
                code.pop(); // always exact, but a reserved mode is illegal all the same
                region.pushFcsr();
                region.pushF(Packed.rs1(d));
                code.invokestatic(FP32, "unbox", MethodTypeDesc.of(CD_int, CD_long));
                code.invokestatic(FP32, "toF64", MethodTypeDesc.of(CD_long, FCSR, CD_int));
                region.storeF(d);
            }
            case Op.FMV_X_W -> {
                region.pushF(Packed.rs1(d));
                code.l2i().i2l();
                region.storeX(d);
            }
            case Op.FMV_X_D -> {
                region.pushF(Packed.rs1(d));
                region.storeX(d);
            }
            case Op.FMV_W_X -> {
                region.pushX(Packed.rs1(d));
                code.l2i().invokestatic(FP32, "box", MethodTypeDesc.of(CD_long, CD_int));
                region.storeF(d);
            }
            case Op.FMV_D_X -> {
                region.pushX(Packed.rs1(d));
                region.storeF(d);
            }
            default -> throw new IllegalStateException("no translation for operation " + op);
        }
    }

    private void compare(int kind) {
        region.pushFcsr();
        operand(Packed.rs1(d));
        operand(Packed.rs2(d));
        call(COMPARE[kind], MethodTypeDesc.of(CD_boolean, FCSR, value, value));
        code.i2l();
        region.storeX(d);
    }

    private void toInteger(int kind) {
        region.pushFcsr();
        operand(Packed.rs1(d));
        region.pushRounding(d);
        call(TO_INTEGER[kind], MethodTypeDesc.of(CD_long, FCSR, value, CD_int));
        region.storeX(d);
    }

    private void fromInteger(int kind) {
        region.pushFcsr();
        region.pushX(Packed.rs1(d));
        region.pushRounding(d);
        call(FROM_INTEGER[kind], MethodTypeDesc.of(value, FCSR, CD_long, CD_int));
        result();
    }

    private void operand(int register) {
        region.pushF(register);
        if (!wide) {
            code.invokestatic(FP32, "unbox", MethodTypeDesc.of(CD_int, CD_long));
        }
    }

    private void call(String name, MethodTypeDesc type) {
        code.invokestatic(unit, name, type);
    }

    private void result() {
        if (!wide) {
            code.invokestatic(FP32, "box", MethodTypeDesc.of(CD_long, CD_int));
        }
        region.storeF(d);
    }
}
