package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import org.jspecify.annotations.Nullable;

/// Emits one load, store or atomic instruction of a region: a call of [Translated], for an [AccessGroup] another one before it.
final class RegionMemory {
    private static final ClassDesc HART = ClassDesc.of("holdfast.riscv.Hart");
    private static final ClassDesc TRANSLATED = ClassDesc.of("holdfast.riscv.Translated");
    private static final ClassDesc ATOMICS = ClassDesc.of("holdfast.riscv.Atomics");
    private static final ClassDesc RAW = ClassDesc.of("holdfast.riscv.Raw");
    private static final ClassDesc FP32 = ClassDesc.of("holdfast.riscv.Fp32");
    private static final MethodTypeDesc LOAD = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc STORE = MethodTypeDesc.of(CD_void, HART, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc GROUP = MethodTypeDesc.of(CD_long, CD_long, CD_long, CD_int);
    private static final MethodTypeDesc GROUP_LOAD = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc GROUP_STORE =
            MethodTypeDesc.of(CD_void, HART, CD_long, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc ADDRESS = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc RESERVE = MethodTypeDesc.of(CD_long, HART, CD_long);
    private static final MethodTypeDesc CONDITION = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long);
    private static final MethodTypeDesc ATOMIC_WORD = MethodTypeDesc.of(CD_long, CD_int, CD_long, CD_int);
    private static final MethodTypeDesc ATOMIC_DOUBLEWORD = MethodTypeDesc.of(CD_long, CD_int, CD_long, CD_long);

    private static final String[] LOADS = {"lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"};
    private static final String[] STORES = {"sb", "sh", "sw", "sd"};

    private final CodeBuilder code;
    private final RegionCompiler region;
    private final long d;
    private final int op;
    private final @Nullable AccessGroup group;

    /// @param group the accesses that this one belongs to; null if it is alone
    RegionMemory(CodeBuilder code, RegionCompiler region, long d, int op, @Nullable AccessGroup group) {
        this.code = code;
        this.region = region;
        this.d = d;
        this.op = op;
        this.group = group;
    }

    void emitLoad() {
        load(LOADS[op - Op.LB]);
        region.storeX(d);
    }

    void emitStore() {
        store(STORES[op - Op.SB], () -> region.pushX(Packed.rs2(d)));
    }

    void emitFloat() {
        switch (op) {
            case Op.FLW -> {
                load("lw");
                code.l2i().invokestatic(FP32, "box", MethodTypeDesc.of(CD_long, CD_int));
                region.storeF(d);
            }
            case Op.FLD -> {
                load("ld");
                region.storeF(d);
            }
            default -> store(op == Op.FSW ? "sw" : "sd", () -> region.pushF(Packed.rs2(d)));
        }
    }

    private void load(String width) {
        pushPlace();
        region.pushSite().invokestatic(TRANSLATED, group == null ? width : "grouped" + width, group == null ? LOAD : GROUP_LOAD);
    }

    private void store(String width, Runnable pushValue) {
        pushPlace();
        pushValue.run();
        region.pushSite().invokestatic(TRANSLATED, group == null ? width : "grouped" + width, group == null ? STORE : GROUP_STORE);
    }

    private void pushPlace() {
        if (group != null && region.isAt(group.first())) {
            ask(group);
        }
        code.aload(RegionCompiler.H).lload(RegionCompiler.TABLE);
        if (group != null) {
            code.lload(RegionCompiler.ADDEND);
        }
        region.pushX(Packed.rs1(d));
        if (Packed.immediate(d) != 0) {
            code.loadConstant((long) Packed.immediate(d)).ladd();
        }
    }

    /// At the first access of a group asks the TLB for all of them.
    private void ask(AccessGroup all) {
        code.lload(RegionCompiler.TABLE);
        region.pushX(all.register()).loadConstant((long) all.lowest()).ladd().loadConstant(all.bytes());
        String rights = all.stores() ? all.loads() ? "Both" : "Stores" : "Loads";
        code.invokestatic(TRANSLATED, "groupOf" + rights, GROUP).lstore(RegionCompiler.ADDEND);
    }

    void emitAtomic(boolean alone) {
        boolean wide = op >= Op.LR_D;
        String width = wide ? "Doubleword" : "Word";
        String sharing = alone ? "Alone" : "";
        boolean reserves = op == Op.LR_W || op == Op.LR_D;
        boolean condition = op == Op.SC_W || op == Op.SC_D;
        if (!alone && Atomics.comesAfterAll(d)) {
            code.invokestatic(RAW, "fullFence", MethodTypeDesc.of(CD_void));
        }
        if (reserves || condition) {
            code.aload(RegionCompiler.H);
        } else {
            code.loadConstant(op);
        }
        code.aload(RegionCompiler.H).lload(RegionCompiler.TABLE);
        region.pushX(Packed.rs1(d));
        region.pushSite().invokestatic(TRANSLATED, (reserves ? "load" : "store") + width + "Address", ADDRESS);
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
