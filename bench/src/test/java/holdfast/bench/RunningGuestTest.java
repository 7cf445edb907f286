package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import holdfast.block.OperatorError;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With a shell in place of a virtual machine.
@Timeout(60)
class RunningGuestTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private RunningGuest shell(String script) {
        return RunningGuest.start(Contender.QEMU, List.of("sh", "-c", script), Cores.allowed(), directory.resolve("errors"));
    }

    private static Optional<String> echoed(String line) {
        return line.startsWith("<") ? Optional.of(line) : Optional.empty();
    }

    @Test
    void whatIsTypedReachesItAndWhatItSaysIsRead() throws InterruptedException {
        try (RunningGuest guest = shell("read -r a; echo noise; echo \"<$a>\"")) {
            guest.type("order");
            assertThat(guest.await(RunningGuestTest::echoed, PATIENCE, "the echo")).isEqualTo("<order>");
        }
    }

    @Test
    void aStoppedOneSaysNothingUntilItProceeds() throws InterruptedException {
        try (RunningGuest guest = shell("while read -r a; do echo \"<$a>\"; done")) {
            guest.pause();
            guest.type("order");
            assertThatThrownBy(() -> guest.await(RunningGuestTest::echoed, Duration.ofMillis(300), "the echo"))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("took more than");
            guest.proceed();
            assertThat(guest.await(RunningGuestTest::echoed, PATIENCE, "the echo")).isEqualTo("<order>");
        }
    }

    @Test
    void anUnexpectedEndIsReportedWithTheLastWords() throws InterruptedException {
        try (RunningGuest guest = shell("echo said; echo 'no such kernel' >&2; exit 7")) {
            assertThatThrownBy(() -> guest.await(RunningGuestTest::echoed, PATIENCE, "the boot"))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("QEMU")
                    .hasMessageContaining("ended with exit code 7")
                    .hasMessageContaining("no such kernel");
        }
    }

    @Test
    void aClosedOneIsGoneAlsoWhenItWasStopped() throws InterruptedException {
        RunningGuest guest = shell("echo \"<$$>\"; while :; do :; done");
        String said = guest.await(RunningGuestTest::echoed, PATIENCE, "its number");
        long pid = Long.parseLong(said.substring(1, said.length() - 1));
        guest.pause();
        guest.close();
        assertThat(ProcessHandle.of(pid)).isEmpty();
    }

    @Test
    void aStoppedOneDoesNotOutliveTheThreadThatStartedIt() throws InterruptedException {
        var number = new CompletableFuture<Long>();
        Thread starter = Thread.ofPlatform().start(() -> {
            RunningGuest guest = shell("echo \"<$$>\"; while :; do :; done");
            try {
                String said = guest.await(RunningGuestTest::echoed, PATIENCE, "its number");
                guest.pause();
                number.complete(Long.parseLong(said.substring(1, said.length() - 1)));
            } catch (InterruptedException | OperatorError e) {
                number.completeExceptionally(e);
            }
        });
        long pid = number.join();
        starter.join();
        Awaitility.await().until(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    }

    @Test
    void cpuTimeIsThatOfAllThreadsInUserAndKernelMode() {
        String stat = "4711 (a) b c) S 1 4711 4711 0 -1 4194560 1 2 3 4 250 75 0 0 20 0 9 0 100 1 2";
        assertThat(RunningGuest.cpuSeconds(stat)).isEqualTo(3.25, within(1e-9));
    }
}
