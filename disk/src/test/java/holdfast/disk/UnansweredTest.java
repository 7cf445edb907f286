package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UnansweredTest {
    private final CopyOnWriteArrayList<String> late = new CopyOnWriteArrayList<>();

    @Test
    void whatNobodyAnswersIsLateInItsTurn() {
        try (var unanswered = new Unanswered<String>(Duration.ofMillis(20), late::add)) {
            unanswered.add("a");
            unanswered.add("b");
            assertThat(unanswered.take("a")).isTrue();
            unanswered.add("c");
            while (late.size() < 2) {
                Thread.onSpinWait();
            }
            unanswered.add("d");
            while (late.size() < 3) {
                Thread.onSpinWait();
            }
            assertThat(late).containsExactly("b", "c", "d");
            assertThat(unanswered.take("d")).isFalse();
        }
    }

    @Test
    void eachIsTakenOnce() {
        try (var unanswered = new Unanswered<String>(Duration.ofHours(1), late::add)) {
            unanswered.add("a");
            assertThat(unanswered.take("a")).isTrue();
            assertThat(unanswered.take("a")).isFalse();
            assertThat(late).isEmpty();
        }
    }
}
