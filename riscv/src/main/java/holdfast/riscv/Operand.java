package holdfast.riscv;

import java.util.Locale;

/// A variable field of a 32-bit encoding: where its bits are, what number they mean, how the assembler writes it
/// (unprivileged specification, 2.2 and 2.3 "instruction formats").
enum Operand {
    RD("rd", 0x1f << 7),
    RS1("rs1", 0x1f << 15),
    RS2("rs2", 0x1f << 20),
    FD("fd", 0x1f << 7),
    FS1("fs1", 0x1f << 15),
    FS2("fs2", 0x1f << 20),
    FS3("fs3", 0x1f << 27),
    RM("rm", 7 << 12),
    IMM("imm", 0xfff << 20),
    STORE("store", 0x7f << 25 | 0x1f << 7),
    BRANCH("branch", 0x7f << 25 | 0x1f << 7),
    JUMP("jump", 0xfffff << 12),
    UPPER("upper", 0xfffff << 12),
    SHAMT5("shamt5", 0x1f << 20),
    SHAMT6("shamt6", 0x3f << 20),
    CSR("csr", 0xfff << 20),
    ZIMM("zimm", 0x1f << 15),
    AQRL("aqrl", 3 << 25),
    FENCE("fence", 0xfff << 20),
    /// rd and rs1 of fences: reserved, and to be ignored.
    IGNORED("ignored", 0x1f << 7 | 0x1f << 15);

    private static final String[] X_NAMES =
            ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6")
                    .split(" ", -1);
    private static final String[] F_NAMES =
            ("ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10"
                            + " fs11 ft8 ft9 ft10 ft11")
                    .split(" ", -1);
    private static final String[] ROUNDING = {"rne", "rtz", "rdn", "rup", "rmm", "?", "?", ""};
    private static final String[] ORDERING = {"", ".rl", ".aq", ".aqrl"};

    private final String token;
    private final int mask;

    Operand(String token, int mask) {
        this.token = token;
        this.mask = mask;
    }

    static Operand named(String token) {
        return valueOf(token.toUpperCase(Locale.ROOT));
    }

    static String xName(int register) {
        return X_NAMES[register];
    }

    static String fName(int register) {
        return F_NAMES[register];
    }

    String token() {
        return token;
    }

    int mask() {
        return mask;
    }

    int extract(int bits) {
        return switch (this) {
            case STORE -> bits >> 25 << 5 | bits >>> 7 & 0x1f;
            case BRANCH -> bits >> 31 << 12 | (bits >>> 7 & 1) << 11 | (bits >>> 25 & 0x3f) << 5 | (bits >>> 8 & 0xf) << 1;
            case JUMP ->
                    bits >> 31 << 20 | (bits >>> 12 & 0xff) << 12 | (bits >>> 20 & 1) << 11 | (bits >>> 21 & 0x3ff) << 1;
            case UPPER -> bits & 0xfffff000;
            case IMM -> bits >> 20;
            case IGNORED -> 0;
            default -> (bits & mask) >>> Integer.numberOfTrailingZeros(mask);
        };
    }

    int insert(int value) {
        return switch (this) {
            case STORE -> value >>> 5 << 25 | (value & 0x1f) << 7;
            case BRANCH ->
                    (value >>> 12 & 1) << 31 | (value >>> 11 & 1) << 7 | (value >>> 5 & 0x3f) << 25 | (value >>> 1 & 0xf) << 8;
            case JUMP ->
                    (value >>> 20 & 1) << 31 | (value >>> 12 & 0xff) << 12 | (value >>> 11 & 1) << 20 | (value >>> 1 & 0x3ff) << 21;
            case UPPER -> value & 0xfffff000;
            case IGNORED -> 0;
            default -> value << Integer.numberOfTrailingZeros(mask) & mask;
        };
    }

    /// As GNU objdump writes it with `-M no-aliases`.
    String text(int bits, long pc) {
        int value = extract(bits);
        return switch (this) {
            case RD, RS1, RS2 -> X_NAMES[value];
            case FD, FS1, FS2, FS3 -> F_NAMES[value];
            case RM -> ROUNDING[value];
            case IMM, STORE, ZIMM -> Integer.toString(value);
            case BRANCH, JUMP -> "0x" + Long.toHexString(pc + value);
            case UPPER -> "0x" + Integer.toHexString(value >>> 12);
            case SHAMT5, SHAMT6 -> "0x" + Integer.toHexString(value);
            case CSR -> "0x" + Integer.toHexString(value);
            case AQRL -> ORDERING[value];
            case FENCE -> fenceSet(value >>> 4 & 15) + "," + fenceSet(value & 15);
            case IGNORED -> "";
        };
    }

    private static String fenceSet(int set) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            if ((set & 8 >> i) != 0) {
                text.append("iorw".charAt(i));
            }
        }
        return text.isEmpty() ? "unknown" : text.toString();
    }
}
