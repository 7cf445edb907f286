package holdfast.machine;

import static holdfast.machine.GuestProgram.A0;
import static holdfast.machine.GuestProgram.A1;
import static holdfast.machine.GuestProgram.S0;
import static holdfast.machine.GuestProgram.S1;
import static holdfast.machine.GuestProgram.T0;
import static holdfast.machine.GuestProgram.T1;
import static holdfast.machine.GuestProgram.T2;
import static holdfast.machine.GuestProgram.ZERO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whole machines that run small bare programs.
@Timeout(60)
class MachineEndToEndTest {
    private static final int MIE = 0x304;

    @TempDir
    Path directory;

    private MachineConfig.Builder bare(GuestProgram program, SchedulingMode mode) {
        return MachineConfig.builder()
                .kernel(program.write(directory.resolve("program")))
                .firmware(new Firmware.None())
                .memoryBytes(16 << 20)
                .mode(mode)
                .entropy(EntropyPort.seeded(1))
                .clock(() -> 1_700_000_000_000_000_000L);
    }

    @ParameterizedTest
    @EnumSource
    void aStoreToTohostEndsTheRunWithHalfItsValue(SchedulingMode mode) throws InterruptedException {
        GuestProgram program = new GuestProgram().li(A0, 42).exit(A0);
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOfSatisfying(
                    MachineEvent.ToHost.class, event -> assertThat(event.value()).isEqualTo(42));
        }
    }

    @ParameterizedTest
    @EnumSource
    void thePowerSwitchEndsTheRun(SchedulingMode mode) throws InterruptedException {
        try (VirtualMachine machine = new VirtualMachine(bare(new GuestProgram().powerOff(), mode).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOf(MachineEvent.PoweredOff.class);
            assertThat(machine.state()).isEqualTo(Machine.State.HALTED);
        }
    }

    @Test
    void aTimerThatRunsOutWhileItsHartFallsAsleepWakesIt() throws InterruptedException {
        // Sleeps until now + 0, 1, ... 63 ticks, again and again: some of these timers run out on the way to sleep.
        GuestProgram program = new GuestProgram()
                .li(S0, AddressMap.CLINT + 0xbff8)
                .li(S1, AddressMap.CLINT + 0x4000)
                .addi(T0, ZERO, 0x80)
                .csrs(MIE, T0)
                .li(A0, 20_000)
                .addi(A1, ZERO, 0)
                .label("sleep")
                .ld(T0, 0, S0)
                .add(T0, T0, A1)
                .sd(T0, 0, S1)
                .wfi()
                .addi(A1, A1, 1)
                .word(63 << 20 | A1 << 15 | 7 << 12 | A1 << 7 | 0x13) // andi a1, a1, 63
                .addi(A0, A0, -1)
                .bne(A0, ZERO, "sleep")
                .powerOff();
        try (VirtualMachine machine = new VirtualMachine(bare(program, SchedulingMode.PARALLEL).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOf(MachineEvent.PoweredOff.class);
        }
    }

    @Test
    void atomicAdditionsOfHartsThatRunAtTheSameTimeAllCount() throws InterruptedException {
        // Both add one to a sum, in a loop that is translated meanwhile; hart 1 says when it is done, and hart 0 looks at the sum.
        int additions = 4_000_000;
        GuestProgram program = new GuestProgram()
                .la(S0, "sum")
                .la(S1, "done")
                .li(T0, additions)
                .addi(T1, ZERO, 1)
                .label("add")
                .amoaddW(ZERO, T1, S0)
                .addi(T0, T0, -1)
                .bne(T0, ZERO, "add")
                .bne(A0, ZERO, "other")
                .label("wait")
                .lw(T0, 0, S1)
                .beq(T0, ZERO, "wait")
                .lw(T0, 0, S0)
                .exit(T0)
                .label("other")
                .sw(T1, 0, S1)
                .label("park")
                .wfi()
                .jump("park")
                .label("sum")
                .word(0)
                .label("done")
                .word(0);
        MachineConfig config = bare(program, SchedulingMode.PARALLEL).harts(2).build();
        try (VirtualMachine machine = new VirtualMachine(config)) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOfSatisfying(
                    MachineEvent.ToHost.class, event -> assertThat(event.value()).isEqualTo(2 * additions));
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyHartOfABareProgramStartsAtItsEntryWithItsNumber(SchedulingMode mode) throws InterruptedException {
        // Each hart adds its number plus one to a sum; hart 0 waits until all four have.
        GuestProgram program = new GuestProgram()
                .la(S0, "sum")
                .addi(T0, A0, 1)
                .amoaddW(ZERO, T0, S0)
                .bne(A0, ZERO, "park")
                .addi(T1, ZERO, 10)
                .label("wait")
                .lw(T0, 0, S0)
                .bne(T0, T1, "wait")
                .exit(T0)
                .label("park")
                .wfi()
                .jump("park")
                .label("sum")
                .word(0);
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).harts(4).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOfSatisfying(
                    MachineEvent.ToHost.class, event -> assertThat(event.value()).isEqualTo(10));
        }
    }

    /// Prints an `x`, then resets through the switch; the fourth life would print on, but memory was cleared.
    private static GuestProgram rebooting() {
        return new GuestProgram()
                .la(S0, "lives")
                .lw(S1, 0, S0)
                .addi(S1, S1, 'a')
                .sw(S1, 0, S0)
                .li(T0, AddressMap.UART)
                .sb(S1, 0, T0)
                .li(T1, AddressMap.SYSCON)
                .li(T2, Syscon.REBOOT)
                .sw(T2, 0, T1)
                .label("dead")
                .jump("dead")
                .label("lives")
                .word(0);
    }

    @ParameterizedTest
    @EnumSource
    void aRebootStartsAgainFromTheFile(SchedulingMode mode) {
        ConsoleCapture console = new ConsoleCapture();
        List<MachineEvent> events = new CopyOnWriteArrayList<>();
        try (VirtualMachine machine =
                new VirtualMachine(bare(rebooting(), mode).console(console).build())) {
            machine.listen(events::add);
            machine.start();
            console.await("aaa");
        }
        assertThat(console.text()).matches("a+");
        assertThat(events).hasAtLeastOneElementOfType(MachineEvent.Rebooted.class);
        assertThat(events.getLast()).isInstanceOf(MachineEvent.Closed.class);
    }

    @ParameterizedTest
    @EnumSource
    void aResetAfterAPanicMessageIsAPanicAndNoReboot(SchedulingMode mode) throws InterruptedException {
        String said = "first line\r\n[ 1.0] Kernel panic - not syncing: test\r\nlast line\n";
        GuestProgram program = new GuestProgram().li(T0, AddressMap.UART);
        for (char character : said.toCharArray()) {
            program.addi(T1, ZERO, character).sb(T1, 0, T0);
        }
        program.li(T1, AddressMap.SYSCON).li(T2, Syscon.REBOOT).sw(T2, 0, T1).label("dead").jump("dead");
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOfSatisfying(
                    MachineEvent.GuestPanicked.class,
                    event -> assertThat(event.lastLines())
                            .containsExactly("first line", "[ 1.0] Kernel panic - not syncing: test", "last line"));
        }
    }

    /// A port that throws when it brings something: our own mistake, and this machine's end.
    @ParameterizedTest
    @EnumSource
    void aMistakeOfOursStopsThisMachineAndSaysWhy(SchedulingMode mode) throws InterruptedException {
        ConsolePort broken = (bytes, offset, length) -> {
            throw new IllegalStateException("broken port");
        };
        GuestProgram program =
                new GuestProgram().li(T0, AddressMap.UART).sb(T0, 0, T0).label("spin").jump("spin");
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).console(broken).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOfSatisfying(
                    MachineEvent.Failed.class, event -> assertThat(event.cause()).hasMessage("broken port"));
        }
    }

    @Test
    void anIdleGuestCostsNoProcessorTime() {
        GuestProgram program = new GuestProgram().label("idle").wfi().jump("idle");
        try (VirtualMachine machine =
                new VirtualMachine(bare(program, SchedulingMode.PARALLEL).harts(2).build())) {
            machine.start();
            Awaitility.await().until(() -> machine.retired() >= 2);
            long before = hartThreadsCpuNanos();
            long start = System.nanoTime();
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(100))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> System.nanoTime() - start > 500_000_000);
            assertThat(hartThreadsCpuNanos() - before).isLessThan((System.nanoTime() - start) * 3 / 100);
        }
    }

    private static long hartThreadsCpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(info -> info != null && info.getThreadName().startsWith("holdfast-hart"))
                .mapToLong(info -> threads.getThreadCpuTime(info.getThreadId()))
                .sum();
    }

    @ParameterizedTest
    @EnumSource
    void nothingRetiresWhilePaused(SchedulingMode mode) {
        GuestProgram program = new GuestProgram().label("spin").jump("spin");
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).harts(2).build())) {
            machine.start();
            Awaitility.await().until(() -> machine.retired() > 100_000);
            machine.pause();
            long paused = machine.retired();
            machine.pause();
            assertThat(machine.retired()).isEqualTo(paused);
            machine.resume();
            Awaitility.await().until(() -> machine.retired() > paused + 100_000);
        }
    }

    /// Harts that wait for their timers and for each other are stopped anywhere, and nothing is lost.
    @Test
    void aStormOfPausesLosesNoTimerAndNoInput() {
        ConsoleCapture console = new ConsoleCapture();
        MachineConfig config = BarePrograms.machine(BarePrograms.echo(), directory, SchedulingMode.PARALLEL)
                .harts(2)
                .console(console)
                .build();
        try (VirtualMachine machine = new VirtualMachine(config)) {
            machine.start();
            for (int i = 0; i < 300; i++) {
                machine.pause();
                if (i % 10 == 0) {
                    console.type("a");
                }
                machine.resume();
            }
            Awaitility.await().until(() -> console.text().replaceAll("[^b]", "").length() == 30);
        }
    }

    @Test
    void aCallThatDoesNotFitTheStateIsRefused() {
        GuestProgram program = new GuestProgram().label("spin").jump("spin");
        VirtualMachine machine = new VirtualMachine(bare(program, SchedulingMode.PARALLEL).build());
        assertThatThrownBy(machine::resume).isInstanceOf(IllegalStateException.class).hasMessageContaining("NEW");
        machine.start();
        assertThatThrownBy(machine::start).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> machine.save(directory.resolve("state"))).isInstanceOf(IllegalStateException.class);
        machine.close();
        machine.close();
        assertThatThrownBy(machine::pause).isInstanceOf(IllegalStateException.class).hasMessageContaining("CLOSED");
    }

    @ParameterizedTest
    @EnumSource
    void anOperatorsResetStartsAgain(SchedulingMode mode) {
        ConsoleCapture console = new ConsoleCapture();
        GuestProgram program = new GuestProgram()
                .li(T0, AddressMap.UART)
                .addi(T1, ZERO, 'x')
                .sb(T1, 0, T0)
                .label("spin")
                .jump("spin");
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).console(console).build())) {
            machine.start();
            console.await("x");
            machine.reset();
            console.await("xx");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHartThatWaitsIsWokenByItsTimer(SchedulingMode mode) throws InterruptedException {
        GuestProgram program = new GuestProgram()
                .la(T0, "handler")
                .csrw(0x305, T0)
                .li(S0, AddressMap.CLINT + 0xbff8)
                .ld(T0, 0, S0)
                .li(T1, 50_000)
                .add(T0, T0, T1)
                .li(S1, AddressMap.CLINT + 0x4000)
                .sd(T0, 0, S1)
                .addi(T0, ZERO, 0x80)
                .csrs(0x304, T0)
                .addi(T0, ZERO, 8)
                .csrs(0x300, T0)
                .label("idle")
                .wfi()
                .jump("idle")
                .word(0x13)
                .label("handler")
                .csrr(A1, 0x342)
                .slli(A1, A1, 1)
                .exit(A1);
        try (VirtualMachine machine = new VirtualMachine(bare(program, mode).build())) {
            machine.start();
            assertThat(machine.awaitHalt()).isInstanceOfSatisfying(
                    MachineEvent.ToHost.class, event -> assertThat(event.value()).isEqualTo(7 * 2));
        }
    }
}
