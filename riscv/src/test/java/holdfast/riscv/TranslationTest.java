package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Translated code against the interpreter: the same streams, the same registers, memory, flags, traps and counts.
class TranslationTest {
    private static final int STREAMS = 400;

    private void compare(Translator translator) {
        StreamHart interpreted = new StreamHart();
        StreamHart translated = new StreamHart().translated(translator);
        long seed = Long.getLong("holdfast.seed", System.nanoTime());
        for (long next = seed; next < seed + STREAMS; next++) {
            InstructionStream stream = StreamGenerator.stream(next);
            StreamOutcome expected = interpreted.run(stream, new SplittableRandom(next));
            StreamOutcome actual = translated.run(stream, new SplittableRandom(next));
            assertThat(actual.matches(expected)).as("stream with seed " + next).isTrue();
            assertThat(translated.retired()).as("instructions retired, seed " + next).isEqualTo(interpreted.retired());
        }
        assertThat(translator.regions()).isGreaterThan(STREAMS);
    }

    @Test
    void agreesWithTheInterpreterOnRandomStreams() {
        compare(Translator.eager(() -> true));
    }

    @Test
    void agreesWhenItIsSwitchedAtRandom() {
        SplittableRandom coin = new SplittableRandom(7);
        compare(Translator.eager(coin::nextBoolean));
    }
}
