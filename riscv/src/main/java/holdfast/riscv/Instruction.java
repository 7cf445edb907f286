package holdfast.riscv;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// One row of the instruction table: a 32-bit instruction.
///
/// @param op operation number ([Op])
/// @param mask the bits of the encoding that are fixed
/// @param match their values
/// @param syntax operands as the assembler writes them, e.g. `rd,imm(rs1)`; the names are those of [Operand]
record Instruction(int op, String name, int mask, int match, String syntax, List<Operand> operands) {

    private static final Pattern TOKEN = Pattern.compile("[a-z0-9]+");

    static Instruction row(int op, String name, int match, String syntax) {
        List<Operand> operands = new ArrayList<>();
        TOKEN.matcher(syntax).results().forEach(token -> operands.add(Operand.named(token.group())));
        int variable = 0;
        for (Operand operand : operands) {
            variable |= operand.mask();
        }
        return new Instruction(op, name, ~variable, match, syntax, List.copyOf(operands));
    }

    boolean matches(int bits) {
        return (bits & mask) == match;
    }

    long pack(int bits) {
        int rd = Packed.DISCARD;
        int rs1 = 0;
        int rs2 = 0;
        int rs3 = 0;
        int immediate = 0;
        for (Operand operand : operands) {
            int value = operand.extract(bits);
            switch (operand) {
                case RD -> rd = value == 0 ? Packed.DISCARD : value;
                case FD -> rd = value;
                case RS1, FS1, ZIMM -> rs1 = value;
                case RS2, FS2 -> rs2 = value;
                case FS3 -> rs3 = value;
                case RM -> {
                    if (value == 5 || value == 6) {
                        return Packed.pack(Op.ILLEGAL, 2, Packed.DISCARD, 0, 0, 0, bits);
                    }
                    immediate = value;
                }
                case IMM, STORE, BRANCH, JUMP, UPPER, SHAMT5, SHAMT6, CSR, AQRL, FENCE -> immediate = value;
                case IGNORED -> {}
            }
        }
        return Packed.pack(op, 2, rd, rs1, rs2, rs3, immediate);
    }

    /// Encodes this instruction. `values` are in the order of the syntax; x and f registers by number, branch and jump
    /// targets relative to the instruction.
    int encode(int... values) {
        if (values.length != operands.size()) {
            throw new IllegalArgumentException(name + " takes " + syntax + ", got " + values.length + " operands");
        }
        int bits = match;
        for (int i = 0; i < values.length; i++) {
            bits |= operands.get(i).insert(values[i]);
            if (operands.get(i).extract(bits) != values[i]) {
                throw new IllegalArgumentException(name + ": " + operands.get(i) + " cannot hold " + values[i]);
            }
        }
        return bits;
    }

    String disassemble(int bits, long pc) {
        String mnemonic = operands.contains(Operand.AQRL) ? name + Operand.AQRL.text(bits, pc) : name;
        String written = TOKEN.matcher(syntax).replaceAll(token -> {
            Operand operand = Operand.named(token.group());
            return operand == Operand.AQRL ? "" : operand.text(bits, pc);
        });
        // The dynamic rounding mode and reserved fields are not written, nor the comma before them.
        return (mnemonic + " " + written.replaceAll(",+$", "")).strip();
    }
}
