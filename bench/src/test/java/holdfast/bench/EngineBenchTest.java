package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import holdfast.testkit.Tree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The whole command, as a user gives it.
@Tag("system")
@Needs({"qemu-system-riscv64", "riscv64-linux-gnu-gcc", "/usr/riscv64-linux-gnu/include/stdio.h"})
@Timeout(600)
class EngineBenchTest {
    private static final Duration PATIENCE = Duration.ofMinutes(9);

    @TempDir
    Path directory;

    @Test
    void aProgramIsMeasuredInBothAndNothingIsLeftBehind() throws Exception {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Tree.root().resolve("tools/jvm.options"),
                "-Djava.io.tmpdir=" + directory,
                "-cp", System.getProperty("java.class.path"), "holdfast.cli.Main"));
        command.addAll(List.of("bench", "engine", "--only", "getpid", "--repetitions", "1", "--json"));
        Path errors = directory.resolveSibling(directory.getFileName() + ".errors");
        var builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().put("HOLDFAST_HOME", Tree.root().resolve("target/test-home").toString());
        Process process = Program.start(builder, PATIENCE);
        Program done = Program.end(process, PATIENCE);
        assertThat(done.exitCode()).as("%s", Files.readString(errors)).isZero();

        JsonNode json = JsonMapper.shared().readTree(done.output());
        JsonNode row = json.get("rows").get(0);
        assertThat(json.get("rows")).hasSize(1);
        assertThat(row.get("name").asString()).isEqualTo("getpid");
        assertThat(row.get("group").asString()).isEqualTo("steady");
        assertThat(row.get("ours").asDouble()).isPositive();
        assertThat(row.get("theirs").asDouble()).isPositive();
        assertThat(json.get("geomean").asDouble()).isEqualTo(row.get("ratio").asDouble());
        assertThat(directory).isEmptyDirectory();
        assertThat(process.descendants()).isEmpty();
    }
}
