package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Emits the bytecode of one instruction of the "A" extension: a look at the TLB and a call of [Atomics].
final class RegionAtomic {
    private static final ClassDesc ATOMICS = RegionCompiler.describe("Atomics");
    private static final MethodTypeDesc ADDRESS = MethodTypeDesc.of(CD_long, RegionCompiler.HART, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc RESERVE = MethodTypeDesc.of(CD_long, RegionCompiler.HART, CD_long);
    private static final MethodTypeDesc CONDITION = MethodTypeDesc.of(CD_long, RegionCompiler.HART, CD_long, CD_long);
    private static final MethodTypeDesc ATOMIC_WORD = MethodTypeDesc.of(CD_long, CD_int, CD_long, CD_int);
    private static final MethodTypeDesc ATOMIC_DOUBLEWORD = MethodTypeDesc.of(CD_long, CD_int, CD_long, CD_long);

    private final CodeBuilder code;
    private final RegionCompiler region;
    private final long d;
    private final int op;

    RegionAtomic(CodeBuilder code, RegionCompiler region, long d, int op) {
        this.code = code;
        this.region = region;
        this.d = d;
        this.op = op;
    }

    /// @param alone whether no other hart runs at the same time
    void emit(boolean alone) {
        boolean wide = op >= Op.LR_D;
        String width = wide ? "Doubleword" : "Word";
        String sharing = alone ? "Alone" : "";
        boolean reserves = op == Op.LR_W || op == Op.LR_D;
        boolean condition = op == Op.SC_W || op == Op.SC_D;
        if (!alone && Atomics.comesAfterAll(d)) {
            code.invokestatic(RegionCompiler.RAW, "fullFence", MethodTypeDesc.of(CD_void));
        }
        if (reserves || condition) {
            code.aload(RegionCompiler.H);
        } else {
            code.loadConstant(op);
        }
        code.aload(RegionCompiler.H).lload(RegionCompiler.TABLE);
        region.pushX(Packed.rs1(d));
        region.pushLeavingSite().invokestatic(RegionCompiler.TRANSLATED, (reserves ? "load" : "store") + width + "Address", ADDRESS);
        if (reserves) {
            code.invokestatic(ATOMICS, "loadReserved" + width, RESERVE);
        } else {
            region.pushX(Packed.rs2(d));
            if (condition) {
                code.invokestatic(ATOMICS, "storeConditional" + width + sharing, CONDITION);
            } else if (wide) {
                code.invokestatic(ATOMICS, "doubleword" + sharing, ATOMIC_DOUBLEWORD);
            } else {
                code.l2i().invokestatic(ATOMICS, "word" + sharing, ATOMIC_WORD);
            }
        }
        region.storeX(d);
    }
}
