package holdfast.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.container;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedSuccessfully;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.test;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.EngineTestKit;

class NeedsTest {

    private static final Peer HERE = new Peer("here", "package-a");
    private static final Peer GONE = new Peer("gone", "package-b");

    @Test
    void withEveryPeerTheTestRuns() {
        assertThat(NeedsCondition.judge(List.of(HERE), HERE::equals, true).isDisabled()).isFalse();
    }

    @Test
    void aMissingPeerSkipsTheTestAndSaysHowToGetIt() {
        var result = NeedsCondition.judge(List.of(HERE, GONE), HERE::equals, false);
        assertThat(result.isDisabled()).isTrue();
        assertThat(result.getReason()).contains("needs gone (apt-get install package-b)");
    }

    @Test
    void whereEveryPeerMustBeAMissingOneFailsTheTest() {
        assertThatThrownBy(() -> NeedsCondition.judge(List.of(HERE, GONE), HERE::equals, true))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("gone");
    }

    /// A name that is not listed shows that the annotation is heeded, whatever is installed on this machine.
    @Test
    void theAnnotationIsHeededOnClassesAndOnMethods() {
        EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(ClassSample.class), selectClass(MethodSample.class))
                .execute()
                .allEvents()
                .assertThatEvents()
                .haveExactly(1, event(container(ClassSample.class), finishedWithFailure(message(NeedsTest::namesTheVax))))
                .haveExactly(1, event(test("needy"), finishedWithFailure(message(NeedsTest::namesTheVax))))
                .haveExactly(1, event(test("content"), finishedSuccessfully()));
    }

    private static boolean namesTheVax(String message) {
        return message.contains("qemu-vax");
    }

    @Needs("qemu-vax")
    static class ClassSample {
        @Test
        void never() {}
    }

    static class MethodSample {
        @Test
        @Needs("qemu-vax")
        void needy() {}

        @Test
        @Needs({})
        void content() {}
    }
}
