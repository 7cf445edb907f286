package holdfast.riscv;

import java.util.ArrayList;
import java.util.List;

/// One row of the instruction table: a 32-bit instruction.
///
/// @param op operation number ([Op])
/// @param mask the bits of the encoding that are fixed
/// @param match their values
/// @param syntax operands as the assembler writes them, e.g. `rd,imm(rs1)`; the names are those of [Operand]
record Instruction(int op, String name, int mask, int match, String syntax, List<Operand> operands) {

    static Instruction row(int op, String name, int match, String syntax) {
        List<Operand> operands = new ArrayList<>();
        for (String token : syntax.split("[^a-z0-9]+", -1)) {
            if (!token.isEmpty()) {
                operands.add(Operand.named(token));
            }
        }
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
        StringBuilder text = new StringBuilder(name);
        if (operands.contains(Operand.AQRL)) {
            text.append(Operand.AQRL.text(bits, pc));
        }
        String separator = " ";
        int from = 0;
        for (Operand operand : operands) {
            int at = syntax.indexOf(operand.token(), from);
            String punctuation = syntax.substring(from, at);
            from = at + operand.token().length();
            String value = operand.text(bits, pc);
            if (operand == Operand.AQRL || operand == Operand.IGNORED || value.isEmpty()) {
                continue;
            }
            text.append(separator).append(punctuation.startsWith(",") ? punctuation.substring(1) : punctuation).append(value);
            separator = syntax.startsWith("(", from) ? "" : ",";
        }
        return text.append(syntax, from, syntax.length()).toString();
    }
}
