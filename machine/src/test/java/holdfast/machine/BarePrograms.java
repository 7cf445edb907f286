package holdfast.machine;

import static holdfast.machine.GuestProgram.A0;
import static holdfast.machine.GuestProgram.S0;
import static holdfast.machine.GuestProgram.S1;
import static holdfast.machine.GuestProgram.S2;
import static holdfast.machine.GuestProgram.S3;
import static holdfast.machine.GuestProgram.T0;
import static holdfast.machine.GuestProgram.T1;
import static holdfast.machine.GuestProgram.T2;
import static holdfast.machine.GuestProgram.ZERO;

import java.nio.file.Path;

/// Programs for more than one test.
final class BarePrograms {
    private static final int MSTATUS = 0x300;
    private static final int MIE = 0x304;
    private static final int MTVEC = 0x305;
    private static final int MIP = 0x344;

    private BarePrograms() {}

    /// Two harts and a console: hart 0 works, ticks by its timer and echoes what it reads, one up; each letter shows when
    /// input came, by the time it mixes in. Hart 1 adds to a word in memory for ever. A `q` switches the power off.
    static GuestProgram echo() {
        return new GuestProgram()
                .la(S2, "sum")
                .bne(A0, ZERO, "other")
                .li(S0, AddressMap.UART)
                .addi(T0, ZERO, 1)
                .sb(T0, 1, S0)
                .li(S3, AddressMap.CLINT)
                .label("work")
                // Work a little, between looks at the UART.
                .li(T1, 500)
                .label("count")
                .addi(T1, T1, -1)
                .amoaddW(ZERO, T1, S2)
                .bne(T1, ZERO, "count")
                .lbu(T0, 5, S0)
                .addi(T2, ZERO, 0x61)
                .beq(T0, T2, "read")
                // Nothing to read: sleep until the timer, now + 2000 ticks.
                .li(T2, 0xbff8)
                .add(T2, T2, S3)
                .ld(T0, 0, T2)
                .li(T1, 2000)
                .add(T0, T0, T1)
                .li(T2, 0x4000)
                .add(T2, T2, S3)
                .sd(T0, 0, T2)
                .addi(T0, ZERO, 0x80)
                .csrs(MIE, T0)
                .wfi()
                .csrc(MIE, T0)
                .jump("work")
                .label("read")
                .lbu(T1, 0, S0)
                .addi(T0, ZERO, 'q')
                .beq(T1, T0, "quit")
                .amoaddW(ZERO, T1, S2)
                .addi(T1, T1, 1)
                .sb(T1, 0, S0)
                // A digit of the time at which it was read.
                .li(T2, 0xbff8)
                .add(T2, T2, S3)
                .ld(T0, 0, T2)
                .word(7 << 20 | T0 << 15 | 7 << 12 | T0 << 7 | 0x13)
                .addi(T0, T0, '0')
                .sb(T0, 0, S0)
                .jump("work")
                .label("quit")
                .powerOff()
                .label("other")
                .addi(T0, ZERO, 1)
                .amoaddW(ZERO, T0, S2)
                .addi(S1, S1, 1)
                .jump("other")
                .label("sum")
                .word(0)
                .word(0);
    }

    /// The same on one hart, sleeping and waking at its timer, for ever counting on the console: `a`, `b`, ... and round.
    static GuestProgram ticker() {
        return new GuestProgram()
                .bne(A0, ZERO, "park")
                .la(T0, "tick")
                .csrw(MTVEC, T0)
                .li(S0, AddressMap.UART)
                .li(S3, AddressMap.CLINT)
                .li(S2, 0)
                .addi(T0, ZERO, 0x80)
                .csrs(MIE, T0)
                .addi(T0, ZERO, 8)
                .csrs(MSTATUS, T0)
                .jump("arm")
                .label("idle")
                .wfi()
                .jump("idle")
                .word(0x13)
                .label("tick")
                .addi(T0, S2, 'a')
                .sb(T0, 0, S0)
                .addi(S2, S2, 1)
                .word(15 << 20 | S2 << 15 | 7 << 12 | S2 << 7 | 0x13)
                .la(T0, "idle")
                .csrw(0x341, T0)
                .li(T2, 0xbff8)
                .add(T2, T2, S3)
                .ld(T0, 0, T2)
                .li(T1, 20_000)
                .add(T0, T0, T1)
                .li(T2, 0x4000)
                .add(T2, T2, S3)
                .sd(T0, 0, T2)
                .mret()
                .label("arm")
                .li(T2, 0x4000)
                .add(T2, T2, S3)
                .sd(ZERO, 0, T2)
                .jump("idle")
                .label("park")
                .csrr(T0, MIP)
                .wfi()
                .jump("park");
    }

    static MachineConfig.Builder machine(GuestProgram program, Path directory, SchedulingMode mode) {
        return MachineConfig.builder()
                .kernel(program.write(directory.resolve("program")))
                .firmware(new Firmware.None())
                .memoryBytes(16 << 20)
                .mode(mode)
                .entropy(EntropyPort.seeded(1))
                .clock(() -> 1_700_000_000_000_000_000L);
    }
}
