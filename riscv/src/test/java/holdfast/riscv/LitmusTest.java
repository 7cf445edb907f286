package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The memory model, as harts on threads of their own see it: see [LitmusShape].
@Timeout(300)
class LitmusTest {
    private static final long ROUNDS = 50_000;
    private static final long ROUNDS_LONG = 5_000_000;

    /// For outcomes that have to be seen; most show in the first thousands.
    private static final long ROUNDS_UNTIL_SEEN_MAX = 50_000_000;

    /// How the harts are run.
    enum Engine {
        INTERPRETED,
        TRANSLATED,
        /// In turn.
        BOTH;

        LitmusGround ground(LitmusShape shape) {
            List<@Nullable Translator> translators = new ArrayList<>();
            if (this != INTERPRETED) {
                translators.add(Translator.eager(() -> true));
            }
            if (this != TRANSLATED) {
                translators.add(null);
            }
            return new LitmusGround(shape, translators);
        }
    }

    private static Stream<Arguments> inEveryEngine(Stream<LitmusShape> shapes) {
        return shapes.flatMap(shape -> Stream.of(Engine.values()).map(engine -> Arguments.of(shape, engine)));
    }

    static Stream<Arguments> forbidden() {
        return inEveryEngine(LitmusShape.forbidden());
    }

    static Stream<Arguments> reordered() {
        return inEveryEngine(LitmusShape.reordered());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("forbidden")
    void whatIsForbiddenIsNeverSeen(LitmusShape shape, Engine engine) throws InterruptedException, BusFault {
        assertThat(engine.ground(shape).run(ROUNDS)).isZero();
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("forbidden")
    @Tag("long")
    @Timeout(3600)
    void whatIsForbiddenIsNeverSeenInManyRounds(LitmusShape shape, Engine engine) throws InterruptedException, BusFault {
        assertThat(engine.ground(shape).run(ROUNDS_LONG)).isZero();
    }

    /// One of them once more, for the negative control that takes a translated atomic instruction's order away.
    @Test
    void translatedAtomicInstructionsOrderStoresBeforeLoads() throws InterruptedException, BusFault {
        LitmusShape shape = LitmusShape.forbidden()
                .filter(any -> any.name().equals("SB+amo.aqs"))
                .findFirst()
                .orElseThrow();
        assertThat(Engine.TRANSLATED.ground(shape).run(ROUNDS)).isZero();
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("reordered")
    void whatReorderingMakesIsSeen(LitmusShape shape, Engine engine) throws InterruptedException, BusFault {
        assertThat(engine.ground(shape).sees(ROUNDS_UNTIL_SEEN_MAX)).isTrue();
    }
}
