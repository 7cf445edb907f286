package holdfast.riscv;

/// The "B" extension and "Zbc": address generation, basic and single-bit manipulation, carry-less multiplication
/// (unprivileged specification, chapter "B" extension). Each method is one instruction: from rs1 and, where there is one,
/// rs2 or the immediate.
final class BitManipulation {
    private static final long WORD = 0xffff_ffffL;
    private static final long LOW_SEVEN_OF_EACH_BYTE = 0x7f7f_7f7f_7f7f_7f7fL;

    /// By operation, from [Op#ADD_UW] on: the method that is its meaning.
    private static final String[] METHODS = {
        "addUnsignedWord", "shift1Add", "shift2Add", "shift3Add", "shift1AddUnsignedWord", "shift2AddUnsignedWord",
        "shift3AddUnsignedWord", "andNot", "orNot", "xorNot", "min", "minUnsigned", "max", "maxUnsigned", "signExtendByte",
        "signExtendHalf", "zeroExtendHalf", "reverseBytes", "leadingZeros", "leadingZerosWord", "trailingZeros",
        "trailingZerosWord", "population", "populationWord", "combineBytes", "rotateLeft", "rotateLeftWord", "rotateRight",
        "rotateRightWord", "multiply", "multiplyHigh", "multiplyReversed", "clear", "extract", "invert", "set",
        "shiftLeftUnsignedWord", "rotateRight", "rotateRightWord", "clear", "extract", "invert", "set",
    };

    private BitManipulation() {}

    static boolean has(int op) {
        return op >= Op.ADD_UW && op <= Op.BSETI;
    }

    static boolean isImmediate(int op) {
        return op >= Op.SLLI_UW;
    }

    static boolean isUnary(int op) {
        return op >= Op.SEXT_B && op <= Op.ORC_B;
    }

    /// The name of the method here that is the meaning of an operation: of one `long` if unary, else of two.
    static String method(int op) {
        return METHODS[op - Op.ADD_UW];
    }

    static long execute(int op, long a, long b) {
        return switch (op) {
            case Op.ADD_UW -> addUnsignedWord(a, b);
            case Op.SH1ADD -> shift1Add(a, b);
            case Op.SH2ADD -> shift2Add(a, b);
            case Op.SH3ADD -> shift3Add(a, b);
            case Op.SH1ADD_UW -> shift1AddUnsignedWord(a, b);
            case Op.SH2ADD_UW -> shift2AddUnsignedWord(a, b);
            case Op.SH3ADD_UW -> shift3AddUnsignedWord(a, b);
            case Op.SLLI_UW -> shiftLeftUnsignedWord(a, b);
            case Op.ANDN -> andNot(a, b);
            case Op.ORN -> orNot(a, b);
            case Op.XNOR -> xorNot(a, b);
            case Op.MIN -> min(a, b);
            case Op.MINU -> minUnsigned(a, b);
            case Op.MAX -> max(a, b);
            case Op.MAXU -> maxUnsigned(a, b);
            case Op.SEXT_B -> signExtendByte(a);
            case Op.SEXT_H -> signExtendHalf(a);
            case Op.ZEXT_H -> zeroExtendHalf(a);
            case Op.REV8 -> reverseBytes(a);
            default -> executeRare(op, a, b);
        };
    }

    private static long executeRare(int op, long a, long b) {
        return switch (op) {
            case Op.CLZ -> leadingZeros(a);
            case Op.CLZW -> leadingZerosWord(a);
            case Op.CTZ -> trailingZeros(a);
            case Op.CTZW -> trailingZerosWord(a);
            case Op.CPOP -> population(a);
            case Op.CPOPW -> populationWord(a);
            case Op.ORC_B -> combineBytes(a);
            case Op.ROL -> rotateLeft(a, b);
            case Op.ROLW -> rotateLeftWord(a, b);
            case Op.ROR, Op.RORI -> rotateRight(a, b);
            case Op.RORW, Op.RORIW -> rotateRightWord(a, b);
            case Op.CLMUL -> multiply(a, b);
            case Op.CLMULH -> multiplyHigh(a, b);
            case Op.CLMULR -> multiplyReversed(a, b);
            case Op.BCLR, Op.BCLRI -> clear(a, b);
            case Op.BEXT, Op.BEXTI -> extract(a, b);
            case Op.BINV, Op.BINVI -> invert(a, b);
            case Op.BSET, Op.BSETI -> set(a, b);
            default -> throw new IllegalStateException("not a bit manipulation: " + op);
        };
    }

    // ---- Zba

    static long addUnsignedWord(long a, long b) {
        return b + (a & WORD);
    }

    static long shift1Add(long a, long b) {
        return b + (a << 1);
    }

    static long shift2Add(long a, long b) {
        return b + (a << 2);
    }

    static long shift3Add(long a, long b) {
        return b + (a << 3);
    }

    static long shift1AddUnsignedWord(long a, long b) {
        return b + ((a & WORD) << 1);
    }

    static long shift2AddUnsignedWord(long a, long b) {
        return b + ((a & WORD) << 2);
    }

    static long shift3AddUnsignedWord(long a, long b) {
        return b + ((a & WORD) << 3);
    }

    static long shiftLeftUnsignedWord(long a, long b) {
        return (a & WORD) << (int) b;
    }

    // ---- Zbb

    static long andNot(long a, long b) {
        return a & ~b;
    }

    static long orNot(long a, long b) {
        return a | ~b;
    }

    static long xorNot(long a, long b) {
        return ~(a ^ b);
    }

    static long min(long a, long b) {
        return Math.min(a, b);
    }

    static long minUnsigned(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    static long max(long a, long b) {
        return Math.max(a, b);
    }

    static long maxUnsigned(long a, long b) {
        return Long.compareUnsigned(a, b) > 0 ? a : b;
    }

    static long signExtendByte(long a) {
        return (byte) a;
    }

    static long signExtendHalf(long a) {
        return (short) a;
    }

    static long zeroExtendHalf(long a) {
        return a & 0xffff;
    }

    static long reverseBytes(long a) {
        return Long.reverseBytes(a);
    }

    static long leadingZeros(long a) {
        return Long.numberOfLeadingZeros(a);
    }

    static long leadingZerosWord(long a) {
        return Integer.numberOfLeadingZeros((int) a);
    }

    static long trailingZeros(long a) {
        return Long.numberOfTrailingZeros(a);
    }

    static long trailingZerosWord(long a) {
        return Integer.numberOfTrailingZeros((int) a);
    }

    static long population(long a) {
        return Long.bitCount(a);
    }

    static long populationWord(long a) {
        return Integer.bitCount((int) a);
    }

    /// All ones in every byte that is not zero.
    static long combineBytes(long a) {
        long topBits = ((a & LOW_SEVEN_OF_EACH_BYTE) + LOW_SEVEN_OF_EACH_BYTE | a) & ~LOW_SEVEN_OF_EACH_BYTE;
        return (topBits >>> 7) * 0xff;
    }

    static long rotateLeft(long a, long b) {
        return Long.rotateLeft(a, (int) b);
    }

    static long rotateLeftWord(long a, long b) {
        return Integer.rotateLeft((int) a, (int) b);
    }

    static long rotateRight(long a, long b) {
        return Long.rotateRight(a, (int) b);
    }

    static long rotateRightWord(long a, long b) {
        return Integer.rotateRight((int) a, (int) b);
    }

    // ---- Zbc

    /// The low 64 bits of the product without carries.
    static long multiply(long a, long b) {
        long product = 0;
        for (long bits = b; bits != 0; bits &= bits - 1) {
            product ^= a << Long.numberOfTrailingZeros(bits);
        }
        return product;
    }

    static long multiplyHigh(long a, long b) {
        return multiplyReversed(a, b) >>> 1;
    }

    /// Bits 126 to 63 of the product, which are the low bits of the product of the mirrored operands, mirrored.
    static long multiplyReversed(long a, long b) {
        return Long.reverse(multiply(Long.reverse(a), Long.reverse(b)));
    }

    // ---- Zbs

    static long clear(long a, long b) {
        return a & ~(1L << (int) b);
    }

    static long extract(long a, long b) {
        return a >>> (int) b & 1;
    }

    static long invert(long a, long b) {
        return a ^ 1L << (int) b;
    }

    static long set(long a, long b) {
        return a | 1L << (int) b;
    }
}
