package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The public riscv-tests, built outside this project, as bare programs: what `run --firmware none --kernel ELF` does.
///
/// The environment variable or system property `HOLDFAST_RISCV_TESTS` names a directory of ELF files `rv64*-p-*` and
/// `rv64*-v-*`, all of which must end with a store of 1 to `tohost`. Without it they are left out.
class RiscvTestsTest {
    private static final String DIRECTORY = "HOLDFAST_RISCV_TESTS";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TestFactory
    Stream<DynamicTest> passes() throws IOException {
        String directory = System.getProperty(DIRECTORY, System.getenv(DIRECTORY));
        assumeTrue(directory != null, "the public riscv-tests: " + DIRECTORY + " names no directory of built ones");
        try (Stream<Path> files = Files.list(Path.of(directory))) {
            return files
                    .filter(file -> file.getFileName().toString().matches("rv64\\w+-[pv]-[\\w-]+"))
                    .sorted()
                    .toList()
                    .stream()
                    .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> run(file)));
        }
    }

    private static void run(Path program) throws InterruptedException, ExecutionException, TimeoutException {
        var config = MachineConfig.builder()
                .memoryBytes(16L << 20)
                .kernel(program)
                .firmware(new Firmware.None())
                .mode(SchedulingMode.DETERMINISTIC)
                .build();
        try (var machine = new VirtualMachine(config)) {
            var halted = new CompletableFuture<MachineEvent.Halt>();
            machine.listen(event -> {
                if (event instanceof MachineEvent.Halt halt) {
                    halted.complete(halt);
                }
            });
            machine.start();
            MachineEvent.Halt halt = halted.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(halt).isInstanceOfSatisfying(MachineEvent.ToHost.class, ended -> assertThat(ended.value())
                    .as("number of the test case that failed")
                    .isZero());
        }
    }
}
