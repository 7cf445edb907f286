package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Many machines with nothing to do, on one host.
@Tag("system")
@Tag("long")
@Timeout(1800)
class IdleMachinesTest {
    private static final int MACHINES = 30;

    /// What a machine of 256 MiB and its process are let in for.
    private static final long PROMISED_BYTES = 512L << 20;

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    private OwnHost host;

    @BeforeEach
    void begin() throws IOException {
        host = OwnHost.in(home);
        host.start();
    }

    @AfterEach
    void end() throws IOException {
        host.close();
    }

    /// What they take while ten seconds pass.
    private List<JsonNode> taken() {
        return StreamSupport.stream(host.json("top", "--interval", "10").spliterator(), false).toList();
    }

    @Test
    void thirtyMachinesFitAndTakeLessThanAHundredthOfACoreEach() throws Exception {
        for (int i = 0; i < MACHINES; i++) {
            host.ok("launch", "--name", "idle" + i);
        }
        // What has just booted is still being compiled for a while.
        await().atMost(Duration.ofMinutes(5)).until(() -> taken().stream().allMatch(vm -> vm.path("cpuPercent").asDouble() < 1));
        List<JsonNode> rows = taken();
        assertThat(rows).hasSize(MACHINES);
        assertThat(rows).allSatisfy(vm -> assertThat(vm.path("residentBytes").asLong()).isLessThan(PROMISED_BYTES));
        for (JsonNode vm : rows) {
            assertThat(host.guest(vm.path("name").asString(), "echo here")).isEqualTo("here\n");
        }
    }
}
