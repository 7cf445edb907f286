package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.riscv.FpReference.Outcome;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// [Fp32] and [Fp64] against QEMU's, instruction by instruction: a small guest program runs each operation on the same
/// operands, boxed well or badly, in each rounding mode, and reports the result register and fflags.
@Needs({"qemu-riscv64", "riscv64-linux-gnu-gcc", "/usr/riscv64-linux-gnu/include/stdio.h"})
class FpPeerTest {

    private static final int TUPLES = 200_000;
    private static final int ROUNDS_LONG = 100;

    /// One case as the guest program reads it: four 64-bit little-endian words.
    private record Tuple(FpOperation operation, int rm, int flagsBefore, long a, long b, long d) {
        static Tuple random(SplittableRandom random) {
            FpOperation operation = FpOperation.values()[random.nextInt(FpOperation.values().length)];
            return new Tuple(
                    operation,
                    random.nextInt(5),
                    random.nextInt(4) == 0 ? random.nextInt(32) : random.nextInt(2),
                    operand(operation, 0, random),
                    operand(operation, 1, random),
                    operand(operation, 2, random));
        }

        private static long operand(FpOperation operation, int index, SplittableRandom random) {
            if (index >= operation.operandCount()) {
                return 0;
            }
            long value = FpOperands.random(operation.operandKind(index), random);
            boolean narrow = operation.operandKind(index) == 'g';
            return narrow ? random.nextInt(16) == 0 ? random.nextLong() : Fp32.box((int) value) : value;
        }

        long code() {
            return operation.ordinal() | rm << 8 | flagsBefore << 16;
        }

        Outcome ours() {
            Outcome outcome = operation.ours(flagsBefore, unboxed(0, a), unboxed(1, b), unboxed(2, d), rm);
            return operation.resultKind() == 'g' ? new Outcome(Fp32.box((int) outcome.bits()), outcome.flags()) : outcome;
        }

        private long unboxed(int index, long register) {
            boolean narrow = index < operation.operandCount() && operation.operandKind(index) == 'g';
            return narrow ? Fp32.unbox(register) : register;
        }
    }

    @Test
    void agreesWithQemu(@TempDir Path directory) throws IOException, InterruptedException {
        compare(compile(directory), 1);
    }

    @Test
    @Tag("long")
    void agreesWithQemuAtLength(@TempDir Path directory) throws IOException, InterruptedException {
        compare(compile(directory), ROUNDS_LONG);
    }

    private static void compare(Path program, int rounds) throws IOException, InterruptedException {
        long seed = System.nanoTime();
        for (int round = 0; round < rounds; round++) {
            compare(program, seed + round);
        }
    }

    private static void compare(Path program, long seed) throws IOException, InterruptedException {
        Path input = program.resolveSibling("tuples");
        Path output = program.resolveSibling("outcomes");
        write(input, seed);
        var qemu = new ProcessBuilder("qemu-riscv64", program.toString())
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        Program.output(qemu, Program.LIMIT);
        LongBuffer outcomes = ByteBuffer.wrap(Files.readAllBytes(output)).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        assertThat(outcomes.remaining()).isEqualTo(2 * TUPLES);
        var random = new SplittableRandom(seed);
        for (int index = 0; index < TUPLES; index++) {
            Tuple tuple = Tuple.random(random);
            Outcome theirs = new Outcome(outcomes.get(), (int) outcomes.get());
            if (!tuple.ours().equals(theirs)) {
                assertThat(tuple.ours()).as("%s, seed %d", tuple, seed).isEqualTo(theirs);
            }
        }
    }

    private static void write(Path input, long seed) throws IOException {
        var random = new SplittableRandom(seed);
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(input)))) {
            for (int index = 0; index < TUPLES; index++) {
                Tuple tuple = Tuple.random(random);
                for (long word : new long[] {tuple.code(), tuple.a, tuple.b, tuple.d}) {
                    out.writeLong(Long.reverseBytes(word));
                }
            }
        }
    }

    private static Path compile(Path directory) throws IOException, InterruptedException {
        Path source = Files.writeString(directory.resolve("fp.c"), source());
        Path program = directory.resolve("fp");
        Program.output("riscv64-linux-gnu-gcc", "-O1", "-static", "-o", program, source);
        return program;
    }

    private static String source() {
        var cases = new StringBuilder();
        for (FpOperation operation : FpOperation.values()) {
            cases.append("case %d: RUN(\"%s\"); break;%n".formatted(operation.ordinal(), instruction(operation)));
        }
        return """
                #include <stdint.h>
                #include <stdio.h>
                #define RUN(instruction) \\
                    asm volatile("fmv.d.x ft0, %%2; fmv.d.x ft1, %%3; fmv.d.x ft2, %%4; mv t0, %%2; csrw fcsr, %%5;" \\
                        instruction "; frflags %%1; mv %%0, t1" \\
                        : "=&r"(out[0]), "=&r"(out[1]) \\
                        : "r"(in[1]), "r"(in[2]), "r"(in[3]), "r"(fcsr) : "ft0", "ft1", "ft2", "ft3", "t0", "t1")
                int main(void) {
                    uint64_t in[4], out[2];
                    while (fread(in, sizeof in, 1, stdin) == 1) {
                        uint64_t fcsr = (in[0] >> 8 & 7) << 5 | (in[0] >> 16 & 31);
                        switch (in[0] & 255) {
                %s
                        }
                        fwrite(out, sizeof out, 1, stdout);
                    }
                    return 0;
                }
                """.formatted(cases);
    }

    /// Operands are in ft0 to ft2, an integer one in t0; the result goes to t1.
    private static String instruction(FpOperation operation) {
        boolean toInteger = operation.resultKind() == 'x';
        var text = new StringBuilder(operation.mnemonic).append(toInteger ? " t1" : " ft3");
        for (int index = 0; index < operation.operandCount(); index++) {
            text.append(operation.operandKind(index) == 'x' ? ", t0" : ", ft" + index);
        }
        return toInteger ? text.toString() : text + "; fmv.x.d t1, ft3";
    }
}
