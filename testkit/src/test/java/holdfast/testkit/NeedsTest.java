package holdfast.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

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
}
