package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import holdfast.machine.GuestCommand.Stdin;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class GuestExecTest {
    private final GuestExec exec = new GuestExec();
    private final FakeExecGuest guest = new FakeExecGuest(exec);
    private final FakeExecGuest.Session session = guest.session(0);
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private GuestExec.Execution start(String text, Stdin stdin) {
        return exec.start(new GuestCommand(text, stdin, out::write, err::write));
    }

    private GuestExec.Execution start(String text) {
        return start(text, new Stdin.Empty());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void thereAreFourPortsForEachSession() {
        assertThat(exec.ports()).hasSize(16).extracting(NamedConsole::name)
                .startsWith("org.holdfast.exec.0.ctl", "org.holdfast.exec.0.in", "org.holdfast.exec.0.out", "org.holdfast.exec.0.err")
                .endsWith("org.holdfast.exec.3.err");
    }

    @Test
    void aCommandIsSentOnlyWhenTheGuestIsReady() {
        start("uname -m; echo 'ä'");
        assertThat(session.line("ctl").text()).isEmpty();
        session.ready();
        assertThat(session.line("ctl").text()).endsWith("\n").hasLineCount(1);
        assertThat(session.command()).isEqualTo("uname -m; echo 'ä'");
    }

    @Test
    void itsTwoStreamsArriveApartAndItsExitCodeIsPassedOn() throws Exception {
        var execution = start("x");
        session.ready().begins().opens("out").opens("err");
        session.says("out", "riscv").says("err", "oh").says("out", "64\n").exits(7);
        assertThat(execution.await()).isEqualTo(7);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("riscv64\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("oh");
    }

    @Test
    void theInputOfACommandWithoutInputEndsAtOnce() {
        start("cat");
        assertThat(session.line("in").isHostOpen()).isFalse();
        session.ready();
        assertThat(session.line("in").isHostOpen()).isTrue();
        session.begins();
        assertThat(session.line("in").isHostOpen()).isFalse();
    }

    @Test
    void wholeInputIsOfferedInTheCallbackThatSaysTheCommandBegins() {
        start("cat", new Stdin.Whole(bytes("abc")));
        session.ready();
        assertThat(session.line("in").text()).isEmpty();
        session.begins();
        assertThat(session.line("in").text()).isEqualTo("abc");
        assertThat(session.line("in").isHostOpen()).isFalse();
    }

    @Test
    void streamedInputIsPassedOnAndEndsWithItsSource() {
        start("cat", new Stdin.Streamed(new ByteArrayInputStream(bytes("x".repeat(100_000)))));
        session.ready().begins();
        await().until(() -> !session.line("in").isHostOpen());
        assertThat(session.line("in").text()).hasSize(100_000);
    }

    @Test
    void inputThatNobodyReadsDoesNotKeepACommandFromEnding() throws Exception {
        try (var source = new PipedInputStream(); var writer = new PipedOutputStream(source)) {
            var execution = start("true", new Stdin.Streamed(source));
            session.ready().begins();
            writer.write(bytes("unread"));
            writer.flush();
            session.exits(0);
            assertThat(execution.await()).isZero();
        }
    }

    @Test
    void theInputIsClosedWhenTheCommandHasEndedAndOpenedForTheNext() throws Exception {
        try (var source = new PipedInputStream(); var writer = new PipedOutputStream(source)) {
            start("one", new Stdin.Streamed(source));
            session.ready().begins().exits(0);
            assertThat(session.line("in").isHostOpen()).isFalse();
            start("two");
            session.ready();
            assertThat(session.line("in").isHostOpen()).isTrue();
            writer.flush();
        }
    }

    @Test
    void whatTheGuestWritesToItsInputIsNotInputOfTheCommand() {
        start("cat", new Stdin.Whole(bytes("abc")));
        session.ready().begins().says("in", "x");
        assertThat(session.line("in").text()).isEqualTo("abc");
    }

    @Test
    void aRestoredGuestIsAskedAndItsAnswerMayComeTwice() {
        exec.restored();
        assertThat(session.line("ctl").text()).isEqualTo("!hello\n");
        var execution = start("x");
        session.ready();
        session.says("ctl", "ready\n");
        assertThat(execution.exit()).isNotDone();
        session.begins().exits(0);
        assertThat(execution.exit()).isCompletedWithValue(0);
    }

    /// The device has dropped what waited for the earlier one; what is said before its end is heard of waits for the next one.
    @Test
    void everyLineIsForWhoWasReady() throws Exception {
        session.says("ctl", "ready boot1.7\n");
        var lost = start("x");
        assertThat(session.line("ctl").text()).isEqualTo("boot1.7 " + lineOf("x") + "\n");
        session.closes("ctl");
        assertThatThrownBy(lost::await).isInstanceOf(GuestLost.class);
        session.line("ctl").forget();
        session.says("ctl", "ready boot2.7\n");
        var execution = start("y");
        exec.kill(execution);
        assertThat(session.line("ctl").text()).isEqualTo("boot2.7 " + lineOf("y") + "\nboot2.7 !kill\n");
    }

    @Test
    void whoeverIsReadyInPlaceOfWhoHasTheCommandDoesNotGetIt() {
        session.says("ctl", "ready boot1.7\n");
        var lost = start("x");
        session.says("ctl", "ready boot2.7\n");
        assertThatThrownBy(lost::await).isInstanceOf(GuestLost.class);
    }

    private static String lineOf(String command) {
        return Base64.getEncoder().encodeToString(bytes(command));
    }

    @Test
    void aCommandIsKilled() throws Exception {
        var execution = start("sleep 1000");
        session.ready().begins();
        session.line("ctl").forget();
        exec.kill(execution);
        assertThat(session.line("ctl").text()).isEqualTo("!kill\n");
        session.exits(137);
        assertThat(execution.await()).isEqualTo(137);
        session.line("ctl").forget();
        exec.kill(execution);
        assertThat(session.line("ctl").text()).isEmpty();
    }

    @Test
    void aCommandThatHasNotBegunIsTakenBack() {
        var execution = start("x");
        exec.kill(execution);
        session.ready();
        assertThat(session.line("ctl").text()).isEmpty();
        assertThatThrownBy(execution::await).isInstanceOf(GuestLost.class);
    }

    @Test
    void inputThatCannotBeReadCountsAsEnded() {
        start("cat", new Stdin.Streamed(new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("Is a directory");
            }
        }));
        session.ready().begins();
        await().until(() -> !session.line("in").isHostOpen());
    }

    @Test
    void fourCommandsRunAtOnceAndTheFifthWaitsItsTurn() throws Exception {
        for (int i = 0; i < GuestExec.SESSIONS; i++) {
            guest.session(i).ready();
        }
        var executions = new GuestExec.Execution[5];
        for (int i = 0; i < 5; i++) {
            executions[i] = start("command " + i);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(guest.session(i).command()).isEqualTo("command " + i);
        }
        guest.session(2).exits(2).ready();
        assertThat(executions[2].await()).isEqualTo(2);
        assertThat(guest.session(2).command()).isEqualTo("command 4");
        assertThat(executions[4].exit()).isNotDone();
    }

    @Test
    void aSessionThatRestartsLosesItsCommandAndTakesTheNext() {
        var lost = start("sleep 1000");
        session.ready().begins();
        session.ready();
        assertThatThrownBy(lost::await).isInstanceOf(GuestLost.class).hasMessageContaining("restarted");
        start("again");
        assertThat(session.command()).isEqualTo("again");
    }

    @Test
    void aChannelClosedByTheGuestLosesItsCommand() {
        var lost = start("reboot");
        session.ready().begins().closes("ctl");
        assertThatThrownBy(lost::await).isInstanceOf(GuestLost.class).hasMessageContaining("closed");
    }

    @Test
    void theMachinesEndFailsWhatRunsWaitsAndComes() {
        var running = start("a");
        session.ready();
        var waiting = start("b");
        exec.lost("the guest has powered off");
        var late = start("c");
        for (var execution : new GuestExec.Execution[] {running, waiting, late}) {
            assertThatThrownBy(execution::await).isInstanceOf(GuestLost.class).hasMessage("the guest has powered off");
        }
    }

    @Test
    void whatTheGuestWritesBesidesTheProtocolDoesNoHarm() throws Exception {
        var execution = start("x");
        session.says("ctl", "\0\n").says("ctl", "y".repeat(10_000)).says("ctl", "\nexit 3\nexit\n");
        assertThat(session.line("ctl").text()).isEmpty();
        session.ready().says("ctl", "exit soon\n");
        assertThat(execution.await()).isEqualTo(255);
    }

    @Test
    void outputOfNobodyIsDropped() {
        session.ready().says("out", "from an orphan");
        assertThat(out.size()).isZero();
    }

    @Test
    void aCommandIsRunAndItsOutputCollected() throws Exception {
        Thread.ofVirtual().start(() -> {
            session.ready();
            await().until(() -> !session.line("ctl").text().isEmpty());
            session.begins().says("out", session.line("in").text()).says("err", "e").exits(4);
        });
        GuestExec.Result result = exec.run("cat", bytes("in"), Duration.ofSeconds(20));
        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.text()).isEqualTo("in");
        assertThat(result.errors()).isEqualTo("e");
    }

    @Test
    void aDeadlineThatPassesSaysWhichCommand() {
        assertThatThrownBy(() -> exec.run("sleep 9", Duration.ofMillis(10)))
                .isInstanceOf(TimeoutException.class)
                .hasMessageContaining("sleep 9");
    }

    @Test
    void aCommandTooLongForTheChannelIsRefused() {
        new GuestCommand("x".repeat(GuestCommand.TEXT_BYTES_MAX), new Stdin.Empty(), out::write, err::write);
        assertThatThrownBy(() -> start("x".repeat(GuestCommand.TEXT_BYTES_MAX + 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("standard input");
    }
}
