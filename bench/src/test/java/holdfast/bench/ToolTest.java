package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import holdfast.block.OperatorError;
import holdfast.testkit.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToolTest {
    @TempDir
    Path directory;

    @Test
    void whatIsMissingIsNamedWithTheCommandThatInstallsIt() {
        OperatorError error = catchThrowableOfType(
                OperatorError.class, () -> Tool.require(EngineBench.TOOLS.subList(0, 2), directory.toString()));
        assertThat(error.subject()).isEqualTo("qemu-system-riscv64, riscv64-linux-gnu-gcc");
        assertThat(error.nextStep())
                .isEqualTo("apt-get install --no-install-recommends qemu-system-misc gcc-riscv64-linux-gnu");
    }

    @Test
    void whatIsOnThePathIsNotMissing() throws IOException {
        for (String name : EngineBench.TOOLS.subList(0, 2)) {
            assertThat(Files.createFile(directory.resolve(name)).toFile().setExecutable(true)).isTrue();
        }
        assertThatCode(() -> Tool.require(EngineBench.TOOLS.subList(0, 2), "/nowhere:" + directory)).doesNotThrowAnyException();
    }

    @Test
    void everythingTheBenchmarksNeedIsInTheListOfPeers() {
        assertThat(Tool.all().stream().map(tool -> new Peer(tool.name(), tool.debianPackage()))).containsExactlyElementsOf(Peer.all());
        assertThat(Tool.all().stream().map(Tool::name)).containsAll(EngineBench.TOOLS);
    }
}
