package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTest {

    @Test
    void aRepetitionIsItsProgramItsTimeItsChecksumAndWhetherThatIsRight() {
        assertThat(Answer.parse("@ sha256 367593700 e09320c5b00b34bb ok"))
                .contains(new Answer.Repetition("sha256", 367_593_700L, "e09320c5b00b34bb", true));
        assertThat(Answer.parse("@ chase-page 1 0000000000000000 wrong"))
                .contains(new Answer.Repetition("chase-page", 1, "0000000000000000", false));
    }

    @Test
    void theDriverSaysWhenItIsReadyAndWhatFailed() {
        assertThat(Answer.parse("@ ready")).contains(new Answer.Ready());
        assertThat(Answer.parse("@ failed fork: Out of memory")).contains(new Answer.Failed("fork: Out of memory"));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "OpenSBI v1.1", "[   62.475933] reboot: Power down", "Platform Timer Device     : aclint-mtimer @ 10000000Hz",
        "run sha256", "@ sha256 12", "@ sha256 12 e09320c5b00b34bb", "@ sha256 -1 e09320c5b00b34bb ok"
    })
    void whatOthersWriteOnTheConsoleIsNoAnswer(String line) {
        assertThat(Answer.parse(line)).isEmpty();
    }
}
