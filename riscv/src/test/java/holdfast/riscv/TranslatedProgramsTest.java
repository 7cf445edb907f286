package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/// The processor's other tests once more, with every program translated before it runs.
class TranslatedProgramsTest {
    @ParameterizedTest
    @ValueSource(
            classes = {
                IntegerTest.class, FloatUnitTest.class, MmuTest.class, TrapTest.class, PmpTest.class,
                SelfModifyingCodeTest.class, DirtyLogTest.class, HartStateTest.class, ParallelHartsTest.class
            })
    void passes(Class<?> test) {
        System.setProperty(Bare.TRANSLATE, "true");
        try {
            Events tests = EngineTestKit.engine("junit-jupiter").selectors(selectClass(test)).execute().testEvents();
            assertThat(tests.failed().list()).isEmpty();
            assertThat(tests.succeeded().count()).isPositive();
        } finally {
            System.clearProperty(Bare.TRANSLATE);
        }
    }
}
