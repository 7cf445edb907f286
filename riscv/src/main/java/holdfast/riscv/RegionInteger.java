package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Emits one integer instruction of a region that touches nothing but registers: what the JVM has an instruction for as
/// that, the rest as calls of what the interpreter calls.
final class RegionInteger {
    private static final ClassDesc ARITHMETIC = ClassDesc.of("holdfast.riscv.Arithmetic");
    private static final ClassDesc BITS = ClassDesc.of("holdfast.riscv.BitManipulation");
    private static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
    private static final MethodTypeDesc L_L = MethodTypeDesc.of(CD_long, CD_long);
    private static final MethodTypeDesc LL_L = MethodTypeDesc.of(CD_long, CD_long, CD_long);
    private static final MethodTypeDesc II_L = MethodTypeDesc.of(CD_long, CD_int, CD_int);

    private final CodeBuilder code;
    private final RegionCompiler region;
    private final long d;
    private final int op;

    RegionInteger(CodeBuilder code, RegionCompiler region, long d, int op) {
        this.code = code;
        this.region = region;
        this.d = d;
        this.op = op;
    }

    void emitImmediate() {
        if (Packed.rd(d) == Packed.DISCARD) {
            return;
        }
        region.pushX(Packed.rs1(d));
        long immediate = Packed.immediate(d);
        switch (op) {
            case Op.ADDI -> {
                if (immediate != 0) {
                    code.loadConstant(immediate).ladd();
                }
            }
            case Op.SLTI -> code.loadConstant(immediate).invokestatic(ARITHMETIC, "lessThan", LL_L);
            case Op.SLTIU -> code.loadConstant(immediate).invokestatic(ARITHMETIC, "lessThanUnsigned", LL_L);
            case Op.XORI -> code.loadConstant(immediate).lxor();
            case Op.ORI -> code.loadConstant(immediate).lor();
            case Op.ANDI -> code.loadConstant(immediate).land();
            case Op.SLLI -> code.loadConstant((int) immediate).lshl();
            case Op.SRLI -> code.loadConstant((int) immediate).lushr();
            default -> code.loadConstant((int) immediate).lshr();
        }
        region.storeX(d);
    }

    void emitRegisters() {
        if (Packed.rd(d) == Packed.DISCARD) {
            return;
        }
        boolean word = op >= Op.ADDIW && op <= Op.SRAW || op >= Op.MULW;
        region.pushX(Packed.rs1(d));
        if (word) {
            code.l2i();
        }
        if (op >= Op.ADDIW && op <= Op.SRAIW) {
            code.loadConstant(Packed.immediate(d));
        } else {
            region.pushX(Packed.rs2(d));
            boolean shift = op == Op.SLL || op == Op.SRL || op == Op.SRA;
            if (word || shift) {
                code.l2i();
            }
        }
        switch (op) {
            case Op.ADD -> code.ladd();
            case Op.SUB -> code.lsub();
            case Op.SLL -> code.lshl();
            case Op.SLT -> code.invokestatic(ARITHMETIC, "lessThan", LL_L);
            case Op.SLTU -> code.invokestatic(ARITHMETIC, "lessThanUnsigned", LL_L);
            case Op.XOR -> code.lxor();
            case Op.SRL -> code.lushr();
            case Op.SRA -> code.lshr();
            case Op.OR -> code.lor();
            case Op.AND -> code.land();
            case Op.ADDIW, Op.ADDW -> code.iadd().i2l();
            case Op.SUBW -> code.isub().i2l();
            case Op.SLLIW, Op.SLLW -> code.ishl().i2l();
            case Op.SRLIW, Op.SRLW -> code.iushr().i2l();
            case Op.SRAIW, Op.SRAW -> code.ishr().i2l();
            case Op.MUL -> code.lmul();
            case Op.MULW -> code.imul().i2l();
            case Op.MULH -> code.invokestatic(MATH, "multiplyHigh", LL_L);
            case Op.MULHU -> code.invokestatic(MATH, "unsignedMultiplyHigh", LL_L);
            case Op.MULHSU -> code.invokestatic(ARITHMETIC, "multiplyHighSignedUnsigned", LL_L);
            case Op.DIV -> code.invokestatic(ARITHMETIC, "divide", LL_L);
            case Op.DIVU -> code.invokestatic(ARITHMETIC, "divideUnsigned", LL_L);
            case Op.REM -> code.invokestatic(ARITHMETIC, "remainder", LL_L);
            case Op.REMU -> code.invokestatic(ARITHMETIC, "remainderUnsigned", LL_L);
            case Op.DIVW -> code.invokestatic(ARITHMETIC, "divideWord", II_L);
            case Op.DIVUW -> code.invokestatic(ARITHMETIC, "divideUnsignedWord", II_L);
            case Op.REMW -> code.invokestatic(ARITHMETIC, "remainderWord", II_L);
            case Op.REMUW -> code.invokestatic(ARITHMETIC, "remainderUnsignedWord", II_L);
            default -> throw new IllegalStateException("no translation for operation " + op);
        }
        region.storeX(d);
    }

    void emitBitManipulation() {
        region.pushX(Packed.rs1(d));
        if (BitManipulation.isImmediate(op)) {
            code.loadConstant((long) Packed.immediate(d));
        } else if (!BitManipulation.isUnary(op)) {
            region.pushX(Packed.rs2(d));
        }
        code.invokestatic(BITS, BitManipulation.method(op), BitManipulation.isUnary(op) ? L_L : LL_L);
        region.storeX(d);
    }
}
