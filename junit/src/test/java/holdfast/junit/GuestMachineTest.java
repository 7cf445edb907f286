package holdfast.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.host.HostClient;
import holdfast.host.HostHome;
import holdfast.testkit.Tree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

/// As a test of somebody's would use it.
@Tag("system")
@Timeout(300)
class GuestMachineTest {
    private static final Path HOME = home();

    /// Last, as what was registered first.
    @RegisterExtension
    @Order(1)
    static final AfterAllCallback STOP = _ -> {
        try (var daemon = new HostClient(HostHome.of(Map.of("HOLDFAST_HOME", HOME.toString()), null))) {
            daemon.stop();
        }
    };

    @RegisterExtension
    @Order(2)
    static final GuestMachine GUEST = GuestMachine.of("tiny").home(HOME);

    /// Images are built once, for all tests of the tree.
    private static Path home() {
        try {
            Path images = Files.createDirectories(Tree.root().resolve("target/test-home/images"));
            Path home = Files.createTempDirectory("holdfast-junit");
            Files.createSymbolicLink(home.resolve("images"), images);
            return home;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void commandsRunInTheMachine() throws Exception {
        assertThat(GUEST.exec("uname -m")).isEqualTo(new Executed(0, "riscv64\n", ""));
        assertThat(GUEST.exec("echo oh >&2; exit 3")).isEqualTo(new Executed(3, "", "oh\n"));
        assertThatThrownBy(() -> GUEST.exec("sleep 100", Duration.ofSeconds(1))).isInstanceOf(AssertionError.class).hasMessageContaining("sleep 100");
    }

    @Test
    void aPortIsWaitedFor() throws Exception {
        assertThatThrownBy(() -> GUEST.awaitPort(8080, Duration.ofSeconds(1))).isInstanceOf(AssertionError.class);
        GUEST.exec("(sleep 1; nc -l -p 8080) >/dev/null 2>&1 &");
        GUEST.awaitPort(8080, Duration.ofSeconds(30));
    }

    @Test
    void aFailureComesWithTheConsole() throws Exception {
        GUEST.exec("echo on the console >/dev/console");
        var failure = new AssertionError("it is so");
        assertThat(GUEST.withConsole(failure)).isSameAs(failure);
        assertThat(failure.getSuppressed()).hasSize(1);
        assertThat(failure.getSuppressed()[0].toString()).contains("console of junit-", "on the console");
    }
}
