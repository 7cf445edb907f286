package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The console on a real pseudo-terminal: raw while the guest has it, and as it was afterwards, however the run ends.
@Timeout(120)
class TerminalTest {
    private static final String ESCAPE = "\u001d";

    @TempDir
    Path directory;

    /// Starts the probe, with `stty` before and after.
    private static Pty probe(String... args) throws IOException {
        String java = ProcessHandle.current().info().command().orElseThrow();
        String program = java + " --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "
                + System.getProperty("java.class.path") + " holdfast.cli.TerminalProbe " + String.join(" ", args);
        return new Pty("stty rows 33 cols 99; echo BEFORE=$(stty -g); " + program
                + "; code=$?; echo; echo EXIT=$code; echo AFTER=$(stty -g)");
    }

    private static void isRestored(String shown) {
        String before = shown.replaceAll("(?s).*BEFORE=(\\S+).*", "$1");
        String after = shown.replaceAll("(?s).*AFTER=(\\S+).*", "$1");
        assertThat(before).isNotEmpty().isEqualTo(after);
    }

    @Test
    void theStartSaysHowToLeave() throws Exception {
        try (Pty pty = probe()) {
            assertThat(pty.awaits("GUEST").types("q").ends()).containsSubsequence("^] ends the VM", "GUEST", "EXIT=0");
        }
    }

    @Test
    void everyKeyIsTheGuestsAlsoControlCAndZAndCarriageReturn() throws Exception {
        try (Pty pty = probe()) {
            pty.awaits("GUEST").types("a\3\32\34\r\n\23\21\4").awaits("<61><03><1a><1c><0d><0a><13><11><04>");
            isRestored(pty.types("q").ends());
        }
    }

    @Test
    void theEscapeKeyAsksAndGoesOnWithoutAYes() throws Exception {
        try (Pty pty = probe()) {
            pty.awaits("GUEST").types(ESCAPE).awaits("End the VM? [y/N] ").types("\r").awaits("no").types("b").awaits("<62>");
            String shown = pty.types("q").ends();
            assertThat(shown).contains("EXIT=0").doesNotContain("<0d>");
            isRestored(shown);
        }
    }

    @Test
    void theEscapeKeyEndsTheVmAfterAYes() throws Exception {
        try (Pty pty = probe()) {
            String shown = pty.awaits("GUEST").types(ESCAPE).awaits("End the VM? [y/N] ").types("y").ends();
            assertThat(shown).contains("EXIT=0");
            isRestored(shown);
        }
    }

    @Test
    void leavingSavesWhenThatWasAskedFor() throws Exception {
        try (Pty pty = probe(directory.resolve("state").toString())) {
            String shown = pty.awaits("GUEST").types(ESCAPE + "y").ends();
            assertThat(shown).contains("saved; go on with: holdfast run --restore " + directory.resolve("state"));
        }
    }

    @Test
    void aPanicIsReadableOnARestoredTerminal() throws Exception {
        try (Pty pty = probe()) {
            String shown = pty.awaits("GUEST").types("p").ends();
            assertThat(shown).contains("panicked; its last lines:\r\n").contains("EXIT=1");
            isRestored(shown);
        }
    }

    @Test
    void aFailureOfOurOwnRestoresTheTerminal() throws Exception {
        try (Pty pty = probe()) {
            String shown = pty.awaits("GUEST").types("x").ends();
            assertThat(shown).contains("broken on purpose").contains("EXIT=1").doesNotContain("\tat ");
            isRestored(shown);
        }
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "HUP, 129", "INT, 130"})
    void aSignalRestoresTheTerminal(String signal, int exitCode) throws Exception {
        assumeThat(isIgnored(exitCode - 128))
                .as("SIG%s is ignored by whatever these tests start, since they were started so (by nohup, or with & in a script)", signal)
                .isFalse();
        try (Pty pty = probe()) {
            long pid = pty.awaits("GUEST").process("java").pid();
            Program.output("kill", "-" + signal, pid);
            String shown = pty.ends();
            assertThat(shown).contains("EXIT=" + exitCode);
            isRestored(shown);
        }
    }

    /// Whether this process ignores a signal: a JVM that is started so leaves it at that, and hands it on.
    private static boolean isIgnored(int signal) throws IOException {
        String mask = Files.readString(Path.of("/proc/self/status")).replaceAll("(?s).*SigIgn:\\s*(\\w+).*", "$1");
        return (Long.parseUnsignedLong(mask, 16) >> signal - 1 & 1) != 0;
    }

    @Test
    void aSignalSavesWhenThatWasAskedFor() throws Exception {
        try (Pty pty = probe(directory.resolve("state").toString())) {
            pty.awaits("GUEST").process("java").destroy();
            assertThat(pty.ends()).contains("saved; go on with").contains("EXIT=143");
        }
    }

    @Test
    void afterAStopAndAContinueTheTerminalIsTheGuestsAgain() throws Exception {
        try (Pty pty = probe()) {
            long pid = pty.awaits("GUEST").process("java").pid();
            String tty = "/proc/" + pid + "/fd/0";
            Program.output("sh", "-c", "kill -STOP " + pid + "; stty sane <" + tty + "; kill -CONT " + pid);
            await().until(() -> modes(tty).contains("-icanon"));
            pty.types("\3").awaits("<03>");
            isRestored(pty.types("q").ends());
        }
    }

    private static String modes(String tty) throws IOException, InterruptedException {
        return Program.output("sh", "-c", "stty -a <" + tty);
    }
}
