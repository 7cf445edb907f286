package holdfast.riscv;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/// One row of the instruction table: a 16-bit instruction and the 32-bit operation it stands for
/// (unprivileged specification, chapter "C" extension, tables of the three quadrants for RV64).
///
/// @param rd @param rs1 @param rs2 where each register number comes from
/// @param immediate the immediate of the operation, from the 16 bits
/// @param legal whether these field values are an instruction (else reserved)
/// @param syntax operands: `d`, `s`, `t` are rd, rs1, rs2 (capitals: floating point), `i` decimal, `x` hexadecimal, `u` upper
///     immediate, `p` a target
record Compressed(
        int op,
        String name,
        int mask,
        int match,
        Field rd,
        Field rs1,
        Field rs2,
        IntUnaryOperator immediate,
        java.util.function.IntPredicate legal,
        String syntax) {

    /// Where a register number comes from.
    enum Field {
        NONE,
        X0,
        RA,
        SP,
        /// Bits 11:7.
        HIGH,
        /// Bits 6:2.
        LOW,
        /// Bits 9:7, x8–x15.
        SHORT_HIGH,
        /// Bits 4:2, x8–x15.
        SHORT_LOW;

        int of(int bits) {
            return switch (this) {
                case NONE, X0 -> 0;
                case RA -> 1;
                case SP -> 2;
                case HIGH -> bits >>> 7 & 31;
                case LOW -> bits >>> 2 & 31;
                case SHORT_HIGH -> 8 + (bits >>> 7 & 7);
                case SHORT_LOW -> 8 + (bits >>> 2 & 7);
            };
        }
    }

    boolean matches(int bits) {
        return (bits & mask) == match && legal.test(bits);
    }

    long pack(int bits) {
        int target = rd.of(bits);
        boolean floatTarget = op == Op.FLD;
        int packedRd = rd == Field.NONE || target == 0 && !floatTarget ? Packed.DISCARD : target;
        return Packed.pack(op, 1, packedRd, rs1.of(bits), rs2.of(bits), 0, immediate.applyAsInt(bits));
    }

    String disassemble(int bits, long pc) {
        StringBuilder text = new StringBuilder(name);
        if (!syntax.isEmpty()) {
            text.append(' ');
        }
        int imm = immediate.applyAsInt(bits);
        for (char c : syntax.toCharArray()) {
            switch (c) {
                case 'd' -> text.append(Operand.xName(rd.of(bits)));
                case 's' -> text.append(Operand.xName(rs1.of(bits)));
                case 't' -> text.append(Operand.xName(rs2.of(bits)));
                case 'D' -> text.append(Operand.fName(rd.of(bits)));
                case 'T' -> text.append(Operand.fName(rs2.of(bits)));
                case 'i' -> text.append(imm);
                case 'x' -> text.append("0x").append(Integer.toHexString(imm));
                case 'u' -> text.append("0x").append(Integer.toHexString(imm >>> 12));
                case 'p' -> text.append("0x").append(Long.toHexString(pc + imm));
                default -> text.append(c);
            }
        }
        return text.toString();
    }

    /// All rows; a row earlier in the list wins where two match.
    static List<Compressed> rows() {
        return new Rows().all;
    }

    private static final class Rows {
        private static final int FUNCT3 = 0xe003;
        final List<Compressed> all = new ArrayList<>();

        Rows() {
            quadrant0();
            quadrant1();
            quadrant2();
        }

        private void row(
                int op, String name, int mask, int match, Field rd, Field rs1, Field rs2, IntUnaryOperator imm, String syntax) {
            row(op, name, mask, match, rd, rs1, rs2, imm, bits -> true, syntax);
        }

        private void row(
                int op,
                String name,
                int mask,
                int match,
                Field rd,
                Field rs1,
                Field rs2,
                IntUnaryOperator imm,
                java.util.function.IntPredicate legal,
                String syntax) {
            all.add(new Compressed(op, name, mask, match, rd, rs1, rs2, imm, legal, syntax));
        }

        private void quadrant0() {
            Field d = Field.SHORT_LOW;
            Field s = Field.SHORT_HIGH;
            Field no = Field.NONE;
            row(Op.ADDI, "c.addi4spn", FUNCT3, 0x0000, d, Field.SP, no, Rows::stackAdd, b -> stackAdd(b) != 0, "d,s,i");
            row(Op.FLD, "c.fld", FUNCT3, 0x2000, d, s, no, Rows::wide, "D,i(s)");
            row(Op.LW, "c.lw", FUNCT3, 0x4000, d, s, no, Rows::narrow, "d,i(s)");
            row(Op.LD, "c.ld", FUNCT3, 0x6000, d, s, no, Rows::wide, "d,i(s)");
            row(Op.FSD, "c.fsd", FUNCT3, 0xa000, no, s, d, Rows::wide, "T,i(s)");
            row(Op.SW, "c.sw", FUNCT3, 0xc000, no, s, d, Rows::narrow, "t,i(s)");
            row(Op.SD, "c.sd", FUNCT3, 0xe000, no, s, d, Rows::wide, "t,i(s)");
        }

        private void quadrant1() {
            Field d = Field.HIGH;
            Field s = Field.SHORT_HIGH;
            Field t = Field.SHORT_LOW;
            Field no = Field.NONE;
            row(Op.ADDI, "c.addi", FUNCT3, 0x0001, d, d, no, Rows::signed6, "d,i");
            row(Op.ADDIW, "c.addiw", FUNCT3, 0x2001, d, d, no, Rows::signed6, b -> d.of(b) != 0, "d,i");
            row(Op.ADDI, "c.li", FUNCT3, 0x4001, d, Field.X0, no, Rows::signed6, "d,i");
            row(Op.ADDI, "c.addi16sp", 0xef83, 0x6101, d, d, no, Rows::stackAdjust, b -> stackAdjust(b) != 0, "d,i");
            row(Op.LUI, "c.lui", FUNCT3, 0x6001, d, no, no, b -> signed6(b) << 12, b -> d.of(b) != 2 && signed6(b) != 0, "d,u");
            row(Op.SRLI, "c.srli", 0xec03, 0x8001, s, s, no, Rows::unsigned6, "d,x");
            row(Op.SRAI, "c.srai", 0xec03, 0x8401, s, s, no, Rows::unsigned6, "d,x");
            row(Op.ANDI, "c.andi", 0xec03, 0x8801, s, s, no, Rows::signed6, "d,i");
            row(Op.SUB, "c.sub", 0xfc63, 0x8c01, s, s, t, Rows::zero, "d,t");
            row(Op.XOR, "c.xor", 0xfc63, 0x8c21, s, s, t, Rows::zero, "d,t");
            row(Op.OR, "c.or", 0xfc63, 0x8c41, s, s, t, Rows::zero, "d,t");
            row(Op.AND, "c.and", 0xfc63, 0x8c61, s, s, t, Rows::zero, "d,t");
            row(Op.SUBW, "c.subw", 0xfc63, 0x9c01, s, s, t, Rows::zero, "d,t");
            row(Op.ADDW, "c.addw", 0xfc63, 0x9c21, s, s, t, Rows::zero, "d,t");
            row(Op.JAL, "c.j", FUNCT3, 0xa001, Field.X0, no, no, Rows::jump, "p");
            row(Op.BEQ, "c.beqz", FUNCT3, 0xc001, no, s, Field.X0, Rows::branch, "s,p");
            row(Op.BNE, "c.bnez", FUNCT3, 0xe001, no, s, Field.X0, Rows::branch, "s,p");
        }

        private void quadrant2() {
            Field d = Field.HIGH;
            Field t = Field.LOW;
            Field no = Field.NONE;
            Field sp = Field.SP;
            row(Op.SLLI, "c.slli", FUNCT3, 0x0002, d, d, no, Rows::unsigned6, "d,x");
            row(Op.FLD, "c.fldsp", FUNCT3, 0x2002, d, sp, no, Rows::stackLoadWide, "D,i(s)");
            row(Op.LW, "c.lwsp", FUNCT3, 0x4002, d, sp, no, Rows::stackLoad, b -> d.of(b) != 0, "d,i(s)");
            row(Op.LD, "c.ldsp", FUNCT3, 0x6002, d, sp, no, Rows::stackLoadWide, b -> d.of(b) != 0, "d,i(s)");
            row(Op.JALR, "c.jr", 0xf07f, 0x8002, Field.X0, d, no, Rows::zero, b -> d.of(b) != 0, "s");
            row(Op.ADD, "c.mv", 0xf003, 0x8002, d, Field.X0, t, Rows::zero, b -> t.of(b) != 0, "d,t");
            row(Op.EBREAK, "c.ebreak", 0xffff, 0x9002, no, no, no, Rows::zero, "");
            row(Op.JALR, "c.jalr", 0xf07f, 0x9002, Field.RA, d, no, Rows::zero, b -> d.of(b) != 0, "s");
            row(Op.ADD, "c.add", 0xf003, 0x9002, d, d, t, Rows::zero, b -> t.of(b) != 0, "d,t");
            row(Op.FSD, "c.fsdsp", FUNCT3, 0xa002, no, sp, t, Rows::stackStoreWide, "T,i(s)");
            row(Op.SW, "c.swsp", FUNCT3, 0xc002, no, sp, t, Rows::stackStore, "t,i(s)");
            row(Op.SD, "c.sdsp", FUNCT3, 0xe002, no, sp, t, Rows::stackStoreWide, "t,i(s)");
        }

        private static int zero(int bits) {
            return 0;
        }

        private static int field(int bits, int low, int width, int to) {
            return (bits >>> low & (1 << width) - 1) << to;
        }

        private static int unsigned6(int b) {
            return field(b, 12, 1, 5) | field(b, 2, 5, 0);
        }

        private static int signed6(int b) {
            return unsigned6(b) << 26 >> 26;
        }

        private static int stackAdd(int b) {
            return field(b, 11, 2, 4) | field(b, 7, 4, 6) | field(b, 6, 1, 2) | field(b, 5, 1, 3);
        }

        private static int stackAdjust(int b) {
            int imm = field(b, 12, 1, 9) | field(b, 6, 1, 4) | field(b, 5, 1, 6) | field(b, 3, 2, 7) | field(b, 2, 1, 5);
            return imm << 22 >> 22;
        }

        private static int narrow(int b) {
            return field(b, 10, 3, 3) | field(b, 6, 1, 2) | field(b, 5, 1, 6);
        }

        private static int wide(int b) {
            return field(b, 10, 3, 3) | field(b, 5, 2, 6);
        }

        private static int stackLoad(int b) {
            return field(b, 12, 1, 5) | field(b, 4, 3, 2) | field(b, 2, 2, 6);
        }

        private static int stackLoadWide(int b) {
            return field(b, 12, 1, 5) | field(b, 5, 2, 3) | field(b, 2, 3, 6);
        }

        private static int stackStore(int b) {
            return field(b, 9, 4, 2) | field(b, 7, 2, 6);
        }

        private static int stackStoreWide(int b) {
            return field(b, 10, 3, 3) | field(b, 7, 3, 6);
        }

        private static int branch(int b) {
            int imm = field(b, 12, 1, 8) | field(b, 10, 2, 3) | field(b, 5, 2, 6) | field(b, 3, 2, 1) | field(b, 2, 1, 5);
            return imm << 23 >> 23;
        }

        private static int jump(int b) {
            int imm =
                    field(b, 12, 1, 11)
                            | field(b, 11, 1, 4)
                            | field(b, 9, 2, 8)
                            | field(b, 8, 1, 10)
                            | field(b, 7, 1, 6)
                            | field(b, 6, 1, 7)
                            | field(b, 3, 3, 1)
                            | field(b, 2, 1, 5);
            return imm << 20 >> 20;
        }
    }
}
