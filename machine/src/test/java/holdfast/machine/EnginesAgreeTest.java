package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A machine does the same whether its code is interpreted, translated, or now this and now that: the same console, and after
/// every turn the same counts and the same digest of memory and registers.
@Timeout(120)
class EnginesAgreeTest {
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());

    @TempDir
    Path directory;

    private record Quantum(long turn, long retired, long digest) {}

    private record Run(MachineEvent.Halt halt, String console, List<Quantum> quanta) {}

    static Stream<Translation> engines() {
        return Stream.of(
                new Translation.Off(), new Translation.On(), new Translation.Switching(SEED), new Translation.Switching(~SEED));
    }

    private MachineConfig.Builder echo(Translation engine) {
        return BarePrograms.machine(BarePrograms.echo(), directory, SchedulingMode.DETERMINISTIC)
                .harts(2)
                .translation(engine);
    }

    private static Run run(MachineConfig.Builder builder, String typed) throws InterruptedException {
        ConsoleCapture console = new ConsoleCapture();
        List<Quantum> quanta = new ArrayList<>();
        try (VirtualMachine machine = new VirtualMachine(builder.console(console).build())) {
            machine.onQuantum(1, (turn, retired, digest) -> quanta.add(new Quantum(turn, retired, digest)));
            console.type(typed);
            machine.start();
            return new Run(machine.awaitHalt(), console.text(), quanta);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void onWhatTheSameInputsDo(Translation engine) throws InterruptedException {
        String typed = "abcdefghijklmno".repeat(40) + "q";
        Run interpreted = run(echo(new Translation.Off()), typed);
        assertThat(interpreted.halt).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(interpreted.quanta).hasSizeGreaterThan(50);
        assertThat(run(echo(engine), typed)).isEqualTo(interpreted);
    }

    @ParameterizedTest
    @MethodSource("engines")
    void onWhatARecordMakesThemDo(Translation engine) throws InterruptedException {
        Path record = directory.resolve("record");
        Run recorded = run(echo(engine).record(record), "acegikmo".repeat(40) + "q");
        for (Translation other : engines().toList()) {
            assertThat(run(echo(other).replay(record), "")).as("replayed with " + other).isEqualTo(recorded);
        }
    }
}
