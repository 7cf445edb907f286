package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
    void agreesWhenNoOtherHartRuns() {
        compare(Translator.eagerAlone());
    }

    @Test
    void agreesWhenItIsSwitchedAtRandom() {
        SplittableRandom coin = new SplittableRandom(7);
        compare(Translator.eager(coin::nextBoolean));
    }

    @Test
    void hartsThatSwitchExecuteTheSameBothWays() {
        Bare switching = new Bare();
        switching.hart.translator(Translator.switching(true, Long.getLong("holdfast.seed", 7)));
        switching.hart.counters.exitsCounted = true;
        Bare interpreted = new Bare();
        interpreted.hart.translator(null);
        for (Bare bare : List.of(switching, interpreted)) {
            bare.load(5, Bare.BASE + 0x4000);
            bare.emit("ld", 6, 0, 5).emit("add", 7, 7, 6).emit("addi", 6, 6, 3).emit("sd", 6, 0, 5).emit("jal", 0, -16);
            bare.start(Privilege.MACHINE);
        }

        for (int run = 0; run < 200; run++) {
            switching.run(997);
            interpreted.run(997);
            assertThat(switching.hart.x(7)).as("after run %s", run).isEqualTo(interpreted.hart.x(7));
            assertThat(switching.hart.pc()).as("after run %s", run).isEqualTo(interpreted.hart.pc());
        }

        assertThat(switching.hart.counters.translated).isBetween(50L * 997, 150L * 997);
    }

    @Test
    @Timeout(60)
    void whatIsInterpretedOnlyAtTheEndsOfTurnsIsNotHot() {
        Bare bare = new Bare();
        bare.emit("addi", 6, 6, 1).emit("andi", 7, 6, 1).emit("beq", 7, 0, 8).emit("addi", 8, 8, 1);
        bare.emit("andi", 7, 6, 3).emit("beq", 7, 0, 8).emit("addi", 8, 8, 1).emit("jal", 0, -28);
        try (Translator translator = Translator.background(true)) {
            bare.hart.translator(translator);
            bare.start(Privilege.MACHINE);
            long regions = -1;
            while (translator.regions() == 0 || translator.regions() != regions) {
                regions = translator.regions();
                bare.run(10_000_000);
            }

            for (int turn = 0; turn < 300_000; turn++) {
                bare.run(500 + turn % 7);
            }

            assertThat(translator.regions()).isEqualTo(regions);
        }
    }

    /// Two loops, one in a region and one from region to region.
    private static Bare loops() {
        Bare bare = new Bare();
        bare.load(5, Bare.BASE + 0x1000).load(9, Bare.BASE + 0x40);
        while (bare.here() < Bare.BASE + 0x40) {
            bare.emit("addi", 0, 0, 0);
        }
        bare.emit("addi", 7, 0, 20).emit("addi", 6, 6, 1).emit("addi", 7, 7, -1).emit("bne", 7, 0, -8).emit("jalr", 0, 0, 5);
        while (bare.here() < Bare.BASE + 0x1000) {
            bare.emit("addi", 0, 0, 0);
        }
        return bare.emit("addi", 8, 8, 1).emit("jalr", 0, 0, 9).start(Privilege.MACHINE);
    }

    @Test
    @Timeout(60)
    void whatIsFoundRunningOftenIsCompiledAgain() {
        try (Translator translator = Translator.background(true)) {
            Bare bare = loops();
            bare.hart.translator(translator);
            long runs = 0;
            while (translator.replacements() == 0 && runs < 200_000) {
                bare.run(10_000);
                runs++;
            }
            assertThat(translator.replacements()).as("after %s runs", runs).isPositive();
            for (int i = 0; i < 100; i++) {
                bare.run(10_000);
            }
            Bare interpreted = loops();
            interpreted.hart.translator(null);
            interpreted.run((runs + 100) * 10_000);
            assertThat(bare.hart.pc()).isEqualTo(interpreted.hart.pc());
            assertThat(bare.hart.x(6)).isEqualTo(interpreted.hart.x(6));
            assertThat(bare.hart.x(8)).isEqualTo(interpreted.hart.x(8));
        }
    }

    @Test
    void whatHasTakenTheOldPlaceIsEntered() {
        Translator translator = Translator.eager(() -> true);
        Bare bare = loops();
        bare.hart.translator(translator);
        CodePage page = bare.hart.mmu.codePage(Bare.BASE + 0x1000);
        bare.run(1000);
        Region old = page.region(0);
        assertThat(old).isNotNull();

        for (int i = 0; i < 100; i++) {
            bare.run(1000);
        }

        assertThat(old.replaced).isTrue();
        Region found = bare.hart.mmu.jumps().find(Bare.BASE + 0x1000);
        assertThat(found).isNotNull().isSameAs(page.region(0)).isNotSameAs(old);
        assertThat(found.form).isEqualTo(RegionForm.HOT);
    }

    @Test
    void translatesOnceWhatIsJumpedToForEver() {
        Translator translator = Translator.eager(() -> true);
        Bare bare = new Bare();
        bare.hart.translator(translator);
        bare.load(5, Bare.BASE + 0x100).load(7, Bare.BASE + 0x1100);
        while (bare.here() < Bare.BASE + 0x100) {
            bare.emit("addi", 0, 0, 0);
        }
        bare.emit("addi", 6, 6, 1).emit("jalr", 0, 0, 7); // to what is interpreted, and jumps back to here
        while (bare.here() < Bare.BASE + 0x1100) {
            bare.emit("addi", 0, 0, 0);
        }
        bare.emit("fence.i").emit("jalr", 0, 0, 5).start(Privilege.MACHINE).run(1000);
        long regions = translator.regions();
        long rounds = bare.hart.x(6);

        bare.run(4L * 3 * (Character.MAX_VALUE + 1)); // past every wrap of a count of jumps

        assertThat(bare.hart.x(6) - rounds).isEqualTo(3L * (Character.MAX_VALUE + 1));
        assertThat(translator.regions()).isEqualTo(regions);
    }
}
