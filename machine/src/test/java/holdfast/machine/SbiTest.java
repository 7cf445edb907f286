package holdfast.machine;

import static holdfast.machine.GuestProgram.A0;
import static holdfast.machine.GuestProgram.A1;
import static holdfast.machine.GuestProgram.A2;
import static holdfast.machine.GuestProgram.A3;
import static holdfast.machine.GuestProgram.S0;
import static holdfast.machine.GuestProgram.S1;
import static holdfast.machine.GuestProgram.S2;
import static holdfast.machine.GuestProgram.T0;
import static holdfast.machine.GuestProgram.T1;
import static holdfast.machine.GuestProgram.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The built-in firmware, called by small programs in S-mode. A program prints letters on the debug console and ends with
/// a shutdown.
@Timeout(60)
class SbiTest {
    private static final long BASE = 0x10;
    private static final long TIME = 0x54494d45;
    private static final long IPI = 0x735049;
    private static final long RFENCE = 0x52464e43;
    private static final long HSM = 0x48534d;
    private static final long SRST = 0x53525354;
    private static final long DBCN = 0x4442434e;
    private static final int SIE = 0x104;
    private static final int STVEC = 0x105;
    private static final int SIP = 0x144;
    private static final int SCAUSE = 0x142;
    private static final int TIME_CSR = 0xc01;

    @TempDir
    Path directory;

    private final ConsoleCapture console = new ConsoleCapture();

    private MachineEvent.Halt run(GuestProgram program, SchedulingMode mode, int harts) {
        MachineConfig config = MachineConfig.builder()
                .kernel(program.write(directory.resolve("program")))
                .memoryBytes(16 << 20)
                .harts(harts)
                .mode(mode)
                .console(console)
                .build();
        try (VirtualMachine machine = new VirtualMachine(config)) {
            machine.start();
            return machine.awaitHalt();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Prints `'A'` plus the value of a register that is small; a0 to a7 are lost.
    private static GuestProgram print(GuestProgram program, int register) {
        return program.addi(A0, register, 'A').sbi(DBCN, 2);
    }

    private static GuestProgram say(GuestProgram program, char letter) {
        return program.addi(A0, ZERO, letter).sbi(DBCN, 2);
    }

    private static GuestProgram shutdown(GuestProgram program) {
        return program.addi(A0, ZERO, 0).addi(A1, ZERO, 0).sbi(SRST, 0).label("after").jump("after");
    }

    @ParameterizedTest
    @CsvSource({
        "0x10,true", "0x54494d45,true", "0x735049,true", "0x52464e43,true", "0x48534d,true", "0x53525354,true",
        "0x4442434e,true", "0x504d55,false", "0,false", "1,false", "8,false", "0x53555350,false"
    })
    void probingTellsWhichExtensionsAreThere(String extension, boolean there) {
        GuestProgram program = new GuestProgram().li(A0, Long.decode(extension)).sbi(BASE, 3).addi(S1, A1, 0);
        assertThat(run(shutdown(print(program, S1)), SchedulingMode.PARALLEL, 1)).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(console.text()).isEqualTo(there ? "B" : "A");
    }

    @Test
    void theSpecificationVersionIsTwoPointZero() {
        GuestProgram program =
                new GuestProgram().sbi(BASE, 0).word(A1 << 15 | 24 << 20 | 5 << 12 | S1 << 7 | 0x13);
        run(shutdown(print(program, S1)), SchedulingMode.PARALLEL, 1);
        assertThat(console.text()).isEqualTo("C");
    }

    @ParameterizedTest
    @CsvSource({
        // Unknown extension, legacy console, PMU, an unknown function: -2. Bad reset type, hart that is not there: -3.
        "0x12345678,0,0,0,-2", "1,0,65,0,-2", "0x504d55,0,0,0,-2", "0x10,99,0,0,-2", "0x54494d45,1,0,0,-2",
        "0x53525354,0,3,0,-3", "0x735049,0,2,0,-3", "0x52464e43,0,1,64,-3", "0x52464e43,3,1,0,-2",
        "0x48534d,0,7,0x80000000,-3", "0x48534d,2,7,0,-3", "0x48534d,3,5,0,-3", "0x4442434e,0,10,0,-3",
        // Start at an address that is not memory: -5; a hart that runs: -6.
        "0x48534d,0,0,0x1000,-5", "0x48534d,0,0,0x80000000,-6"
    })
    void badCallsAreAnsweredAsTheSpecificationSays(String extension, int function, int a0, String a1, int error) {
        GuestProgram program = new GuestProgram().li(A0, a0).li(A1, Long.decode(a1)).li(A2, 0).li(A3, 0);
        program.sbi(Long.decode(extension), function).addi(S1, A0, 20);
        run(shutdown(print(program, S1)), SchedulingMode.PARALLEL, 1);
        assertThat(console.text()).isEqualTo("" + (char) ('A' + 20 + error));
    }

    @Test
    void theDebugConsolePrintsMemory() {
        GuestProgram program = new GuestProgram().la(A1, "text").addi(A0, ZERO, 6).addi(A2, ZERO, 0).sbi(DBCN, 0);
        program.addi(S1, A1, 0);
        shutdown(print(program, S1)).label("text").word('h' | 'e' << 8 | 'l' << 16 | 'l' << 24).word('o' | '!' << 8);
        run(program, SchedulingMode.PARALLEL, 1);
        assertThat(console.text()).as("six bytes, and the count").isEqualTo("hello!G");
    }

    @ParameterizedTest
    @EnumSource
    void theTimerInterruptsOnceItsTimeHasCome(SchedulingMode mode) {
        GuestProgram program = new GuestProgram()
                .la(T0, "handler")
                .csrw(STVEC, T0)
                .csrr(S2, TIME_CSR)
                .li(T1, 20_000)
                .add(S2, S2, T1)
                .addi(A0, S2, 0)
                .sbi(TIME, 0)
                .addi(T0, ZERO, 0x20)
                .csrs(SIE, T0)
                .addi(T0, ZERO, 2)
                .csrs(0x100, T0)
                .label("idle")
                .wfi()
                .jump("idle")
                .word(0x13)
                .label("handler")
                .csrr(S0, TIME_CSR)
                .csrr(S1, SCAUSE)
                .slli(S1, S1, 1)
                .bltu(S0, S2, "early");
        shutdown(print(program, S1)).label("early");
        say(program, '!').jump("after");
        run(program, mode, 1);
        assertThat(console.text()).isEqualTo("" + (char) ('A' + 10));
    }

    /// Hart 0 starts hart 1, which prints its number and argument, wakes hart 0 by an IPI, and stops; hart 0 waits until it
    /// has stopped, and starts it again.
    @ParameterizedTest
    @EnumSource
    void hartsAreStartedStoppedAndInterruptEachOther(SchedulingMode mode) {
        GuestProgram program = new GuestProgram()
                .addi(T0, ZERO, 2)
                .csrs(SIE, T0)
                .addi(S2, ZERO, 2)
                .label("again")
                .addi(A0, ZERO, 1)
                .la(A1, "second")
                .addi(A2, S2, 0)
                .sbi(HSM, 0)
                .bne(A0, ZERO, "bad")
                .label("sleep")
                .wfi()
                .csrr(T0, SIP)
                .beq(T0, ZERO, "sleep")
                .addi(T0, ZERO, 2)
                .csrc(SIP, T0)
                .label("stopped")
                .addi(A0, ZERO, 1)
                .sbi(HSM, 2)
                .addi(T0, ZERO, 1)
                .bne(A1, T0, "stopped")
                .addi(S2, S2, -1)
                .bne(S2, ZERO, "again");
        say(program, '.');
        shutdown(program).label("second").addi(S0, A0, 0).addi(S1, A1, 0);
        print(program, S0);
        print(program, S1).addi(A0, ZERO, 1).addi(A1, ZERO, 0).sbi(IPI, 0).sbi(HSM, 1).label("bad");
        say(program, '!').jump("after");
        assertThat(run(program, mode, 2)).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(console.text()).isEqualTo("BCBB.");
    }

    @ParameterizedTest
    @EnumSource
    void aMachineWhoseHartsHaveAllStoppedHalts(SchedulingMode mode) {
        GuestProgram program = new GuestProgram().sbi(HSM, 1);
        assertThat(run(program, mode, 2)).isInstanceOf(MachineEvent.HartsStopped.class);
    }

    @ParameterizedTest
    @EnumSource
    void aSuspendedHartGoesOnWhenAnInterruptComes(SchedulingMode mode) {
        GuestProgram program = new GuestProgram()
                .addi(T0, ZERO, 0x20)
                .csrs(SIE, T0)
                .csrr(A0, TIME_CSR)
                .li(T1, 20_000)
                .add(A0, A0, T1)
                .sbi(TIME, 0)
                // Keeping its state: goes on behind the call, a0 is 0.
                .addi(S1, ZERO, 3)
                .addi(A0, ZERO, 0)
                .sbi(HSM, 3)
                .add(S1, S1, A0);
        print(program, S1)
                // Losing it: goes on at the address, with its number in a0 and the argument in a1.
                .li(A0, 0x8000_0000L)
                .slli(A0, A0, 32)
                .word(A0 << 15 | 32 << 20 | 5 << 12 | A0 << 7 | 0x13)
                .la(A1, "resumed")
                .addi(A2, ZERO, 5)
                .sbi(HSM, 3)
                .label("resumed")
                .addi(S0, A0, 0)
                .addi(S1, A1, 0);
        print(program, S0);
        shutdown(print(program, S1));
        run(program, mode, 1);
        assertThat(console.text()).isEqualTo("DAF");
    }

    @ParameterizedTest
    @EnumSource
    void fencesReachAHartThatRuns(SchedulingMode mode) {
        GuestProgram program = new GuestProgram()
                .addi(A0, ZERO, 1)
                .la(A1, "spin")
                .sbi(HSM, 0)
                .addi(S2, ZERO, 100)
                .label("more")
                .li(A0, 3)
                .li(A1, 0)
                .li(A2, 0)
                .li(A3, -1)
                .sbi(RFENCE, 1)
                .bne(A0, ZERO, "bad")
                .li(A0, 0)
                .li(A1, -1)
                .sbi(RFENCE, 0)
                .bne(A0, ZERO, "bad")
                .addi(S2, S2, -1)
                .bne(S2, ZERO, "more");
        shutdown(say(program, 'k')).label("spin").jump("spin").label("bad");
        say(program, '!').jump("after");
        assertThat(run(program, mode, 2)).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(console.text()).isEqualTo("k");
    }
}
