package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.Map;

/// Emits the bytecode of a region: guest registers in JVM locals, guest branches as gotos, every access to memory a small
/// static call under an exception handler that writes back what is dirty there.
final class RegionCompiler {
    /// HotSpot never compiles methods of more bytecodes than this.
    private static final int CODE_BYTES_MAX = 7900;

    private static final ClassDesc HART = describe("Hart");
    private static final ClassDesc TRAP = describe("Trap");
    private static final ClassDesc REGION = describe("Region");
    private static final ClassDesc TRANSLATED = describe("Translated");
    private static final ClassDesc ARITHMETIC = describe("Arithmetic");
    private static final ClassDesc BITS = describe("BitManipulation");
    private static final ClassDesc STATE = describe("PrivilegedState");
    private static final ClassDesc FCSR = describe("Fcsr");
    private static final ClassDesc FP32 = describe("Fp32");
    private static final ClassDesc RAW = describe("Raw");
    private static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
    private static final ClassDesc LONG = ClassDesc.of("java.lang.Long");
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_int, HART, LONGS, LONGS, CD_long, CD_long, CD_int);
    private static final MethodTypeDesc LOAD = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc STORE = MethodTypeDesc.of(CD_void, HART, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc ATOMIC = MethodTypeDesc.of(CD_long, HART, CD_int, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc FLOAT_CHECK = MethodTypeDesc.of(CD_void, HART, CD_int, CD_int);
    private static final MethodTypeDesc ROUNDING = MethodTypeDesc.of(CD_int, HART, CD_int, CD_int);
    private static final MethodTypeDesc REFILL = MethodTypeDesc.of(CD_int, HART, CD_int);
    private static final MethodTypeDesc TRAPPED = MethodTypeDesc.of(CD_int, HART, CD_long, CD_int);
    private static final MethodTypeDesc L_L = MethodTypeDesc.of(CD_long, CD_long);
    private static final MethodTypeDesc LL_L = MethodTypeDesc.of(CD_long, CD_long, CD_long);
    private static final MethodTypeDesc II_L = MethodTypeDesc.of(CD_long, CD_int, CD_int);
    private static final MethodTypeDesc LL_I = MethodTypeDesc.of(CD_int, CD_long, CD_long);

    // Locals of the generated method.
    private static final int H = 1;
    private static final int X = 2;
    private static final int F = 3;
    private static final int TABLE = 4;
    private static final int BASE = 6;
    private static final int LEFT = 8;
    private static final int NEXT = 9;
    private static final int REGISTERS = 11;

    private final RegionScan scan;
    private final int[] locals = new int[64];
    private final Map<Integer, Label> blockLabels = new HashMap<>();
    private final Map<Long, Label> exits = new HashMap<>();
    private final Map<Long, Label> handlers = new HashMap<>();
    private final CodeBuilder code;

    // Where emission stands.
    private long dirty;
    private int slot;
    private int before;

    private RegionCompiler(RegionScan scan, CodeBuilder code) {
        this.scan = scan;
        this.code = code;
        int next = REGISTERS;
        for (int register = 1; register < 64; register++) {
            if ((scan.registers >>> register & 1) != 0) {
                locals[register] = next;
                next += 2;
            }
        }
    }

    private static ClassDesc describe(String simpleName) {
        return ClassDesc.of("holdfast.riscv", simpleName);
    }

    /// Whether regions contain this instruction. What is left out ends them and is interpreted.
    static boolean translates(long d) {
        int op = Packed.op(d);
        boolean pause = op == Op.FENCE && Packed.immediate(d) == SystemUnit.PAUSE;
        return op >= Op.LUI && op != Op.REGION && !pause && !(op >= Op.FENCE_I && op <= Op.SFENCE_VMA);
    }

    /// The class file of a region, or an empty array when it would be too large for HotSpot to compile.
    static byte[] compile(RegionScan scan, String className) {
        byte[] bytes = ClassFile.of().build(describe(className), type -> {
            type.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
            type.withSuperclass(REGION);
            type.withMethodBody("<init>", MethodTypeDesc.of(CD_void), 0, init -> init.aload(0)
                    .loadConstant(scan.code.size())
                    .invokespecial(REGION, "<init>", MethodTypeDesc.of(CD_void, CD_int))
                    .return_());
            type.withMethodBody("run", RUN, ClassFile.ACC_FINAL, code -> new RegionCompiler(scan, code).emit());
        });
        return codeBytes(bytes) > CODE_BYTES_MAX ? new byte[0] : bytes;
    }

    private static int codeBytes(byte[] classFile) {
        return ClassFile.of().parse(classFile).methods().stream()
                .filter(method -> method.methodName().equalsString("run"))
                .flatMap(method -> method.findAttribute(Attributes.code()).stream())
                .mapToInt(CodeAttribute::codeLength)
                .sum();
    }

    private void emit() {
        for (RegionScan.Block block : scan.blocks) {
            blockLabels.put(block.start, code.newLabel());
        }
        for (int register = 1; register < 64; register++) {
            if (locals[register] != 0) {
                code.aload(register < 32 ? X : F).loadConstant(register & 31).laload().lstore(locals[register]);
            }
        }
        code.goto_(label(scan.entry));
        for (int i = 0; i < scan.blocks.size(); i++) {
            int next = i + 1 < scan.blocks.size() ? scan.blocks.get(i + 1).start : -1;
            emitBlock(scan.blocks.get(i), next);
        }
        exits.forEach(this::emitExit);
        handlers.forEach(this::emitHandler);
    }

    private Label label(int blockStart) {
        Label label = blockLabels.get(blockStart);
        if (label == null) {
            throw new IllegalStateException("no block starts at slot " + blockStart);
        }
        return label;
    }

    private void emitBlock(RegionScan.Block block, int nextStart) {
        code.labelBinding(label(block.start));
        dirty = block.dirtyAtStart;
        before = 0;
        int after = -1;
        for (int at : block.slots) {
            long d = scan.instruction(at);
            slot = at;
            after = at + Packed.lengthHalfwords(d);
            boolean last = at == block.slots.getLast();
            if (last) {
                emitLast(d, block.slots.size());
            } else {
                emitPlain(d);
            }
            dirty |= RegionScan.defines(d);
            before++;
        }
        if (RegionScan.fallsThrough(scan.instruction(block.slots.getLast())) && after != nextStart) {
            leaveTo(after);
        }
    }

    private void emitLast(long d, int instructions) {
        int op = Packed.op(d);
        if (RegionScan.isBranch(op)) {
            code.iinc(LEFT, -instructions);
            emitBranch(d, op);
        } else if (op == Op.JAL) {
            code.iinc(LEFT, -instructions);
            link(d);
            dirty |= RegionScan.defines(d);
            if (Packed.rd(d) == Packed.DISCARD) {
                jumpTo(RegionScan.target(slot, d));
            } else {
                leave(RegionScan.target(slot, d)); // calls end a region
            }
        } else if (op == Op.JALR) {
            code.iinc(LEFT, -instructions);
            pushX(Packed.rs1(d)).loadConstant((long) Packed.immediate(d)).ladd().loadConstant(-2L).land().lstore(NEXT);
            link(d);
            dirty |= RegionScan.defines(d);
            code.goto_(exit(dirty));
        } else {
            emitPlain(d);
            code.iinc(LEFT, -instructions);
        }
    }

    private void link(long d) {
        if (Packed.rd(d) != Packed.DISCARD) {
            pushPc(slot + Packed.lengthHalfwords(d)).lstore(locals[Packed.rd(d)]);
        }
    }

    private void emitBranch(long d, int op) {
        Label notTaken = code.newLabel();
        pushX(Packed.rs1(d));
        pushX(Packed.rs2(d));
        if (op >= Op.BLTU) {
            code.invokestatic(LONG, "compareUnsigned", LL_I);
        } else {
            code.lcmp();
        }
        switch (op) {
            case Op.BEQ -> code.ifne(notTaken);
            case Op.BNE -> code.ifeq(notTaken);
            case Op.BLT, Op.BLTU -> code.ifge(notTaken);
            default -> code.iflt(notTaken);
        }
        jumpTo(RegionScan.target(slot, d));
        code.labelBinding(notTaken);
    }

    /// A jump to a known place: in the region if it is there, and then only with enough instructions left for one more
    /// round if it goes backward.
    private void jumpTo(int target) {
        if (!scan.contains(target)) {
            leaveTo(target);
            return;
        }
        if (target > slot) {
            code.goto_(label(target));
            return;
        }
        int round = scan.code.size();
        code.iload(LEFT).loadConstant(round).if_icmpge(label(target));
        code.aload(H).iload(LEFT).invokestatic(TRANSLATED, "refill", REFILL).istore(LEFT);
        code.iload(LEFT).loadConstant(round).if_icmpge(label(target));
        leave(target);
    }

    /// To a slot after the current one, or out of the region.
    private void leaveTo(int target) {
        if (scan.contains(target)) {
            code.goto_(label(target));
        } else {
            leave(target);
        }
    }

    private void leave(int target) {
        pushPc(target).lstore(NEXT).goto_(exit(dirty));
    }

    private CodeBuilder pushPc(int atSlot) {
        return code.lload(BASE).loadConstant(2L * atSlot).ladd();
    }

    private Label exit(long registers) {
        return exits.computeIfAbsent(registers, any -> code.newLabel());
    }

    private void emitExit(long registers, Label at) {
        code.labelBinding(at);
        writeBack(registers);
        code.aload(H).lload(NEXT).invokevirtual(HART, "pc", MethodTypeDesc.of(CD_void, CD_long));
        code.iload(LEFT).ireturn();
    }

    private void emitHandler(long registers, Label at) {
        code.labelBinding(at).pop();
        writeBack(registers);
        code.aload(H).lload(BASE).iload(LEFT).invokestatic(TRANSLATED, "trapped", TRAPPED).ireturn();
    }

    private void writeBack(long registers) {
        for (int register = 1; register < 64; register++) {
            if ((registers >>> register & 1) != 0) {
                code.aload(register < 32 ? X : F).loadConstant(register & 31).lload(locals[register]).lastore();
            }
        }
    }

    // ---- instructions

    private CodeBuilder pushX(int register) {
        return register == 0 ? code.lconst_0() : code.lload(locals[register]);
    }

    private CodeBuilder pushF(int register) {
        return code.lload(locals[32 + register]);
    }

    private void storeX(long d) {
        if (Packed.rd(d) == Packed.DISCARD) {
            code.pop2();
        } else {
            code.lstore(locals[Packed.rd(d)]);
        }
    }

    private void storeF(long d) {
        code.lstore(locals[32 + Packed.rd(d)]);
    }

    private void emitPlain(long d) {
        int op = Packed.op(d);
        if (op <= Op.AUIPC) {
            emitUpper(d, op);
        } else if (op <= Op.LWU) {
            guarded(() -> emitLoad(d, op));
        } else if (op <= Op.SD) {
            guarded(() -> emitStore(d, op));
        } else if (op <= Op.SRAI) {
            emitImmediate(d, op);
        } else if (op <= Op.REMUW) {
            emitInteger(d, op);
        } else if (op <= Op.FSD) {
            guarded(() -> emitFloatMemory(d, op));
        } else if (op == Op.FENCE) {
            code.invokestatic(RAW, "fullFence", MethodTypeDesc.of(CD_void));
        } else if (op <= Op.AMOMAXU_D) {
            guarded(() -> emitAtomic(d, op));
        } else if (op <= Op.FMV_D_X) {
            guarded(() -> emitFloat(d, op));
        } else if (BitManipulation.has(op)) {
            emitBitManipulation(d, op);
        } else {
            throw new IllegalStateException("no translation for operation " + op);
        }
    }

    /// Emits code that may throw a trap: the registers that are dirty now are written back then.
    private void guarded(Runnable emission) {
        Label start = code.newBoundLabel();
        emission.run();
        Label end = code.newBoundLabel();
        Label handler = handlers.computeIfAbsent(dirty, any -> code.newLabel());
        code.exceptionCatch(start, end, handler, TRAP);
    }

    private CodeBuilder pushSite() {
        return code.iload(LEFT).loadConstant(slot << 8 | before);
    }

    private void emitUpper(long d, int op) {
        code.loadConstant((long) Packed.immediate(d));
        if (op == Op.AUIPC) {
            pushPc(slot).ladd();
        }
        storeX(d);
    }

    private static final String[] LOADS = {"lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"};
    private static final String[] STORES = {"sb", "sh", "sw", "sd"};

    private void pushAddress(long d) {
        pushX(Packed.rs1(d));
        if (Packed.immediate(d) != 0) {
            code.loadConstant((long) Packed.immediate(d)).ladd();
        }
    }

    private void emitLoad(long d, int op) {
        code.aload(H).lload(TABLE);
        pushAddress(d);
        pushSite().invokestatic(TRANSLATED, LOADS[op - Op.LB], LOAD);
        storeX(d);
    }

    private void emitStore(long d, int op) {
        code.aload(H).lload(TABLE);
        pushAddress(d);
        pushX(Packed.rs2(d));
        pushSite().invokestatic(TRANSLATED, STORES[op - Op.SB], STORE);
    }

    private void emitImmediate(long d, int op) {
        if (Packed.rd(d) == Packed.DISCARD) {
            return;
        }
        pushX(Packed.rs1(d));
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
        storeX(d);
    }

    private void emitInteger(long d, int op) {
        if (Packed.rd(d) == Packed.DISCARD) {
            return;
        }
        boolean word = op >= Op.ADDIW && op <= Op.SRAW || op >= Op.MULW;
        pushX(Packed.rs1(d));
        if (word) {
            code.l2i();
        }
        if (op >= Op.ADDIW && op <= Op.SRAIW) {
            code.loadConstant(Packed.immediate(d));
        } else {
            pushX(Packed.rs2(d));
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
        storeX(d);
    }

    private void emitBitManipulation(long d, int op) {
        pushX(Packed.rs1(d));
        if (BitManipulation.isImmediate(op)) {
            code.loadConstant((long) Packed.immediate(d));
        } else if (!BitManipulation.isUnary(op)) {
            pushX(Packed.rs2(d));
        }
        code.invokestatic(BITS, BitManipulation.method(op), BitManipulation.isUnary(op) ? L_L : LL_L);
        storeX(d);
    }

    private void emitAtomic(long d, int op) {
        code.aload(H).loadConstant(op);
        pushX(Packed.rs1(d));
        pushX(Packed.rs2(d));
        pushSite().invokestatic(TRANSLATED, "atomic", ATOMIC);
        storeX(d);
    }

    private void emitFloatMemory(long d, int op) {
        boolean load = op <= Op.FLD;
        code.aload(H);
        pushSite().invokestatic(TRANSLATED, load ? "floatEnable" : "floatCheck", FLOAT_CHECK);
        code.aload(H).lload(TABLE);
        pushAddress(d);
        switch (op) {
            case Op.FLW -> {
                pushSite().invokestatic(TRANSLATED, "lw", LOAD).l2i();
                code.invokestatic(FP32, "box", MethodTypeDesc.of(CD_long, CD_int));
                storeF(d);
            }
            case Op.FLD -> {
                pushSite().invokestatic(TRANSLATED, "ld", LOAD);
                storeF(d);
            }
            default -> {
                pushF(Packed.rs2(d));
                pushSite().invokestatic(TRANSLATED, op == Op.FSW ? "sw" : "sd", STORE);
            }
        }
    }

    // ---- floating point: the same methods that the interpreter calls

    private void emitFloat(long d, int op) {
        code.aload(H);
        pushSite().invokestatic(TRANSLATED, "floatEnable", FLOAT_CHECK);
        new RegionFloat(code, this, d, op).emit();
    }

    CodeBuilder pushFcsr() {
        return code.aload(H).getfield(HART, "state", STATE).getfield(STATE, "fcsr", FCSR);
    }

    void pushRounding(long d) {
        int mode = Packed.immediate(d);
        if (mode == FloatUnit.DYNAMIC) {
            code.aload(H);
            pushSite().invokestatic(TRANSLATED, "rounding", ROUNDING);
        } else {
            code.loadConstant(mode);
        }
    }

    void pushInteger(long d) {
        pushX(Packed.rs1(d));
    }

    void pushFloat(int register) {
        pushF(register);
    }

    void storeInteger(long d) {
        storeX(d);
    }

    void storeFloat(long d) {
        storeF(d);
    }
}
