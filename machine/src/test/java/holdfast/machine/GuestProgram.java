package holdfast.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A bare program, put together instruction by instruction and written as an ELF file. It lies at the start of RAM, with
/// the word `tohost` behind it.
final class GuestProgram {
    static final long BASE = AddressMap.RAM;
    private static final int CODE_BYTES = 4096;
    private static final long TOHOST = BASE + CODE_BYTES;
    private static final int HEADERS_BYTES = 64 + 56;

    static final int ZERO = 0;
    static final int RA = 1;
    static final int T0 = 5;
    static final int T1 = 6;
    static final int T2 = 7;
    static final int S0 = 8;
    static final int S1 = 9;
    static final int A0 = 10;
    static final int A1 = 11;
    static final int A2 = 12;
    static final int A3 = 13;
    static final int A6 = 16;
    static final int A7 = 17;
    static final int S2 = 18;
    static final int S3 = 19;

    private final List<Integer> words = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<Integer, Fix> fixes = new HashMap<>();

    private record Fix(String label, int word) {}

    GuestProgram word(int bits) {
        words.add(bits);
        return this;
    }

    GuestProgram label(String name) {
        labels.put(name, words.size());
        return this;
    }

    private GuestProgram immediate(int opcode, int function, int rd, int rs1, int value) {
        return word(value << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode);
    }

    private GuestProgram storing(int function, int rs2, int rs1, int offset) {
        return word((offset >> 5) << 25 | rs2 << 20 | rs1 << 15 | function << 12 | (offset & 31) << 7 | 0x23);
    }

    GuestProgram addi(int rd, int rs1, int value) {
        return immediate(0x13, 0, rd, rs1, value);
    }

    GuestProgram add(int rd, int rs1, int rs2) {
        return word(rs2 << 20 | rs1 << 15 | rd << 7 | 0x33);
    }

    GuestProgram slli(int rd, int rs1, int bits) {
        return immediate(0x13, 1, rd, rs1, bits);
    }

    /// Loads a constant of up to 43 bits.
    GuestProgram li(int rd, long value) {
        if (value == (int) value) {
            int low = (int) value << 20 >> 20;
            word((int) value - low | rd << 7 | 0x37);
            return immediate(0x1b, 0, rd, rd, low);
        }
        int low = (int) (value << 52 >> 52);
        li(rd, value - low >> 12);
        return slli(rd, rd, 12).addi(rd, rd, low);
    }

    GuestProgram lbu(int rd, int offset, int rs1) {
        return immediate(0x03, 4, rd, rs1, offset);
    }

    GuestProgram lw(int rd, int offset, int rs1) {
        return immediate(0x03, 2, rd, rs1, offset);
    }

    GuestProgram ld(int rd, int offset, int rs1) {
        return immediate(0x03, 3, rd, rs1, offset);
    }

    GuestProgram sb(int rs2, int offset, int rs1) {
        return storing(0, rs2, rs1, offset);
    }

    GuestProgram sw(int rs2, int offset, int rs1) {
        return storing(2, rs2, rs1, offset);
    }

    GuestProgram sd(int rs2, int offset, int rs1) {
        return storing(3, rs2, rs1, offset);
    }

    GuestProgram amoaddW(int rd, int rs2, int rs1) {
        return word(rs2 << 20 | rs1 << 15 | 2 << 12 | rd << 7 | 0x2f);
    }

    GuestProgram csrr(int rd, int csr) {
        return immediate(0x73, 2, rd, 0, csr);
    }

    GuestProgram csrw(int csr, int rs1) {
        return immediate(0x73, 1, 0, rs1, csr);
    }

    GuestProgram csrs(int csr, int rs1) {
        return immediate(0x73, 2, 0, rs1, csr);
    }

    GuestProgram csrc(int csr, int rs1) {
        return immediate(0x73, 3, 0, rs1, csr);
    }

    GuestProgram ecall() {
        return word(0x73);
    }

    GuestProgram wfi() {
        return word(0x1050_0073);
    }

    GuestProgram mret() {
        return word(0x3020_0073);
    }

    GuestProgram sret() {
        return word(0x1020_0073);
    }

    private GuestProgram branch(int function, int rs1, int rs2, String label) {
        fixes.put(words.size(), new Fix(label, rs2 << 20 | rs1 << 15 | function << 12 | 0x63));
        return word(0);
    }

    GuestProgram beq(int rs1, int rs2, String label) {
        return branch(0, rs1, rs2, label);
    }

    GuestProgram bne(int rs1, int rs2, String label) {
        return branch(1, rs1, rs2, label);
    }

    GuestProgram bltu(int rs1, int rs2, String label) {
        return branch(6, rs1, rs2, label);
    }

    GuestProgram jump(String label) {
        return beq(ZERO, ZERO, label);
    }

    /// The address of a label, into a register.
    GuestProgram la(int rd, String label) {
        fixes.put(words.size(), new Fix(label, rd));
        return word(0).word(0);
    }

    /// An SBI call: extension in a7, function in a6; arguments are where they belong already.
    GuestProgram sbi(long extension, int function) {
        return li(A7, extension).li(A6, function).ecall();
    }

    /// Ends the run with the code in `register`; T1 and T2 are lost.
    GuestProgram exit(int register) {
        slli(T2, register, 1).addi(T2, T2, 1);
        return li(T1, TOHOST).sd(T2, 0, T1).label("exit" + words.size()).jump("exit" + words.size());
    }

    /// Ends the run through the power switch.
    GuestProgram powerOff() {
        return li(T1, AddressMap.SYSCON).li(T2, Syscon.POWER_OFF).sw(T2, 0, T1).label("off" + words.size())
                .jump("off" + words.size());
    }

    private int at(String label) {
        Integer index = labels.get(label);
        if (index == null) {
            throw new IllegalStateException("no label " + label);
        }
        return index;
    }

    private int patched(int index, Fix fix) {
        int offset = (at(fix.label) - index) * 4;
        return fix.word
                | (offset >> 12 & 1) << 31
                | (offset >> 5 & 0x3f) << 25
                | (offset >> 1 & 0xf) << 8
                | (offset >> 11 & 1) << 7;
    }

    byte[] code() {
        ByteBuffer code = ByteBuffer.allocate(CODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < words.size(); i++) {
            Fix fix = fixes.get(i);
            if (fix != null && fix.word < 32) {
                int target = at(fix.label) - i;
                // auipc rd, 0; addi rd, rd, offset
                code.putInt(fix.word << 7 | 0x17).putInt(target * 4 << 20 | fix.word << 15 | fix.word << 7 | 0x13);
                i++;
            } else {
                code.putInt(fix == null ? words.get(i) : patched(i, fix));
            }
        }
        return code.array();
    }

    /// Writes it as an ELF file with the symbol `tohost`.
    Path write(Path file) {
        byte[] names = "\0tohost\0".getBytes(StandardCharsets.US_ASCII);
        int codeAt = HEADERS_BYTES;
        int symbolsAt = codeAt + CODE_BYTES;
        int namesAt = symbolsAt + 48;
        int sectionsAt = namesAt + names.length;
        ByteBuffer elf = ByteBuffer.allocate(sectionsAt + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0x464c457f).putInt(0x00010102).putLong(0);
        elf.putShort((short) 2).putShort((short) 243).putInt(1).putLong(BASE).putLong(64).putLong(sectionsAt);
        elf.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 1);
        elf.putShort((short) 64).putShort((short) 3).putShort((short) 0);
        elf.putInt(1).putInt(7).putLong(codeAt).putLong(BASE).putLong(BASE);
        elf.putLong(CODE_BYTES).putLong(CODE_BYTES + 4096).putLong(4096);
        elf.put(code());
        elf.position(symbolsAt + 24);
        elf.putInt(1).putInt(0).putLong(TOHOST).putLong(8);
        elf.put(names);
        section(elf, sectionsAt + 64, 2, symbolsAt, 48, 2);
        section(elf, sectionsAt + 128, 3, namesAt, names.length, 0);
        try {
            return Files.write(file, elf.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void section(ByteBuffer elf, int at, int type, long offset, long bytes, int link) {
        elf.putInt(at + 4, type).putLong(at + 24, offset).putLong(at + 32, bytes).putInt(at + 40, link);
    }
}
