package holdfast.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProgramTest {
    private static final Duration SHORT = Duration.ofMillis(500);

    private static ProcessBuilder shell(String script) {
        return new ProcessBuilder("sh", "-c", script).redirectErrorStream(true);
    }

    @Test
    void whatAProgramPrintsAndHowItEndsIsKnown() throws Exception {
        assertThat(Program.run("sh", "-c", "echo out; echo err >&2; exit 7")).isEqualTo(new Program(7, "out\nerr\n"));
        assertThat(Program.run("cat")).as("nothing at its standard input").isEqualTo(new Program(0, ""));
    }

    @Test
    void aFailureIsToldWithWhatWasPrinted() {
        assertThatThrownBy(() -> Program.output("sh", "-c", "echo no; exit 3"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("ended with 3: no");
    }

    @Test
    void moreThanAPipeHoldsIsTaken() throws Exception {
        assertThat(Program.output("sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x")).hasSize(1_000_000);
    }

    @Test
    void aProgramThatHangsIsEndedWithItsChildrenAndToldWithWhatItPrinted() throws Exception {
        Process process = shell("echo begun; sleep 1000; echo never").start();
        while (process.descendants().findAny().isEmpty()) {
            Thread.onSpinWait();
        }
        ProcessHandle child = process.descendants().findAny().orElseThrow();
        assertThatThrownBy(() -> Program.end(process, SHORT))
                .isInstanceOf(Program.Overdue.class)
                .hasMessageContaining("has not ended within 0.5 s")
                .hasMessageContaining("begun");
        assertThat(child.onExit().get(10, TimeUnit.SECONDS).isAlive()).isFalse();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoeverReadsFromAProgramComesToItsEnd() throws Exception {
        Process process = Program.start(shell("echo begun; exec sleep 1000"), SHORT);
        assertThat(process.inputReader().readLine()).isEqualTo("begun");
        assertThat(process.inputReader().readLine()).isNull();
        assertThat(Program.exitCode(process, Duration.ofSeconds(10))).isEqualTo(137);
    }

    @Test
    void whatADaemonKeepsOpenHoldsNothingUp() throws Exception {
        Program done = Program.run(shell("sleep 15 & echo done"), Duration.ofSeconds(5));
        assertThat(done.output()).isEqualTo("done\n");
    }
}
