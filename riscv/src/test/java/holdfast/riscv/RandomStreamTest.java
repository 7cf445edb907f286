package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import holdfast.testkit.Needs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random instruction streams in our interpreter and under QEMU: every integer, M, A, C, F and D instruction in every
/// rounding mode, loads and stores of every alignment, jumps and traps. Registers, memory, fcsr and the traps on the way
/// must be the same. What differs is cut down to the few instructions that matter before it is printed.
@Needs({"qemu-riscv64", "riscv64-linux-gnu-gcc", "/usr/riscv64-linux-gnu/include/stdio.h"})
class RandomStreamTest {

    private static final int STREAMS_A_BATCH = 500;
    private static final long INSTRUCTIONS = 1_000_000;
    private static final long INSTRUCTIONS_LONG = 100_000_000;

    private final StreamHart hart = new StreamHart();

    @Test
    void agreesWithQemu(@TempDir Path directory) throws IOException, InterruptedException {
        compare(new StreamQemu(directory), INSTRUCTIONS);
    }

    @Test
    @Tag("long")
    void agreesWithQemuAtLength(@TempDir Path directory) throws IOException, InterruptedException {
        compare(new StreamQemu(directory), INSTRUCTIONS_LONG);
    }

    private void compare(StreamQemu qemu, long instructions) throws IOException, InterruptedException {
        long seed = Long.getLong("holdfast.seed", System.nanoTime());
        long next = seed;
        while (hart.retired() < instructions) {
            List<InstructionStream> streams =
                    LongStream.range(next, next + STREAMS_A_BATCH).mapToObj(StreamGenerator::stream).toList();
            List<StreamOutcome> theirs = qemu.run(streams);
            for (int i = 0; i < streams.size(); i++) {
                InstructionStream stream = streams.get(i);
                if (!ours(stream).matches(theirs.get(i))) {
                    report(qemu, stream);
                }
            }
            next += STREAMS_A_BATCH;
        }
        System.getLogger("holdfast.riscv")
                .log(System.Logger.Level.INFO, "seed {0}: {1} streams, {2} instructions", seed, next - seed, hart.retired());
    }

    private StreamOutcome ours(InstructionStream stream) {
        return hart.run(stream, new SplittableRandom(stream.seed()));
    }

    private void report(StreamQemu qemu, InstructionStream stream) throws IOException, InterruptedException {
        InstructionStream small = shrunk(qemu, stream);
        StreamOutcome ours = ours(small);
        StreamOutcome theirs = qemu.run(List.of(small)).getFirst();
        fail("stream with -Dholdfast.seed=%d, %s, cut down:%n%s%nours, QEMU's:%n%s%n%s".formatted(
                stream.seed(),
                stream.translated() ? "translated" : "physical addresses",
                small.code().listing(),
                ours.difference(theirs),
                "ours trapped: " + ours.traps()));
    }

    /// Leaves out items, many at a time and then fewer, as long as the outcomes still differ.
    private InstructionStream shrunk(StreamQemu qemu, InstructionStream stream) throws IOException, InterruptedException {
        InstructionStream smallest = stream;
        int chunk = Math.max(1, stream.items().size() / 2);
        while (true) {
            List<InstructionStream> candidates = new ArrayList<>();
            for (int from = 0; from < smallest.items().size(); from += chunk) {
                candidates.add(without(smallest, from, chunk));
            }
            InstructionStream found = firstDiffering(qemu, candidates);
            if (found != null) {
                smallest = found;
            } else if (chunk == 1) {
                return smallest;
            } else {
                chunk /= 2;
            }
        }
    }

    private static InstructionStream without(InstructionStream stream, int from, int count) {
        List<StreamItem> items = new ArrayList<>(stream.items());
        items.subList(from, Math.min(from + count, items.size())).clear();
        return new InstructionStream(stream.seed(), stream.translated(), stream.start(), items);
    }

    private @Nullable InstructionStream firstDiffering(
            StreamQemu qemu, List<InstructionStream> candidates) throws IOException, InterruptedException {
        List<StreamOutcome> theirs = qemu.run(candidates);
        for (int i = 0; i < candidates.size(); i++) {
            if (!ours(candidates.get(i)).matches(theirs.get(i))) {
                return candidates.get(i);
            }
        }
        return null;
    }

    @Test
    void aStreamIsTheSameForTheSameSeed() {
        assertThat(StreamGenerator.stream(42).code().listing()).isEqualTo(StreamGenerator.stream(42).code().listing());
    }
}
