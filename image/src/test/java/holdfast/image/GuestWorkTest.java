package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.machine.GuestCommand;
import holdfast.machine.GuestExec;
import holdfast.machine.GuestExec.Result;
import holdfast.machine.GuestLost;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent;
import holdfast.machine.SchedulingMode;
import holdfast.machine.Translation;
import holdfast.machine.VirtualMachine;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Debian's kernel and programs at work in machines of ours, and checking their own results.
@Tag("system")
final class GuestWorkTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final String ZEROS_64_MIB = "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351";

    private static final String ZEROS_1_MIB = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58";

    private final Image image = TestImage.withStressNg();
    private final GuestExec exec = new GuestExec();
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private @Nullable VirtualMachine machine;

    private MachineConfig.Builder config() {
        MachineConfig.Builder builder = MachineConfig.builder()
                .memoryBytes(512L << 20)
                .kernel(Objects.requireNonNull(image.kernel()))
                .append(image.append())
                .console((bytes, offset, length) -> console.write(bytes, offset, length));
        if (image.initrd() != null) {
            builder.initrd(image.initrd());
        }
        exec.ports().forEach(port -> builder.virtioPort(port.name(), port.port()));
        return builder;
    }

    private void boot(MachineConfig.Builder builder) {
        VirtualMachine started = new VirtualMachine(builder.build());
        machine = started;
        started.start();
    }

    private String output(String command) throws Exception {
        Result result = exec.run(command, DEADLINE);
        assertThat(result.exitCode()).as(command + ": " + result.text() + result.errors() + consoleText()).isZero();
        return result.text();
    }

    private String consoleText() {
        return console.toString(StandardCharsets.UTF_8);
    }

    @AfterEach
    void end() {
        if (machine != null) {
            machine.close();
        }
        exec.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void bootsWithSeveralHartsAndUsesThemAll(int harts) throws Exception {
        boot(config().harts(harts));
        assertThat(output("nproc")).isEqualTo(harts + "\n");
        // One process on each hart, so that each has run user code.
        assertThat(output("for i in $(seq 0 " + (harts - 1) + "); do taskset $((1 << i)) sh -c 'echo here'; done"))
                .isEqualTo("here\n".repeat(harts));
    }

    @Test
    void hashes64MiBRight() throws Exception {
        boot(config());
        assertThat(output("head -c 67108864 /dev/zero | sha256sum")).startsWith(ZEROS_64_MIB);
    }

    @Test
    void hashesRightInDeterministicMode() throws Exception {
        boot(config().mode(SchedulingMode.DETERMINISTIC));
        assertThat(output("head -c 1048576 /dev/zero | sha256sum")).startsWith(ZEROS_1_MIB);
    }

    @Test
    void theInterpreterAloneRunsItToo() throws Exception {
        boot(config().translation(new Translation.Off()));
        assertThat(output("head -c 1048576 /dev/zero | sha256sum")).startsWith(ZEROS_1_MIB);
    }

    @Test
    void stressNgFindsNothingWrong() throws Exception {
        boot(config().harts(2));
        for (String kind : List.of("cpu", "vm --vm-bytes 32M", "fork", "futex", "timer")) {
            output("stress-ng --verify --timeout " + stressSeconds() + "s --" + kind.replaceFirst("^\\w+", "$0 2"));
        }
        assertThat(consoleText()).doesNotContain("BUG:").doesNotContain("Oops").doesNotContain("rcu_sched self-detected");
    }

    private static int stressSeconds() {
        return Boolean.getBoolean("long") ? 10 : 3;
    }

    /// A command may still have gone to the guest that is just being reset.
    private String inTheNextLife(String command) throws Exception {
        while (true) {
            try {
                String answer = exec.run(command, DEADLINE).text();
                if (!answer.isEmpty()) {
                    return answer;
                }
            } catch (GuestLost reset) {
                assertThat(reset).hasMessageContaining("guest");
            }
        }
    }

    @Test
    @Timeout(300)
    void rebootsAndThenPowersOff() throws Exception {
        boot(config());
        output("echo before > /tmp/mark");
        assertThatThrownBy(() -> exec.run("reboot -f; sleep 1000", DEADLINE)).isInstanceOf(GuestLost.class);
        assertThat(inTheNextLife("[ ! -e /tmp/mark ] && echo started anew")).isEqualTo("started anew\n");
        exec.start(new GuestCommand("poweroff -f", new GuestCommand.Stdin.Empty(), (b, o, l) -> {}, (b, o, l) -> {}));
        assertThat(Objects.requireNonNull(machine).awaitHalt()).isInstanceOf(MachineEvent.PoweredOff.class);
    }
}
