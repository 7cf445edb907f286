package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Many machines with nothing to do, on one host.
@Tag("system")
@Tag("long")
@Timeout(1800)
class IdleMachinesTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MACHINES = 30;

    /// What a machine of 256 MiB and its process are let in for.
    private static final long PROMISED_BYTES = 512L << 20;

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    @BeforeEach
    void begin() throws IOException, InterruptedException {
        Files.createSymbolicLink(home.resolve("images"), Files.createDirectories(Holdfast.home().resolve("images")));
        ProcessBuilder first = Holdfast.builder("list");
        first.environment().put("HOLDFAST_HOME", home.toString());
        first.environment().remove("HOLDFAST_SOCKET");
        assertThat(Holdfast.ended(Holdfast.start(first)).exitCode()).isZero();
    }

    @AfterEach
    void end() {
        JSON.readTree(ok("list", "-o", "json")).forEach(vm -> ok("rm", "--force", vm.path("name").asString()));
        ok("host", "stop");
    }

    private String ok(String... words) {
        var all = new ArrayList<>(List.of(words));
        int options = all.contains("--") ? all.indexOf("--") : all.size();
        all.addAll(options, List.of("--socket", home.resolve("host/host.sock").toString()));
        Invocation ended = Invocation.of(all.toArray(String[]::new));
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    /// What they take while ten seconds pass.
    private List<JsonNode> taken() {
        return StreamSupport.stream(JSON.readTree(ok("top", "-o", "json", "--interval", "10")).spliterator(), false).toList();
    }

    @Test
    void thirtyMachinesFitAndTakeLessThanAHundredthOfACoreEach() {
        for (int i = 0; i < MACHINES; i++) {
            ok("launch", "--name", "idle" + i);
        }
        // What has just booted is still being compiled for a while.
        await().atMost(Duration.ofMinutes(5)).until(() -> taken().stream().allMatch(vm -> vm.path("cpuPercent").asDouble() < 1));
        List<JsonNode> rows = taken();
        assertThat(rows).hasSize(MACHINES);
        assertThat(rows).allSatisfy(vm -> assertThat(vm.path("residentBytes").asLong()).isLessThan(PROMISED_BYTES));
        rows.forEach(vm -> assertThat(ok("exec", vm.path("name").asString(), "--", "echo", "here")).isEqualTo("here\n"));
    }
}
