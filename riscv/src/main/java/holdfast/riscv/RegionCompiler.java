package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Emits the bytecode of a region: guest registers in JVM locals, guest branches as gotos, every access to memory a small
/// static call under an exception handler that writes back what is dirty there.
final class RegionCompiler {
    /// HotSpot never compiles methods of more bytecodes than this.
    private static final int CODE_BYTES_MAX = 7900;

    static final ClassDesc HART = describe("Hart");
    private static final ClassDesc TRAP = describe("Trap");
    private static final ClassDesc REGION = describe("Region");
    static final ClassDesc TRANSLATED = describe("Translated");
    private static final ClassDesc STATE = describe("PrivilegedState");
    private static final ClassDesc FCSR = describe("Fcsr");
    private static final ClassDesc FP32 = describe("Fp32");
    static final ClassDesc RAW = describe("Raw");
    private static final ClassDesc MMU = describe("Mmu");
    private static final ClassDesc LONG = ClassDesc.of("java.lang.Long");
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_int, HART, LONGS, LONGS, CD_long, CD_long, CD_int);
    private static final MethodTypeDesc LOAD = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc STORE = MethodTypeDesc.of(CD_void, HART, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc GROUP = MethodTypeDesc.of(CD_long, CD_long, CD_long, CD_int);
    private static final MethodTypeDesc GROUP_LOAD = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc GROUP_STORE =
            MethodTypeDesc.of(CD_void, HART, CD_long, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc CSR = MethodTypeDesc.of(CD_long, HART, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc FLOAT_CHECK = MethodTypeDesc.of(CD_void, HART, CD_int, CD_int);
    private static final MethodTypeDesc FENCE = MethodTypeDesc.of(CD_boolean, HART, CD_long, CD_long, CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc AFTER_CSR = MethodTypeDesc.of(CD_int, HART, CD_int);
    private static final MethodTypeDesc TRANSFER = MethodTypeDesc.of(CD_int, HART, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc REFILL = MethodTypeDesc.of(CD_int, HART, CD_int, REGION);
    private static final MethodTypeDesc TRAPPED = MethodTypeDesc.of(CD_int, TRAP, HART, REGION, CD_long, CD_int);
    private static final MethodTypeDesc LL_I = MethodTypeDesc.of(CD_int, CD_long, CD_long);

    // Locals of the generated method.
    static final int H = 1;
    private static final int X = 2;
    private static final int F = 3;
    static final int TABLE = 4;
    private static final int BASE = 6;
    private static final int LEFT = 8;
    private static final int NEXT = 9;
    private static final int FLAGS = 11;
    private static final int ADDEND = 12;
    private static final int REGISTERS = 14;

    private final RegionScan scan;
    private final boolean alone;
    private final boolean leavesOnMiss;
    private final int[] locals = new int[64];
    private final Map<Integer, Label> blockLabels = new HashMap<>();
    private final Map<Long, Label> exits = new HashMap<>();
    private final Map<Long, Label> dispatches = new HashMap<>();
    private final Map<Long, Label> handlers = new HashMap<>();
    private final CodeBuilder code;

    // Where emission stands.
    private long dirty;
    private int slot;
    private int before;
    private Map<Integer, AccessGroup> groups = Map.of();

    // What is known about floating point since the start of the block.
    private boolean floatEnabled;
    private boolean floatDirty;
    private boolean nearest;

    private RegionCompiler(RegionScan scan, boolean alone, RegionForm form, CodeBuilder code) {
        this.scan = scan;
        this.alone = alone;
        this.leavesOnMiss = form.leavesOnMiss();
        this.code = code;
        int next = REGISTERS;
        for (int register = 1; register < 64; register++) {
            if ((scan.registers >>> register & 1) != 0) {
                locals[register] = next;
                next += 2;
            }
        }
    }

    static ClassDesc describe(String simpleName) {
        return ClassDesc.of("holdfast.riscv", simpleName);
    }

    /// Whether regions contain this instruction. What is left out ends them and is interpreted.
    static boolean translates(long d) {
        int op = Packed.op(d);
        boolean pause = op == Op.FENCE && Packed.immediate(d) == SystemUnit.PAUSE;
        return op >= Op.LUI && op != Op.REGION && !pause && (RegionScan.isSystem(op) || RegionScan.isTransfer(op) || op < Op.FENCE_I || op >= Op.SFENCE_VMA);
    }

    /// The class file of a region, or an empty array when it would be too large for HotSpot to compile.
    ///
    /// @param alone whether no other hart runs at the same time, so that atomic instructions need not be atomic for the host
    static byte[] compile(RegionScan scan, boolean alone, RegionForm form, String className) {
        byte[] bytes = ClassFile.of().build(describe(className), type -> {
            type.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
            type.withSuperclass(REGION);
            type.withMethodBody("<init>", MethodTypeDesc.of(CD_void), 0, init -> init.aload(0)
                    .loadConstant(scan.code.size())
                    .invokespecial(REGION, "<init>", MethodTypeDesc.of(CD_void, CD_int))
                    .return_());
            type.withMethodBody("run", RUN, ClassFile.ACC_FINAL, code -> new RegionCompiler(scan, alone, form, code).emit());
        });
        return codeBytes(bytes) > CODE_BYTES_MAX ? new byte[0] : bytes;
    }

    /// The bytecodes of a region's class file.
    static int codeBytes(byte[] classFile) {
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
        readRegisters();
        if (scan.registers >>> 32 != 0) {
            code.aload(H).getfield(HART, "state", STATE).getfield(STATE, "fcsr", FCSR).astore(FLAGS);
        }
        code.goto_(label(scan.entry));
        for (int i = 0; i < scan.blocks.size(); i++) {
            int next = i + 1 < scan.blocks.size() ? scan.blocks.get(i + 1).start : -1;
            emitBlock(scan.blocks.get(i), next);
        }
        dispatches.forEach(this::emitDispatch);
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
        groups = AccessGroup.of(scan, block);
        forgetFloat();
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
            jumpTo(RegionScan.target(slot, d));
        } else if (op == Op.JALR) {
            code.iinc(LEFT, -instructions);
            pushX(Packed.rs1(d)).loadConstant((long) Packed.immediate(d)).ladd().loadConstant(-2L).land().lstore(NEXT);
            link(d);
            dirty |= RegionScan.defines(d);
            code.goto_(scan.indirectTargets().length == 0 ? exit(dirty) : dispatches.computeIfAbsent(dirty, any -> code.newLabel()));
        } else if (RegionScan.isTransfer(op)) {
            writeBack(dirty);
            dirty = 0;
            guarded(() -> emitTransfer(op));
        } else if (op == Op.SFENCE_VMA) {
            guarded(() -> emitTranslationFence(d));
            code.iinc(LEFT, -instructions);
            emitAfterTranslationFence(d);
        } else {
            emitPlain(d);
            code.iinc(LEFT, -instructions);
            if (RegionScan.isSystem(op) && SystemUnit.writesCsr(d)) {
                dirty |= RegionScan.defines(d);
                emitAfterCsr(d);
            }
        }
    }

    /// To another privilege, with nothing left to write back.
    private void emitTransfer(int op) {
        code.aload(H).lload(BASE);
        pushSite().invokestatic(TRANSLATED, op == Op.ECALL ? "environmentCall" : "supervisorReturn", TRANSFER).ireturn();
    }

    /// Another table for loads and stores may be in use now, and the pass may have to end.
    private void emitAfterCsr(long d) {
        code.aload(H).getfield(HART, "mmu", MMU).getfield(MMU, "dataTable", CD_long).lstore(TABLE);
        code.aload(H).iload(LEFT).invokestatic(TRANSLATED, "afterCsr", AFTER_CSR).istore(LEFT);
        Label on = code.newLabel();
        code.iload(LEFT).ifne(on);
        leave(slot + Packed.lengthHalfwords(d));
        code.labelBinding(on);
    }

    private void emitTranslationFence(long d) {
        code.aload(H).loadConstant(d);
        pushX(Packed.rs1(d));
        pushX(Packed.rs2(d));
        code.lload(BASE);
        pushSite().invokestatic(TRANSLATED, "fenceTranslations", FENCE);
    }

    /// Goes on, with what the fence has left on the stack, unless it has named this very page.
    private void emitAfterTranslationFence(long d) {
        Label on = code.newLabel();
        code.ifne(on);
        leave(slot + Packed.lengthHalfwords(d));
        code.labelBinding(on);
    }

    /// A jump through a register goes on in the region where that is known to be likely.
    private void emitDispatch(long registers, Label at) {
        code.labelBinding(at);
        Label exit = exit(registers);
        code.lload(NEXT).loadConstant(-4096L).land().lload(BASE).lcmp().ifne(exit);
        code.iload(LEFT).loadConstant(scan.code.size()).if_icmplt(exit);
        List<SwitchCase> cases = Arrays.stream(scan.indirectTargets())
                .mapToObj(target -> SwitchCase.of(2 * target, label(target)))
                .toList();
        code.lload(NEXT).l2i().loadConstant(4095).iand().lookupswitch(exit, cases);
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
        if (leavesOnMiss) {
            writeBack(dirty);
        }
        code.aload(H).iload(LEFT).aload(0).invokestatic(TRANSLATED, "refill", REFILL).istore(LEFT);
        if (leavesOnMiss) {
            readRegisters(); // that none has to outlive the call
        }
        code.iload(LEFT).loadConstant(round).if_icmpge(label(target));
        leave(target);
    }

    private void forgetFloat() {
        floatEnabled = false;
        floatDirty = false;
        nearest = false;
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
        code.labelBinding(at);
        writeBack(registers);
        code.aload(H).aload(0).lload(BASE).iload(LEFT).invokestatic(TRANSLATED, "trapped", TRAPPED).ireturn();
    }

    private void readRegisters() {
        for (int register = 1; register < 64; register++) {
            if (locals[register] != 0) {
                code.aload(register < 32 ? X : F).loadConstant(register & 31).laload().lstore(locals[register]);
            }
        }
    }

    private void writeBack(long registers) {
        for (int register = 1; register < 64; register++) {
            if ((registers >>> register & 1) != 0) {
                code.aload(register < 32 ? X : F).loadConstant(register & 31).lload(locals[register]).lastore();
            }
        }
    }

    // ---- instructions

    CodeBuilder pushX(int register) {
        return register == 0 ? code.lconst_0() : code.lload(locals[register]);
    }

    CodeBuilder pushF(int register) {
        return code.lload(locals[32 + register]);
    }

    void storeX(long d) {
        if (Packed.rd(d) == Packed.DISCARD) {
            code.pop2();
        } else {
            code.lstore(locals[Packed.rd(d)]);
        }
    }

    void storeF(long d) {
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
            new RegionInteger(code, this, d, op).emitImmediate();
        } else if (op <= Op.REMUW) {
            new RegionInteger(code, this, d, op).emitRegisters();
        } else if (op <= Op.FSD) {
            guarded(() -> emitFloatMemory(d, op));
        } else if (op == Op.FENCE) {
            code.invokestatic(RAW, MemoryFence.of(Packed.immediate(d)).method, MethodTypeDesc.of(CD_void));
        } else if (RegionScan.isSystem(op)) {
            guarded(() -> emitCsr(d));
        } else if (op <= Op.AMOMAXU_D) {
            guarded(() -> new RegionAtomic(code, this, d, op).emit(alone));
        } else if (op <= Op.FMV_D_X) {
            guarded(() -> emitFloat(d, op));
        } else if (BitManipulation.has(op)) {
            new RegionInteger(code, this, d, op).emitBitManipulation();
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

    /// Where translated code may leave the rest to the interpreter.
    CodeBuilder pushLeavingSite() {
        return code.iload(LEFT).loadConstant(slot << 8 | before | (leavesOnMiss ? Translated.LEAVES : 0));
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
        emitLoad(d, LOADS[op - Op.LB]);
        storeX(d);
    }

    private void emitLoad(long d, String width) {
        boolean grouped = openGroup();
        code.aload(H).lload(TABLE);
        if (grouped) {
            code.lload(ADDEND);
        }
        pushAddress(d);
        pushLeavingSite().invokestatic(TRANSLATED, grouped ? "grouped" + width : width, grouped ? GROUP_LOAD : LOAD);
    }

    private void emitStore(long d, int op) {
        emitStore(d, STORES[op - Op.SB], () -> pushX(Packed.rs2(d)));
    }

    private void emitStore(long d, String width, Runnable pushValue) {
        boolean grouped = openGroup();
        code.aload(H).lload(TABLE);
        if (grouped) {
            code.lload(ADDEND);
        }
        pushAddress(d);
        pushValue.run();
        pushLeavingSite().invokestatic(TRANSLATED, grouped ? "grouped" + width : width, grouped ? GROUP_STORE : STORE);
    }

    /// At the first access of a group asks the TLB for all of them.
    ///
    /// @return whether the access at hand belongs to a group
    private boolean openGroup() {
        AccessGroup group = groups.get(slot);
        if (group != null && group.first() == slot) {
            code.lload(TABLE).lload(locals[group.register()]).loadConstant((long) group.lowest()).ladd().loadConstant(group.bytes());
            String rights = group.stores() ? group.loads() ? "Both" : "Stores" : "Loads";
            code.invokestatic(TRANSLATED, "groupOf" + rights, GROUP).lstore(ADDEND);
        }
        return group != null;
    }

    private void emitCsr(long d) {
        code.aload(H).loadConstant(d);
        pushX(Packed.op(d) >= Op.CSRRWI ? 0 : Packed.rs1(d));
        pushSite().invokestatic(TRANSLATED, "csr", CSR);
        storeX(d);
        forgetFloat();
    }

    /// Before an instruction that only reads floating-point state.
    private void emitFloatCheck() {
        if (!floatEnabled) {
            code.aload(H);
            pushLeavingSite().invokestatic(TRANSLATED, "floatCheck", FLOAT_CHECK);
            floatEnabled = true;
        }
    }

    /// Before every other floating-point instruction.
    private void emitFloatEnable() {
        if (!floatDirty) {
            code.aload(H);
            pushLeavingSite().invokestatic(TRANSLATED, "floatEnable", FLOAT_CHECK);
            floatEnabled = true;
            floatDirty = true;
        }
    }

    private void emitFloatMemory(long d, int op) {
        if (op <= Op.FLD) {
            emitFloatEnable();
        } else {
            emitFloatCheck();
        }
        switch (op) {
            case Op.FLW -> {
                emitLoad(d, "lw");
                code.l2i().invokestatic(FP32, "box", MethodTypeDesc.of(CD_long, CD_int));
                storeF(d);
            }
            case Op.FLD -> {
                emitLoad(d, "ld");
                storeF(d);
            }
            default -> emitStore(d, op == Op.FSW ? "sw" : "sd", () -> pushF(Packed.rs2(d)));
        }
    }

    // ---- floating point: the same methods that the interpreter calls

    private void emitFloat(long d, int op) {
        emitFloatEnable();
        if (Instructions.operands(op).contains(Operand.RM) && Packed.immediate(d) == FloatUnit.DYNAMIC && !nearest) {
            code.aload(H);
            pushSite().invokestatic(TRANSLATED, "nearest", FLOAT_CHECK);
            nearest = true;
        }
        new RegionFloat(code, this, d, op).emit();
    }

    CodeBuilder pushFcsr() {
        return code.aload(FLAGS);
    }

    void pushRounding(long d) {
        int mode = Packed.immediate(d);
        code.loadConstant(mode == FloatUnit.DYNAMIC ? Fcsr.RNE : mode);
    }
}
