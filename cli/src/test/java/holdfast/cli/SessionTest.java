package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import holdfast.block.OperatorError;
import holdfast.machine.ConsolePort;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent.Diverged;
import holdfast.machine.MachineEvent.Failed;
import holdfast.machine.MachineEvent.GuestPanicked;
import holdfast.machine.MachineEvent.PoweredOff;
import holdfast.machine.MachineEvent.ReplayEnded;
import holdfast.machine.MachineEvent.ToHost;
import holdfast.machine.SchedulingMode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SessionTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final RunOptions options = new RunOptions();
    private final AtomicReference<MachineConfig> config = new AtomicReference<>();
    private OutputStream standardOutput = out;
    private InputStream standardInput = InputStream.nullInputStream();
    private boolean persistent;

    @TempDir
    Path directory;

    private int run(Consumer<FakeMachine> guest) throws Exception {
        var streams = new Streams(
                standardInput, standardOutput, new PrintStream(err, true, StandardCharsets.UTF_8), false, false, false);
        var boot = new Boot(
                "tiny", null, Path.of("kernel"), null, "console=ttyS0", 256 << 20, List.of(), null, null, 1, 1, persistent);
        try (var cleanUp = new CleanUp()) {
            return new Session(options, boot, streams, cleanUp).run(
                    machineConfig -> {
                        config.set(machineConfig);
                        return new FakeMachine(machineConfig, guest);
                    });
        }
    }

    private MachineConfig config() {
        return Objects.requireNonNull(config.get());
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theConsoleIsStandardOutputAndPowerOffIsSuccess() throws Exception {
        int exitCode = run(machine -> {
            machine.shows("hello\r\n");
            machine.halts(new PoweredOff(1));
        });
        assertThat(exitCode).isZero();
        assertThat(out()).isEqualTo("hello\r\n");
        assertThat(err()).isEmpty();
    }

    @Test
    void aProfileIsWrittenAfterTheRunAndItsCountersAreShown() throws Exception {
        Path file = directory.resolve("run.jfr");
        options.profile = file;
        assertThat(run(machine -> machine.halts(new PoweredOff(1)))).isZero();
        assertThat(config().profile()).isTrue();
        assertThat(err().lines()).hasSize(2).first().isEqualTo("holdfast run: hart 0: counted");
        assertThat(err()).contains("holdfast run: profile: " + file);
        assertThat(jdk.jfr.consumer.RecordingFile.readAllEvents(file)).isNotEmpty();
    }

    @Test
    void aProfileThatCannotBeWrittenIsAnOperatorsError() {
        options.profile = Path.of("/dev/full");
        assertThatThrownBy(() -> run(machine -> machine.halts(new PoweredOff(1))))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("--profile /dev/full");
        assertThat(err()).contains("counted");
    }

    @Test
    void aPanicIsFailureWithTheConsolesLastLines() throws Exception {
        int exitCode = run(machine -> machine.halts(new GuestPanicked(1, List.of("Kernel panic - not syncing: x", "---"))));
        assertThat(exitCode).isEqualTo(1);
        assertThat(err().lines()).containsExactly(
                "holdfast run: the guest's kernel panicked; its last lines:",
                "holdfast run: Kernel panic - not syncing: x",
                "holdfast run: ---");
    }

    @Test
    void theExitCodeOfABareProgramIsItsOwn() throws Exception {
        assertThat(run(machine -> machine.halts(new ToHost(1, 0)))).isZero();
        assertThat(run(machine -> machine.halts(new ToHost(1, 5)))).isEqualTo(5);
        assertThat(run(machine -> machine.halts(new ToHost(1, 256)))).isEqualTo(255);
        assertThat(run(machine -> machine.halts(new ToHost(1, -1)))).isEqualTo(255);
    }

    @Test
    void aReplayThatEndsWithItsRecordIsSuccessAndOneThatDoesNotIsFailure() throws Exception {
        assertThat(run(machine -> machine.halts(new ReplayEnded(1, true)))).isZero();
        assertThat(run(machine -> machine.halts(new ReplayEnded(1, false)))).isEqualTo(1);
        assertThat(run(machine -> machine.halts(new Diverged(1, "at 17: console")))).isEqualTo(1);
        assertThat(err()).contains("cut off").contains("at 17: console");
    }

    @Test
    void aBrokenMachineIsReportedInTwoLines() throws Exception {
        assertThat(run(machine -> machine.halts(new Failed(1, new IllegalStateException("bad"))))).isEqualTo(1);
        assertThat(err()).contains("IllegalStateException: bad").doesNotContain("\tat ").hasLineCount(2);
    }

    @Test
    void standardInputIsTypedAndItsEndEndsNothing() throws Exception {
        standardInput = new ByteArrayInputStream("poweroff\n".getBytes(StandardCharsets.UTF_8));
        var typed = new AtomicReference<String>();
        int exitCode = run(machine -> {
            await().until(() -> machine.typed().endsWith("\n"));
            typed.set(machine.typed());
            machine.halts(new PoweredOff(1));
        });
        assertThat(exitCode).isZero();
        assertThat(typed).hasValue("poweroff\n");
    }

    @Test
    void inDeterministicModeStandardInputIsThereBeforeTheStart() throws Exception {
        options.deterministic = true;
        standardInput = new ByteArrayInputStream("ls\n".getBytes(StandardCharsets.UTF_8));
        var typed = new AtomicReference<String>();
        run(machine -> {
            typed.set(machine.typed() + machine.calls());
            machine.halts(new PoweredOff(1));
        });
        assertThat(typed).hasValue("ls\n[start]");
        assertThat(config().mode()).isEqualTo(SchedulingMode.DETERMINISTIC);
    }

    @Test
    void twoDeterministicRunsAreGivenTheSame() throws Exception {
        options.deterministic = true;
        var first = new byte[32];
        var second = new byte[32];
        run(machine -> machine.halts(new PoweredOff(1)));
        long clock = config().clock().epochNanos();
        long mac = config().mac();
        config().entropy().fill(first);
        run(machine -> machine.halts(new PoweredOff(1)));
        config().entropy().fill(second);
        assertThat(second).isEqualTo(first);
        assertThat(config().mac()).isEqualTo(mac);
        assertThat(config().clock().epochNanos()).isEqualTo(clock);
    }

    @Test
    void twoOrdinaryRunsAreGivenDifferentThings() throws Exception {
        var first = new byte[32];
        var second = new byte[32];
        run(machine -> machine.halts(new PoweredOff(1)));
        config().entropy().fill(first);
        run(machine -> machine.halts(new PoweredOff(1)));
        config().entropy().fill(second);
        assertThat(second).isNotEqualTo(first);
    }

    @Test
    void theConsoleIsAlsoLogged() throws Exception {
        options.consoleLog = directory.resolve("log");
        run(machine -> {
            machine.shows("both");
            machine.halts(new PoweredOff(1));
        });
        assertThat(out()).isEqualTo("both");
        assertThat(directory.resolve("log")).hasContent("both");
    }

    @Test
    void aLogThatTakesNoMoreDoesNotEndTheRun() throws Exception {
        options.consoleLog = Path.of("/dev/full");
        int exitCode = run(machine -> {
            machine.shows("on");
            machine.halts(new PoweredOff(1));
        });
        assertThat(exitCode).isZero();
        assertThat(out()).isEqualTo("on");
        assertThat(err()).contains("/dev/full").hasLineCount(1);
    }

    @Test
    void aReaderThatHasGoneEndsTheRunQuietly() throws Exception {
        standardOutput = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertThat(run(machine -> machine.shows("x"))).isEqualTo(141);
        assertThat(err()).isEmpty();
    }

    @Test
    void aRestoredMachineGoesOn() throws Exception {
        options.restore = Path.of("state");
        var calls = new AtomicReference<List<String>>();
        run(machine -> {
            calls.set(machine.calls());
            machine.halts(new PoweredOff(1));
        });
        assertThat(calls.get()).containsExactly("restore state", "resume");
    }

    @Test
    void aGuestThatEndsByItselfIsNotSavedAndThatIsSaid() throws Exception {
        options.saveOnExit = directory.resolve("state");
        run(machine -> machine.halts(new PoweredOff(1)));
        assertThat(err()).contains("nothing was saved");
    }

    /// The guest's side of the exec channel's session 0.
    private static final class Channel {
        private final FakeMachine machine;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private final ByteArrayOutputStream in = new ByteArrayOutputStream();

        Channel(FakeMachine machine) {
            this.machine = machine;
            port("ctl").attach(collect(line));
            port("in").attach(collect(in));
        }

        private ConsolePort port(String name) {
            return machine.port("org.holdfast.exec.0." + name);
        }

        private static ConsolePort.Input collect(ByteArrayOutputStream into) {
            return new ConsolePort.Input() {
                @Override
                public void input(byte[] bytes) {
                    into.writeBytes(bytes);
                }

                @Override
                public void hostOpen(boolean open) {
                    // Tested with GuestExec itself.
                }
            };
        }

        void says(String port, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            port(port).output(bytes, 0, bytes.length);
        }

        String next() {
            line.reset();
            in.reset();
            says("ctl", "ready\n");
            String command = new String(Base64.getDecoder().decode(line.toString(StandardCharsets.US_ASCII).strip()), StandardCharsets.UTF_8);
            port("in").guestOpen(true);
            says("in", "\n");
            return command;
        }
    }

    @Test
    void aCommandsStreamsAndExitCodeAreTheRuns() throws Exception {
        options.exec = "uname -m";
        int exitCode = run(machine -> {
            var channel = new Channel(machine);
            machine.shows("boot messages");
            assertThat(channel.next()).isEqualTo("uname -m");
            channel.says("out", "riscv64\n");
            channel.says("err", "warning\n");
            channel.says("ctl", "exit 9\n");
        });
        assertThat(exitCode).isEqualTo(9);
        assertThat(out()).isEqualTo("riscv64\n");
        assertThat(err()).isEqualTo("warning\n");
    }

    @Test
    void aCommandIsGivenStandardInput() throws Exception {
        options.exec = "cat";
        options.deterministic = true;
        standardInput = new ByteArrayInputStream("abc".getBytes(StandardCharsets.UTF_8));
        run(machine -> {
            var channel = new Channel(machine);
            channel.next();
            channel.says("out", channel.in.toString(StandardCharsets.UTF_8));
            channel.says("ctl", "exit 0\n");
        });
        assertThat(out()).isEqualTo("abc");
    }

    @Test
    void verboseShowsTheConsoleOnStandardError() throws Exception {
        options.exec = "true";
        options.verbose = true;
        run(machine -> {
            machine.shows("boot messages\n");
            var channel = new Channel(machine);
            channel.next();
            channel.says("ctl", "exit 0\n");
        });
        assertThat(err()).isEqualTo("boot messages\n");
        assertThat(out()).isEmpty();
    }

    @Test
    void disksThatOutliveTheRunAreFlushedBeforeItEnds() throws Exception {
        options.exec = "touch /x";
        persistent = true;
        var commands = new AtomicReference<String>();
        int exitCode = run(machine -> {
            var channel = new Channel(machine);
            String first = channel.next();
            channel.says("ctl", "exit 3\n");
            commands.set(first + ";" + channel.next());
            channel.says("ctl", "exit 0\n");
        });
        assertThat(commands).hasValue("touch /x;sync");
        assertThat(exitCode).isEqualTo(3);
    }

    @Test
    void aMachineThatEndsBeforeTheCommandIsOurFailure() throws Exception {
        options.exec = "x";
        assertThat(run(machine -> machine.halts(new PoweredOff(1)))).isEqualTo(125);
        assertThat(run(machine -> machine.halts(new GuestPanicked(1, List.of("Oops"))))).isEqualTo(125);
        assertThat(err()).contains("powered off before").contains("Oops");
    }

    @Test
    void aLostChannelIsOurFailure() throws Exception {
        options.exec = "x";
        int exitCode = run(machine -> {
            var channel = new Channel(machine);
            channel.next();
            channel.port("ctl").guestOpen(false);
        });
        assertThat(exitCode).isEqualTo(125);
        assertThat(err()).contains("closed the exec channel");
    }

    @Test
    void aGuestThatNeverAnswersIsGivenUp() throws Exception {
        options.exec = "true";
        options.readyTimeout = 1;
        assertThat(run(guest -> guest.shows("booting\n"))).isEqualTo(ExitCode.EXEC_FAILED);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("cannot run a command after 1 s").contains("--ready-timeout");
    }
}
