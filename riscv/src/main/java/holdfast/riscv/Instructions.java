package holdfast.riscv;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The one table that describes every instruction of RV64GCB with Zbc, Zicsr, Zifencei and the privileged instructions.
/// The decoder, the disassembler and the tests' assembler come from it.
///
/// Encodings: unprivileged specification, chapter "RV32/64G instruction set listings"; privileged specification,
/// chapter "privileged instruction set listings".
final class Instructions {
    private static final List<Instruction> ROWS = new Rows().all;
    private static final List<Compressed> COMPRESSED = Compressed.rows();
    private static final Instruction[][] BY_OPCODE = byOpcode();
    private static final List<Operand>[] OPERANDS = operands();

    private Instructions() {}

    static List<Instruction> rows() {
        return ROWS;
    }

    static List<Compressed> compressedRows() {
        return COMPRESSED;
    }

    static boolean isCompressed(int bits) {
        return (bits & 3) != 3;
    }

    /// Decodes the instruction in the low 16 or 32 bits; whatever is no instruction decodes to [Op#ILLEGAL].
    static long decode(int bits) {
        if (isCompressed(bits)) {
            Compressed row = compressed(bits & 0xffff);
            return row == null ? illegal(bits & 0xffff, 1) : row.pack(bits & 0xffff);
        }
        Instruction row = full(bits);
        return row == null ? illegal(bits, 2) : row.pack(bits);
    }

    /// The operands of an operation, in the order of its syntax.
    static List<Operand> operands(int op) {
        return OPERANDS[op];
    }

    /// One line of assembly, as GNU objdump prints it without aliases; `.half`/`.word` for what is no instruction.
    static String disassemble(int bits, long pc) {
        if (isCompressed(bits)) {
            Compressed row = compressed(bits & 0xffff);
            return row == null ? String.format(".half 0x%04x", bits & 0xffff) : row.disassemble(bits & 0xffff, pc);
        }
        Instruction row = full(bits);
        return row == null ? String.format(".word 0x%08x", bits) : row.disassemble(bits, pc);
    }

    /// Encodes a 32-bit instruction by its mnemonic; operands in the order of its syntax (see [Instruction#encode]).
    static int assemble(String name, int... operands) {
        for (Instruction row : ROWS) {
            if (row.name().equals(name)) {
                return row.encode(operands);
            }
        }
        throw new IllegalArgumentException("no instruction is called " + name);
    }

    private static long illegal(int bits, int lengthHalfwords) {
        return Packed.pack(Op.ILLEGAL, lengthHalfwords, Packed.DISCARD, 0, 0, 0, bits);
    }

    private static @Nullable Instruction full(int bits) {
        for (Instruction row : BY_OPCODE[bits >>> 2 & 31]) {
            if (row.matches(bits)) {
                return row;
            }
        }
        return null;
    }

    private static @Nullable Compressed compressed(int bits) {
        for (Compressed row : COMPRESSED) {
            if (row.matches(bits)) {
                return row;
            }
        }
        return null;
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of lists
    private static List<Operand>[] operands() {
        List<Operand>[] table = new List[Op.COUNT];
        ROWS.forEach(row -> table[row.op()] = row.operands());
        return table;
    }

    private static Instruction[][] byOpcode() {
        Instruction[][] table = new Instruction[32][];
        for (int opcode = 0; opcode < 32; opcode++) {
            int major = opcode;
            table[opcode] = ROWS.stream().filter(row -> (row.match() >>> 2 & 31) == major).toArray(Instruction[]::new);
        }
        return table;
    }

    private static final class Rows {
        final List<Instruction> all = new ArrayList<>();

        Rows() {
            base();
            wordOperations();
            multiplyDivide();
            system();
            atomics();
            floatMemory();
            floatArithmetic(0, "s", Op.FMADD_S, Op.FADD_S);
            floatArithmetic(1, "d", Op.FMADD_D, Op.FADD_D);
            floatConversions();
            bitManipulation();
        }

        private void row(int op, String name, int match, String syntax) {
            all.add(Instruction.row(op, name, match, syntax));
        }

        private static int code(int opcode, int funct3) {
            return opcode | funct3 << 12;
        }

        private static int code(int opcode, int funct3, int funct7) {
            return opcode | funct3 << 12 | funct7 << 25;
        }

        private void base() {
            row(Op.LUI, "lui", 0x37, "rd,upper");
            row(Op.AUIPC, "auipc", 0x17, "rd,upper");
            row(Op.JAL, "jal", 0x6f, "rd,jump");
            row(Op.JALR, "jalr", 0x67, "rd,imm(rs1)");
            row(Op.BEQ, "beq", code(0x63, 0), "rs1,rs2,branch");
            row(Op.BNE, "bne", code(0x63, 1), "rs1,rs2,branch");
            row(Op.BLT, "blt", code(0x63, 4), "rs1,rs2,branch");
            row(Op.BGE, "bge", code(0x63, 5), "rs1,rs2,branch");
            row(Op.BLTU, "bltu", code(0x63, 6), "rs1,rs2,branch");
            row(Op.BGEU, "bgeu", code(0x63, 7), "rs1,rs2,branch");
            row(Op.LB, "lb", code(0x03, 0), "rd,imm(rs1)");
            row(Op.LH, "lh", code(0x03, 1), "rd,imm(rs1)");
            row(Op.LW, "lw", code(0x03, 2), "rd,imm(rs1)");
            row(Op.LD, "ld", code(0x03, 3), "rd,imm(rs1)");
            row(Op.LBU, "lbu", code(0x03, 4), "rd,imm(rs1)");
            row(Op.LHU, "lhu", code(0x03, 5), "rd,imm(rs1)");
            row(Op.LWU, "lwu", code(0x03, 6), "rd,imm(rs1)");
            row(Op.SB, "sb", code(0x23, 0), "rs2,store(rs1)");
            row(Op.SH, "sh", code(0x23, 1), "rs2,store(rs1)");
            row(Op.SW, "sw", code(0x23, 2), "rs2,store(rs1)");
            row(Op.SD, "sd", code(0x23, 3), "rs2,store(rs1)");
            row(Op.ADDI, "addi", code(0x13, 0), "rd,rs1,imm");
            row(Op.SLTI, "slti", code(0x13, 2), "rd,rs1,imm");
            row(Op.SLTIU, "sltiu", code(0x13, 3), "rd,rs1,imm");
            row(Op.XORI, "xori", code(0x13, 4), "rd,rs1,imm");
            row(Op.ORI, "ori", code(0x13, 6), "rd,rs1,imm");
            row(Op.ANDI, "andi", code(0x13, 7), "rd,rs1,imm");
            row(Op.SLLI, "slli", code(0x13, 1), "rd,rs1,shamt6");
            row(Op.SRLI, "srli", code(0x13, 5), "rd,rs1,shamt6");
            row(Op.SRAI, "srai", code(0x13, 5, 0x20), "rd,rs1,shamt6");
            row(Op.ADD, "add", code(0x33, 0), "rd,rs1,rs2");
            row(Op.SUB, "sub", code(0x33, 0, 0x20), "rd,rs1,rs2");
            row(Op.SLL, "sll", code(0x33, 1), "rd,rs1,rs2");
            row(Op.SLT, "slt", code(0x33, 2), "rd,rs1,rs2");
            row(Op.SLTU, "sltu", code(0x33, 3), "rd,rs1,rs2");
            row(Op.XOR, "xor", code(0x33, 4), "rd,rs1,rs2");
            row(Op.SRL, "srl", code(0x33, 5), "rd,rs1,rs2");
            row(Op.SRA, "sra", code(0x33, 5, 0x20), "rd,rs1,rs2");
            row(Op.OR, "or", code(0x33, 6), "rd,rs1,rs2");
            row(Op.AND, "and", code(0x33, 7), "rd,rs1,rs2");
        }

        private void wordOperations() {
            row(Op.ADDIW, "addiw", code(0x1b, 0), "rd,rs1,imm");
            row(Op.SLLIW, "slliw", code(0x1b, 1), "rd,rs1,shamt5");
            row(Op.SRLIW, "srliw", code(0x1b, 5), "rd,rs1,shamt5");
            row(Op.SRAIW, "sraiw", code(0x1b, 5, 0x20), "rd,rs1,shamt5");
            row(Op.ADDW, "addw", code(0x3b, 0), "rd,rs1,rs2");
            row(Op.SUBW, "subw", code(0x3b, 0, 0x20), "rd,rs1,rs2");
            row(Op.SLLW, "sllw", code(0x3b, 1), "rd,rs1,rs2");
            row(Op.SRLW, "srlw", code(0x3b, 5), "rd,rs1,rs2");
            row(Op.SRAW, "sraw", code(0x3b, 5, 0x20), "rd,rs1,rs2");
        }

        private void multiplyDivide() {
            String[] names = {"mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"};
            for (int funct3 = 0; funct3 < 8; funct3++) {
                row(Op.MUL + funct3, names[funct3], code(0x33, funct3, 1), "rd,rs1,rs2");
            }
            row(Op.MULW, "mulw", code(0x3b, 0, 1), "rd,rs1,rs2");
            row(Op.DIVW, "divw", code(0x3b, 4, 1), "rd,rs1,rs2");
            row(Op.DIVUW, "divuw", code(0x3b, 5, 1), "rd,rs1,rs2");
            row(Op.REMW, "remw", code(0x3b, 6, 1), "rd,rs1,rs2");
            row(Op.REMUW, "remuw", code(0x3b, 7, 1), "rd,rs1,rs2");
        }

        private void system() {
            row(Op.FENCE, "fence", code(0x0f, 0), "fence,ignored");
            // All its other fields are reserved, and to be ignored.
            all.add(new Instruction(Op.FENCE_I, "fence.i", 0x707f, code(0x0f, 1), "", List.of()));
            row(Op.ECALL, "ecall", 0x73, "");
            row(Op.EBREAK, "ebreak", 0x00100073, "");
            row(Op.CSRRW, "csrrw", code(0x73, 1), "rd,csr,rs1");
            row(Op.CSRRS, "csrrs", code(0x73, 2), "rd,csr,rs1");
            row(Op.CSRRC, "csrrc", code(0x73, 3), "rd,csr,rs1");
            row(Op.CSRRWI, "csrrwi", code(0x73, 5), "rd,csr,zimm");
            row(Op.CSRRSI, "csrrsi", code(0x73, 6), "rd,csr,zimm");
            row(Op.CSRRCI, "csrrci", code(0x73, 7), "rd,csr,zimm");
            row(Op.SRET, "sret", 0x10200073, "");
            row(Op.MRET, "mret", 0x30200073, "");
            row(Op.WFI, "wfi", 0x10500073, "");
            row(Op.SFENCE_VMA, "sfence.vma", code(0x73, 0, 9), "rs1,rs2");
        }

        private void atomics() {
            String[] names = {"amoswap", "amoadd", "amoxor", "amoand", "amoor", "amomin", "amomax", "amominu", "amomaxu"};
            int[] funct5 = {1, 0, 4, 12, 8, 16, 20, 24, 28};
            String[] widths = {".w", ".d"};
            int[] first = {Op.LR_W, Op.LR_D};
            for (int wide = 0; wide < 2; wide++) {
                String suffix = widths[wide];
                row(first[wide], "lr" + suffix, code(0x2f, 2 + wide, 2 << 2), "rd,(rs1)aqrl");
                row(first[wide] + 1, "sc" + suffix, code(0x2f, 2 + wide, 3 << 2), "rd,rs2,(rs1)aqrl");
                for (int i = 0; i < names.length; i++) {
                    row(first[wide] + 2 + i, names[i] + suffix, code(0x2f, 2 + wide, funct5[i] << 2), "rd,rs2,(rs1)aqrl");
                }
            }
        }

        private void floatMemory() {
            row(Op.FLW, "flw", code(0x07, 2), "fd,imm(rs1)");
            row(Op.FLD, "fld", code(0x07, 3), "fd,imm(rs1)");
            row(Op.FSW, "fsw", code(0x27, 2), "fs2,store(rs1)");
            row(Op.FSD, "fsd", code(0x27, 3), "fs2,store(rs1)");
        }

        private void floatArithmetic(int format, String suffix, int fused, int first) {
            String[] fusedNames = {"fmadd.", "fmsub.", "fnmsub.", "fnmadd."};
            for (int i = 0; i < 4; i++) {
                row(fused + i, fusedNames[i] + suffix, code(0x43 + 4 * i, 0) | format << 25, "fd,fs1,fs2,fs3,rm");
            }
            String[] names = {"fadd.", "fsub.", "fmul.", "fdiv."};
            for (int i = 0; i < 4; i++) {
                row(first + i, names[i] + suffix, code(0x53, 0, i << 2 | format), "fd,fs1,fs2,rm");
            }
            row(first + 4, "fsqrt." + suffix, code(0x53, 0, 0x2c | format), "fd,fs1,rm");
            String[] sign = {"fsgnj.", "fsgnjn.", "fsgnjx."};
            for (int i = 0; i < 3; i++) {
                row(first + 5 + i, sign[i] + suffix, code(0x53, i, 0x10 | format), "fd,fs1,fs2");
            }
            row(first + 8, "fmin." + suffix, code(0x53, 0, 0x14 | format), "fd,fs1,fs2");
            row(first + 9, "fmax." + suffix, code(0x53, 1, 0x14 | format), "fd,fs1,fs2");
        }

        private void floatConversions() {
            comparisons(0, "s", Op.FEQ_S, Op.FCLASS_S);
            comparisons(1, "d", Op.FEQ_D, Op.FCLASS_D);
            integers(0, "s", Op.FCVT_W_S, Op.FCVT_S_W);
            integers(1, "d", Op.FCVT_W_D, Op.FCVT_D_W);
            row(Op.FCVT_S_D, "fcvt.s.d", code(0x53, 0, 0x20) | 1 << 20, "fd,fs1,rm");
            row(Op.FCVT_D_S, "fcvt.d.s", code(0x53, 0, 0x21), "fd,fs1,rm");
            row(Op.FMV_X_W, "fmv.x.w", code(0x53, 0, 0x70), "rd,fs1");
            row(Op.FMV_W_X, "fmv.w.x", code(0x53, 0, 0x78), "fd,rs1");
            row(Op.FMV_X_D, "fmv.x.d", code(0x53, 0, 0x71), "rd,fs1");
            row(Op.FMV_D_X, "fmv.d.x", code(0x53, 0, 0x79), "fd,rs1");
        }

        private void comparisons(int format, String suffix, int equal, int classify) {
            row(equal, "feq." + suffix, code(0x53, 2, 0x50 | format), "rd,fs1,fs2");
            row(equal + 1, "flt." + suffix, code(0x53, 1, 0x50 | format), "rd,fs1,fs2");
            row(equal + 2, "fle." + suffix, code(0x53, 0, 0x50 | format), "rd,fs1,fs2");
            row(classify, "fclass." + suffix, code(0x53, 1, 0x70 | format), "rd,fs1");
        }

        private void integers(int format, String suffix, int toInteger, int fromInteger) {
            String[] kinds = {"w", "wu", "l", "lu"};
            for (int i = 0; i < 4; i++) {
                String to = "fcvt." + kinds[i] + "." + suffix;
                String from = "fcvt." + suffix + "." + kinds[i];
                row(toInteger + i, to, code(0x53, 0, 0x60 | format) | i << 20, "rd,fs1,rm");
                row(fromInteger + i, from, code(0x53, 0, 0x68 | format) | i << 20, "fd,rs1,rm");
            }
        }

        private void bitManipulation() {
            addressGeneration();
            basicBitManipulation();
            rotations();
            for (int i = 0; i < 3; i++) {
                row(Op.CLMUL + i, new String[] {"clmul", "clmulh", "clmulr"}[i], code(0x33, new int[] {1, 3, 2}[i], 5), "rd,rs1,rs2");
            }
            String[] singleBit = {"bclr", "bext", "binv", "bset"};
            int[] funct7 = {0x24, 0x24, 0x34, 0x14};
            int[] funct3 = {1, 5, 1, 1};
            for (int i = 0; i < 4; i++) {
                row(Op.BCLR + i, singleBit[i], code(0x33, funct3[i], funct7[i]), "rd,rs1,rs2");
                row(Op.BCLRI + i, singleBit[i] + "i", code(0x13, funct3[i], funct7[i]), "rd,rs1,shamt6");
            }
        }

        private void addressGeneration() {
            row(Op.ADD_UW, "add.uw", code(0x3b, 0, 4), "rd,rs1,rs2");
            for (int i = 0; i < 3; i++) {
                row(Op.SH1ADD + i, "sh" + (i + 1) + "add", code(0x33, 2 + 2 * i, 0x10), "rd,rs1,rs2");
                row(Op.SH1ADD_UW + i, "sh" + (i + 1) + "add.uw", code(0x3b, 2 + 2 * i, 0x10), "rd,rs1,rs2");
            }
            row(Op.SLLI_UW, "slli.uw", code(0x1b, 1, 4), "rd,rs1,shamt6");
        }

        private void basicBitManipulation() {
            row(Op.ANDN, "andn", code(0x33, 7, 0x20), "rd,rs1,rs2");
            row(Op.ORN, "orn", code(0x33, 6, 0x20), "rd,rs1,rs2");
            row(Op.XNOR, "xnor", code(0x33, 4, 0x20), "rd,rs1,rs2");
            String[] extremes = {"min", "minu", "max", "maxu"};
            for (int i = 0; i < 4; i++) {
                row(Op.MIN + i, extremes[i], code(0x33, 4 + i, 5), "rd,rs1,rs2");
            }
            String[] counts = {"clz", "ctz", "cpop"};
            for (int i = 0; i < 3; i++) {
                row(Op.CLZ + 2 * i, counts[i], code(0x13, 1, 0x30) | i << 20, "rd,rs1");
                row(Op.CLZW + 2 * i, counts[i] + "w", code(0x1b, 1, 0x30) | i << 20, "rd,rs1");
            }
            row(Op.SEXT_B, "sext.b", code(0x13, 1, 0x30) | 4 << 20, "rd,rs1");
            row(Op.SEXT_H, "sext.h", code(0x13, 1, 0x30) | 5 << 20, "rd,rs1");
            row(Op.ZEXT_H, "zext.h", code(0x3b, 4, 4), "rd,rs1");
            row(Op.ORC_B, "orc.b", code(0x13, 5) | 0x287 << 20, "rd,rs1");
            row(Op.REV8, "rev8", code(0x13, 5) | 0x6b8 << 20, "rd,rs1");
        }

        private void rotations() {
            row(Op.ROL, "rol", code(0x33, 1, 0x30), "rd,rs1,rs2");
            row(Op.ROLW, "rolw", code(0x3b, 1, 0x30), "rd,rs1,rs2");
            row(Op.ROR, "ror", code(0x33, 5, 0x30), "rd,rs1,rs2");
            row(Op.RORW, "rorw", code(0x3b, 5, 0x30), "rd,rs1,rs2");
            row(Op.RORI, "rori", code(0x13, 5, 0x30), "rd,rs1,shamt6");
            row(Op.RORIW, "roriw", code(0x1b, 5, 0x30), "rd,rs1,shamt5");
        }
    }
}
