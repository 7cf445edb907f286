package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The guest's programs, run as ordinary processes on a processor that is not ours.
@Needs({"riscv64-linux-gnu-gcc", "/usr/riscv64-linux-gnu/include/stdio.h", "qemu-riscv64"})
@Timeout(300)
class GuestProgramsTest {
    /// Those that need a kernel of their own, a busybox, or two harts.
    private static final List<String> ELSEWHERE = List.of("fork-exec", "gzip", "shell", "boot-tiny", "boot-debian", "smp-atomics", "smp-futex");

    @TempDir
    Path directory;

    @Test
    void everyProgramComputesWhatItIsKnownToCompute() throws Exception {
        List<String> programs = Benchmark.ENGINE.stream()
                .filter(benchmark -> benchmark.mode() == null)
                .map(Benchmark::name)
                .filter(name -> !ELSEWHERE.contains(name))
                .toList();
        var command = new ArrayList<>(List.of(
                Peer.path("qemu-riscv64").toString(), GuestBuild.compile(directory).toString()));
        command.addAll(programs);
        String said = Program.output(command.toArray());
        List<Answer> answers = said.lines().map(Answer::parse).flatMap(Optional::stream).toList();
        assertThat(answers).hasSameSizeAs(programs).allSatisfy(answer -> {
            assertThat(answer).isInstanceOf(Answer.Repetition.class);
            assertThat(((Answer.Repetition) answer).right()).as("%s", answer).isTrue();
        });
    }
}
