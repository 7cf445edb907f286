package holdfast.riscv;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;

/// Instructions and the state they start from.
///
/// @param seed of the initial registers and data
/// @param translated whether our hart runs it behind page tables, else with physical addresses
/// @param start address of the first instruction
record InstructionStream(long seed, boolean translated, long start, List<StreamItem> items) {

    private static final int EBREAK = 0x0010_0073;

    StreamCode code() {
        var code = new StreamCode(start);
        code.appendAll(items);
        code.append(EBREAK);
        return code;
    }

    /// Address of the `ebreak` that ends it.
    long end() {
        return start + code().size() - 4;
    }

    StreamOutcome.Registers registers() {
        var random = new SplittableRandom(seed);
        long[] x = new long[32];
        long[] f = new long[32];
        for (int i = 1; i < 32; i++) {
            x[i] = FpOperands.random('x', random);
        }
        for (int i = 0; i < 32; i++) {
            f[i] = floatRegister(random);
        }
        return new StreamOutcome.Registers(start, x, f, random.nextInt(5) << 5 | (random.nextBoolean() ? random.nextInt(32) : 0));
    }

    /// Words that are something as an integer, as either kind of float, or as nothing in particular.
    byte[] data() {
        var random = new SplittableRandom(~seed);
        ByteBuffer data = ByteBuffer.allocate(StreamLayout.DATA_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
            data.putLong(random.nextInt(3) == 0 ? FpOperands.random('x', random) : floatRegister(random));
        }
        return data.array();
    }

    private static long floatRegister(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1, 2, 3 -> Fp32.box((int) FpOperands.random('g', random));
            default -> FpOperands.random('f', random);
        };
    }
}
