package holdfast.riscv;

import static holdfast.riscv.StreamLayout.CODE;
import static holdfast.riscv.StreamLayout.DATA;
import static holdfast.riscv.StreamLayout.DATA_BYTES;
import static holdfast.riscv.StreamLayout.NOWHERE;

import holdfast.riscv.StreamItem.Form;
import holdfast.riscv.StreamItem.Jump;
import holdfast.riscv.StreamItem.Loop;
import holdfast.riscv.StreamItem.Straight;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Makes random instruction streams out of the instruction table. One seed, one stream.
///
/// Streams end: jumps go forward, loops are counted. What they do not contain is what two right processors may do
/// differently: counters and time, system calls, a reservation that is left dangling.
final class StreamGenerator {
    private static final int ITEMS_MIN = 20;
    private static final int ITEMS_MAX = 140;
    private static final int BODY_ITEMS_MAX = 8;
    private static final int COUNTER_SLOTS = 64;

    private static final List<Instruction> COMPUTATIONS = rows(0x33, 0x3b, 0x13, 0x1b, 0x37, 0x17, 0x53, 0x43, 0x47, 0x4b, 0x4f);
    private static final List<Instruction> ACCESSES = rows(0x03, 0x23, 0x07, 0x27);
    private static final List<Instruction> BRANCHES = rows(0x63);
    private static final List<Instruction> ATOMICS =
            rows(0x2f).stream().filter(row -> row.name().startsWith("amo")).toList();
    private static final List<Compressed> SHORT_COMPUTATIONS = compressed(false);
    private static final List<Compressed> SHORT_ACCESSES = compressed(true);

    private final SplittableRandom random;
    private boolean translated;
    private int loops;

    private StreamGenerator(long seed) {
        random = new SplittableRandom(seed);
    }

    static InstructionStream stream(long seed) {
        var generator = new StreamGenerator(seed);
        generator.translated = generator.random.nextInt(4) != 0;
        long start = CODE + 2 * generator.random.nextInt(2048);
        int count = ITEMS_MIN + generator.random.nextInt(ITEMS_MAX - ITEMS_MIN);
        List<StreamItem> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(generator.one(20) ? generator.loop() : generator.item());
        }
        return new InstructionStream(seed, generator.translated, start, List.copyOf(items));
    }

    /// QEMU 7.2 counts the trailing zeros of a word that is zero wrong.
    private static boolean isRight(int op) {
        return op != Op.CTZW;
    }

    private static List<Instruction> rows(Integer... opcodes) {
        List<Integer> wanted = List.of(opcodes);
        return Instructions.rows().stream()
                .filter(row -> wanted.contains(row.match() & 0x7f) && isRight(row.op()))
                .toList();
    }

    private static List<Compressed> compressed(boolean accesses) {
        return Instructions.compressedRows().stream()
                .filter(row -> accesses ? isAccess(row.op()) : isComputation(row.op()))
                .toList();
    }

    private static boolean isAccess(int op) {
        return op >= Op.LB && op <= Op.SD || op >= Op.FLW && op <= Op.FSD;
    }

    private static boolean isComputation(int op) {
        return op == Op.LUI || op == Op.AUIPC || op >= Op.ADDI && op <= Op.REMUW || op >= Op.FMADD_S;
    }

    // ---- chance

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private int register() {
        return random.nextInt(32);
    }

    private int registerNotZero() {
        return 1 + random.nextInt(31);
    }

    // ---- items

    private StreamItem loop() {
        List<StreamItem> body = new ArrayList<>();
        for (int i = random.nextInt(BODY_ITEMS_MAX); i >= 0; i--) {
            body.add(item());
        }
        int pointer = registerNotZero();
        int value = 1 + (pointer + random.nextInt(30)) % 31;
        return new Loop(1 + random.nextInt(6), loops++ % COUNTER_SLOTS, pointer, value, List.copyOf(body));
    }

    private StreamItem item() {
        int kind = random.nextInt(100);
        if (kind < 35) {
            return computations();
        }
        if (kind < 60) {
            return one(30) ? new Straight(forbiddenAccess()) : new Straight(accesses());
        }
        if (kind < 68) {
            return new Straight(atomic());
        }
        if (kind < 72) {
            return new Straight(reservation());
        }
        if (kind < 86) {
            return jump();
        }
        if (kind < 92) {
            return new Straight(List.of(csr()));
        }
        if (kind < 94) {
            return new Straight(List.of(fence()));
        }
        return kind < 98 ? new Straight(List.of(anyWord())) : new Straight(trap());
    }

    private StreamItem computations() {
        List<Integer> instructions = new ArrayList<>();
        for (int i = random.nextInt(6); i >= 0; i--) {
            instructions.add(computation());
        }
        return new Straight(instructions);
    }

    private int computation() {
        return one(4) ? shortInstruction(pick(SHORT_COMPUTATIONS)) : filled(pick(COMPUTATIONS));
    }

    /// A row with random operands.
    private int filled(Instruction row) {
        int bits = row.match();
        for (Operand operand : row.operands()) {
            bits |= operand.insert(operandValue(operand));
        }
        return bits;
    }

    private int operandValue(Operand operand) {
        return switch (operand) {
            // Mostly dynamic; now and then reserved.
            case RM -> one(50) ? 5 + random.nextInt(2) : one(2) ? 7 : random.nextInt(5);
            case IMM -> one(4) ? random.nextInt(-2, 3) : random.nextInt(-2048, 2048);
            default -> random.nextInt();
        } & operandMask(operand);
    }

    private static int operandMask(Operand operand) {
        return switch (operand) {
            case UPPER, IMM -> -1;
            default -> operand.mask() >>> Integer.numberOfTrailingZeros(operand.mask());
        };
    }

    /// A 16-bit row with random operands.
    private int shortInstruction(Compressed row) {
        while (true) {
            int bits = row.match() | random.nextInt(0x10000) & ~row.mask();
            // Some operand values are reserved, others mean another row.
            if (Packed.op(Instructions.decode(bits)) == row.op()) {
                return bits;
            }
        }
    }

    // ---- memory

    /// Up to four loads and stores relative to one register.
    private List<Integer> accesses() {
        if (one(4)) {
            return shortAccess();
        }
        int base = registerNotZero();
        long pointer = DATA + random.nextInt(DATA_BYTES);
        List<Integer> instructions = new ArrayList<>(pointTo(base, pointer));
        for (int i = random.nextInt(4); i >= 0; i--) {
            Instruction row = pick(ACCESSES);
            int bits = row.match() | Operand.RS1.insert(base);
            int offset = (int) (target(width(row), pointer - 2048, pointer + 2047) - pointer);
            bits |= row.operands().contains(Operand.STORE) ? Operand.STORE.insert(offset) : Operand.IMM.insert(offset);
            for (Operand operand : row.operands()) {
                if (operand == Operand.RS2 || operand == Operand.FS2 || operand == Operand.FD) {
                    bits |= operand.insert(register());
                } else if (operand == Operand.RD) {
                    bits |= operand.insert(1 + (base + random.nextInt(30)) % 31);
                }
            }
            instructions.add(bits);
        }
        return instructions;
    }

    private static int width(Instruction row) {
        return 1 << (row.match() >>> 12 & 3);
    }

    /// An address inside the data; mostly aligned, often near the boundary of its two pages.
    private long target(int width, long from, long to) {
        long low = Math.max(from, DATA);
        long high = Math.min(to, DATA + DATA_BYTES - width);
        long address = one(8) ? DATA + 4096 + random.nextInt(-9, 9) : random.nextLong(low, high + 1);
        long inside = Math.clamp(address, low, high);
        long aligned = inside & -width;
        return aligned < low || one(4) ? inside : aligned;
    }

    private List<Integer> shortAccess() {
        Compressed row = pick(SHORT_ACCESSES);
        int bits = shortInstruction(row);
        int base = row.rs1().of(bits);
        int width = row.op() == Op.LW || row.op() == Op.SW ? 4 : 8;
        long pointer = target(width, DATA, DATA + DATA_BYTES) - row.immediate().applyAsInt(bits);
        List<Integer> instructions = new ArrayList<>(pointTo(base, pointer));
        instructions.add(bits);
        return instructions;
    }

    private static List<Integer> pointTo(int register, long address) {
        int low = (int) address << 20 >> 20;
        return List.of(
                Instructions.assemble("lui", register, (int) address - low),
                Instructions.assemble("addi", register, register, low));
    }

    /// An access that is not, or not wholly, to mapped memory with the right permission.
    private List<Integer> forbiddenAccess() {
        int base = registerNotZero();
        Instruction row = one(3) ? pick(ATOMICS) : pick(ACCESSES);
        boolean store = row.operands().contains(Operand.STORE) || ATOMICS.contains(row);
        long address = switch (translated ? random.nextInt(5) : 0) {
            case 0 -> random.nextInt(4096) & -8;
            case 1 -> DATA + DATA_BYTES + 8 * random.nextInt(512);
            case 2 -> DATA - 8 * (1 + random.nextInt(512));
            case 3 -> DATA + DATA_BYTES - (ATOMICS.contains(row) ? 0 : random.nextInt(width(row)));
            default -> store ? CODE + 8 * random.nextInt(4096) : NOWHERE;
        };
        List<Integer> instructions = new ArrayList<>(pointTo(base, address));
        int bits = row.match() | Operand.RS1.insert(base);
        for (Operand operand : row.operands()) {
            boolean register = operand == Operand.RS2 || operand == Operand.FS2 || operand == Operand.FD || operand == Operand.RD;
            bits |= register ? operand.insert(register()) : 0;
        }
        instructions.add(bits);
        return instructions;
    }

    private List<Integer> atomic() {
        Instruction row = pick(ATOMICS);
        int base = registerNotZero();
        long address = target(width(row), DATA, DATA + DATA_BYTES) & -width(row);
        List<Integer> instructions = new ArrayList<>(pointTo(base, one(16) ? address + 1 + random.nextInt(width(row) - 1) : address));
        instructions.add(filled(row) & ~Operand.RS1.mask() | Operand.RS1.insert(base));
        return instructions;
    }

    /// LR, perhaps some computation, SC; or SC alone, twice, or somewhere else.
    private List<Integer> reservation() {
        boolean wide = one(2);
        int width = wide ? 8 : 4;
        int base = registerNotZero();
        int other = 1 + (base + random.nextInt(30)) % 31;
        long address = target(width, DATA, DATA + DATA_BYTES) & -width;
        List<Integer> instructions = new ArrayList<>(pointTo(base, address));
        boolean elsewhere = one(4);
        if (elsewhere) {
            instructions.addAll(pointTo(other, address ^ 8));
        }
        if (!one(5)) {
            int loaded = anyBut(base, other);
            instructions.add(Instructions.assemble(wide ? "lr.d" : "lr.w", loaded, base, random.nextInt(4)));
            int operand = register();
            instructions.add(Instructions.assemble("add", anyBut(base, other), loaded, operand));
        }
        String store = wide ? "sc.d" : "sc.w";
        instructions.add(
                Instructions.assemble(store, anyBut(base, other), register(), elsewhere ? other : base, random.nextInt(4)));
        if (one(3)) {
            instructions.add(Instructions.assemble(store, register(), register(), base, random.nextInt(4)));
        }
        return instructions;
    }

    private int anyBut(int one, int other) {
        while (true) {
            int register = register();
            if (register != one && register != other) {
                return register;
            }
        }
    }

    // ---- jumps

    private StreamItem jump() {
        int ahead = random.nextInt(6);
        int pointer = registerNotZero();
        return switch (random.nextInt(10)) {
            case 0 -> new Jump(Form.JAL, Instructions.assemble("jal", register(), 0), 0, ahead);
            case 1 -> new Jump(Form.JALR, Instructions.assemble("jalr", register(), 0, pointer), pointer, ahead);
            case 2 -> new Jump(Form.COMPRESSED_JUMP, 0xa001, 0, ahead);
            case 3, 4 -> new Jump(Form.COMPRESSED_BRANCH, (one(2) ? 0xc001 : 0xe001) | random.nextInt(8) << 7, 0, ahead);
            case 5 -> new Jump(Form.COMPRESSED_JALR, (one(2) ? 0x8002 : 0x9002) | pointer << 7, pointer, ahead);
            default -> {
                int bits = pick(BRANCHES).match() | Operand.RS1.insert(register()) | Operand.RS2.insert(register());
                yield new Jump(Form.BRANCH, bits, 0, ahead);
            }
        };
    }

    // ---- the rest

    private int csr() {
        if (one(20)) {
            // Exists, but not for user mode; or does not exist.
            return csrInstruction(new int[] {Csr.MSTATUS, Csr.SATP, 0x123, Csr.MHARTID}[random.nextInt(4)], register());
        }
        if (one(2)) {
            return Instructions.assemble("csrrwi", register(), Csr.FRM, random.nextInt(5));
        }
        return csrInstruction(1 + random.nextInt(3), register());
    }

    private int csrInstruction(int csr, int source) {
        String[] names = {"csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"};
        return Instructions.assemble(names[random.nextInt(names.length)], register(), csr, source);
    }

    private int fence() {
        return one(4) ? Instructions.assemble("fence.i") : 0x0f | random.nextInt() & 0xfff0_0000;
    }

    /// Random bits: no instruction, or one that only computes.
    private int anyWord() {
        while (true) {
            int bits = random.nextInt();
            if (one(2)) {
                bits = (Instructions.isCompressed(bits) ? bits : bits & ~1) & 0xffff;
            } else {
                bits |= 3;
            }
            int op = Packed.op(Instructions.decode(bits));
            if (op == Op.ILLEGAL && !isVector(bits) || isComputation(op) && isRight(op)) {
                return bits;
            }
        }
    }

    /// QEMU 7.2 executes whole-register vector moves, loads and stores even where it says it has no vectors.
    private static boolean isVector(int bits) {
        return List.of(0x07, 0x27, 0x57).contains(bits & 0x7f);
    }

    private List<Integer> trap() {
        return switch (random.nextInt(6)) {
            case 0 -> List.of(Instructions.assemble("ebreak"));
            case 1 -> List.of(0x9002); // c.ebreak
            case 2 -> List.of(one(2) ? 0 : -1);
            case 3 -> List.of(Instructions.assemble(one(2) ? "sret" : "mret"));
            case 4 -> List.of(Instructions.assemble("jalr", 1, 2 * random.nextInt(1024), 0));
            default -> {
                if (!translated) {
                    yield List.of(Instructions.assemble("sfence.vma", register(), register()));
                }
                int pointer = registerNotZero();
                List<Integer> instructions = new ArrayList<>(pointTo(pointer, NOWHERE + 2 * random.nextInt(1024)));
                instructions.add(Instructions.assemble("jalr", 1, 0, pointer));
                yield instructions;
            }
        };
    }
}
