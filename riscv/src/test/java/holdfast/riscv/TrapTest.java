package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Exceptions, delegation, returns, interrupts, timers, `wfi` and CSR access rights.
class TrapTest {
    private static final long MACHINE_HANDLER = Bare.BASE + 0x8000;
    private static final long SUPERVISOR_HANDLER = Bare.BASE + 0x9000;
    private static final int T0 = 5;
    private static final int T1 = 6;
    private static final long MIE = 1 << 3;
    private static final long SIE = 1 << 1;

    private final Bare bare = new Bare();

    private Bare handlers() throws BusFault {
        int park = Instructions.assemble("jal", 0, 0);
        bare.memory.store32(MACHINE_HANDLER, park);
        bare.memory.store32(SUPERVISOR_HANDLER, park);
        bare.load(T0, MACHINE_HANDLER).emit("csrrw", 0, Csr.MTVEC, T0);
        return bare.load(T0, SUPERVISOR_HANDLER).emit("csrrw", 0, Csr.STVEC, T0);
    }

    /// All of memory for S- and U-mode.
    private Bare openMemory() {
        bare.load(T0, -1).emit("csrrw", 0, Csr.PMPADDR0, T0);
        return bare.load(T0, 0x1f).emit("csrrw", 0, Csr.PMPCFG0, T0);
    }

    /// Leaves M-mode for `mode`, at the instruction after.
    private Bare drop(Privilege mode) {
        bare.load(T0, 3 << 11).emit("csrrc", 0, Csr.MSTATUS, T0);
        bare.load(T0, (long) mode.encoding() << 11).emit("csrrs", 0, Csr.MSTATUS, T0);
        // auipc; addi; csrrw; mret; target
        bare.emit("auipc", T0, 0).emit("addi", T0, T0, 16).emit("csrrw", 0, Csr.MEPC, T0).emit("mret");
        return bare;
    }

    @Test
    void anIllegalInstructionTrapsWithItsBitsAndDoesNotRetire() throws BusFault {
        handlers();
        long at = bare.here();
        bare.start(Privilege.MACHINE);
        bare.memory.store32(at, 0xffff_ffff);
        while (bare.hart.pc() != MACHINE_HANDLER) {
            bare.run(1);
        }
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
        assertThat(bare.hart.csr(Csr.MEPC)).isEqualTo(at);
        assertThat(bare.hart.csr(Csr.MTVAL)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void aCsrThatDoesNotExistTrapsWithTheInstructionsBits() throws BusFault {
        handlers().emit("csrrw", 0, 0x5ff, T0).start(Privilege.MACHINE).run(20);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
        assertThat(bare.hart.csr(Csr.MTVAL)).isEqualTo(Instructions.assemble("csrrw", 0, 0x5ff, T0) & 0xffff_ffffL);
    }

    @Test
    void environmentCallsTellTheModeTheyCameFrom() throws BusFault {
        handlers().emit("ecall").start(Privilege.MACHINE).run(20);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ECALL_M);
        TrapTest user = new TrapTest();
        user.handlers();
        user.openMemory();
        user.drop(Privilege.USER).emit("ecall").start(Privilege.MACHINE).run(60);
        assertThat(user.bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ECALL_U);
        assertThat(user.bare.hart.mode()).isEqualTo(Privilege.MACHINE);
    }

    @Test
    void delegatedExceptionsGoToTheSupervisorWithItsStateSaved() throws BusFault {
        handlers().load(T0, 1 << Trap.BREAKPOINT).emit("csrrw", 0, Csr.MEDELEG, T0);
        openMemory();
        drop(Privilege.USER);
        long at = bare.here();
        bare.emit("ebreak").start(Privilege.MACHINE).run(60);
        assertThat(bare.hart.mode()).isEqualTo(Privilege.SUPERVISOR);
        assertThat(bare.hart.pc()).isEqualTo(SUPERVISOR_HANDLER);
        assertThat(bare.hart.csr(Csr.SCAUSE)).isEqualTo(Trap.BREAKPOINT);
        assertThat(bare.hart.csr(Csr.SEPC)).isEqualTo(at);
        assertThat(bare.hart.csr(Csr.SSTATUS) & 1 << 8).as("SPP: came from user mode").isZero();
    }

    @Test
    void machineModeTrapsAreNeverDelegated() throws BusFault {
        handlers().load(T0, 0xffff).emit("csrrw", 0, Csr.MEDELEG, T0).emit("ebreak").start(Privilege.MACHINE).run(30);
        assertThat(bare.hart.pc()).isEqualTo(MACHINE_HANDLER);
    }

    @Test
    void aTimerInterruptIsTakenAtTheExactInstruction() throws BusFault {
        handlers().load(T0, 1 << 7).emit("csrrw", 0, Csr.MIE, T0).emit("csrrsi", 0, Csr.MSTATUS, (int) MIE);
        long loop = bare.here();
        bare.emit("addi", T1, T1, 1).emit("jal", 0, (int) (loop - bare.here())).start(Privilege.MACHINE);
        bare.hart.machineTimer(1000);
        bare.run(1500);
        assertThat(bare.hart.pc()).isEqualTo(MACHINE_HANDLER);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(1L << 63 | 7);
        long counted = bare.hart.x(T1);
        assertThat(counted).as("instructions before the interrupt").isEqualTo(loopsWithin(1000, loop));
    }

    private static long loopsWithin(long instructions, long loop) {
        long setup = (loop - Bare.BASE) / 4;
        return (instructions - setup + 1) / 2;
    }

    @Test
    void theSupervisorTimerInterruptsThroughStimecmp() throws BusFault {
        bare.memory.store32(SUPERVISOR_HANDLER, Instructions.assemble("jal", 0, 0));
        bare.load(T0, SUPERVISOR_HANDLER).emit("csrrw", 0, Csr.STVEC, T0).load(T0, 500).emit("csrrw", 0, Csr.STIMECMP, T0);
        bare.load(T0, 1 << 5).emit("csrrw", 0, Csr.SIE, T0).emit("csrrsi", 0, Csr.SSTATUS, (int) SIE).emit("jal", 0, 0);
        bare.start(Privilege.SUPERVISOR).run(499);
        assertThat(bare.hart.pc()).isNotEqualTo(SUPERVISOR_HANDLER);
        bare.run(1);
        assertThat(bare.hart.pc()).isEqualTo(SUPERVISOR_HANDLER);
        assertThat(bare.hart.csr(Csr.SCAUSE)).isEqualTo(1L << 63 | 5);
        assertThat(bare.hart.csr(Csr.SIP) & 1 << 5).as("STIP stays while the time is past").isNotZero();
    }

    @Test
    void interruptsOfHigherPriorityAreTakenFirstAndEachOnce() throws BusFault {
        handlers().load(T0, 0x888).emit("csrrw", 0, Csr.MIE, T0).emit("csrrsi", 0, Csr.MSTATUS, (int) MIE);
        bare.emit("addi", 0, 0, 0).start(Privilege.MACHINE);
        bare.hart.interrupt(3, true);
        bare.hart.interrupt(11, true);
        bare.run(40);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(1L << 63 | 11);
        assertThat(bare.hart.csr(Csr.MSTATUS) & MIE).as("interrupts are off in the handler").isZero();
        assertThat(bare.hart.pc()).isEqualTo(MACHINE_HANDLER);
    }

    @Test
    void anInterruptRaisedByAStoreToADeviceIsTakenBeforeTheNextInstruction() throws BusFault {
        handlers().load(T0, 1 << 11).emit("csrrw", 0, Csr.MIE, T0).emit("csrrsi", 0, Csr.MSTATUS, (int) MIE);
        bare.load(T0, 0x1000_0000L).emit("sw", 0, 0, T0);
        long next = bare.here();
        bare.emit("addi", 10, 0, 1).emit("addi", 11, 0, 1).start(Privilege.MACHINE);
        bare.bus.registers.put(0x1000_0000L, 0L);
        bare.bus.onAccess = () -> bare.hart.interrupt(11, true);
        bare.run(50);
        assertThat(bare.hart.csr(Csr.MEPC)).isEqualTo(next);
        assertThat(bare.hart.x(10)).isZero();
    }

    @Test
    void vectoredHandlersAreEnteredAtFourTimesTheCause() throws BusFault {
        handlers().load(T0, MACHINE_HANDLER + 1).emit("csrrw", 0, Csr.MTVEC, T0);
        bare.load(T0, 1 << 3).emit("csrrw", 0, Csr.MIE, T0).emit("csrrsi", 0, Csr.MSTATUS, (int) MIE).emit("jal", 0, 0);
        bare.start(Privilege.MACHINE);
        bare.memory.store32(MACHINE_HANDLER + 12, Instructions.assemble("jal", 0, 0));
        bare.hart.interrupt(3, true);
        bare.run(50);
        assertThat(bare.hart.pc()).isEqualTo(MACHINE_HANDLER + 12);
    }

    @Test
    void wfiStopsTheHartUntilAnEnabledInterruptIsPendingEvenIfItIsMaskedGlobally() {
        bare.load(T0, 1 << 3).emit("csrrw", 0, Csr.MIE, T0).emit("wfi").emit("addi", 10, 0, 7).emit("jal", 0, 0);
        bare.start(Privilege.MACHINE);
        assertThat(bare.hart.run(50)).isEqualTo(Exit.WFI);
        assertThat(bare.hart.run(50)).isEqualTo(Exit.WFI);
        assertThat(bare.hart.x(10)).isZero();
        bare.hart.interrupt(3, true);
        assertThat(bare.hart.run(50)).isEqualTo(Exit.LIMIT);
        assertThat(bare.hart.x(10)).isEqualTo(7);
    }

    @Test
    void pauseEndsTheRunRightAfterItWhenAskedTo() {
        bare.emit("fence", 0x010, 0).emit("addi", 10, 0, 1).emit("jal", 0, 0).start(Privilege.MACHINE);
        bare.hart.pauseEndsRun(true);
        assertThat(bare.hart.run(50)).isEqualTo(Exit.PAUSE);
        assertThat(bare.hart.retired()).isEqualTo(1);
        assertThat(bare.hart.run(50)).isEqualTo(Exit.LIMIT);
        assertThat(bare.hart.x(10)).isEqualTo(1);
    }

    @Test
    void wfiIsIllegalInUserModeAndUnderTimeoutWait() throws BusFault {
        handlers();
        openMemory();
        drop(Privilege.USER).emit("wfi").start(Privilege.MACHINE).run(60);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
        TrapTest supervisor = new TrapTest();
        supervisor.handlers().load(T0, 1 << 21).emit("csrrs", 0, Csr.MSTATUS, T0);
        supervisor.openMemory();
        supervisor.drop(Privilege.SUPERVISOR).emit("wfi").start(Privilege.MACHINE).run(60);
        assertThat(supervisor.bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
    }

    @Test
    void lowerModesCannotReachHigherCsrs() throws BusFault {
        handlers();
        openMemory();
        drop(Privilege.SUPERVISOR).emit("csrrs", T1, Csr.MSTATUS, 0).start(Privilege.MACHINE).run(60);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
    }

    @Test
    void countersAreReadableBelowMachineModeOnlyWhenEnabled() throws BusFault {
        handlers();
        openMemory();
        drop(Privilege.SUPERVISOR).emit("csrrs", T1, Csr.TIME, 0).start(Privilege.MACHINE).run(60);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
        TrapTest enabled = new TrapTest();
        enabled.handlers().emit("csrrwi", 0, Csr.MCOUNTEREN, 7);
        enabled.openMemory();
        enabled.drop(Privilege.SUPERVISOR).emit("csrrs", T1, Csr.INSTRET, 0).emit("jal", 0, 0);
        long before = (enabled.bare.here() - Bare.BASE) / 4 - 2;
        enabled.bare.start(Privilege.MACHINE).run(60);
        assertThat(enabled.bare.hart.x(T1)).as("instructions before the one that reads").isEqualTo(before);
    }

    @Test
    void machineModeUsesAnotherModesRightsUnderMprv() throws BusFault {
        long data = Bare.BASE + 0x10000;
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        table.map(0x4000_0000L, data, PageTable.R | PageTable.U);
        bare.memory.store64(data, 99);
        handlers();
        openMemory();
        bare.load(T0, table.satp(3)).emit("csrrw", 0, Csr.SATP, T0).load(T1, 0x4000_0000L).load(T0, 1 << 17 | 3 << 11);
        bare.emit("csrrc", 0, Csr.MSTATUS, T0).load(T0, 1 << 17).emit("csrrs", 0, Csr.MSTATUS, T0);
        bare.emit("ld", 10, 0, T1).emit("csrrc", 0, Csr.MSTATUS, T0).emit("ld", 11, 0, T1).start(Privilege.MACHINE).run(80);
        assertThat(bare.hart.x(10)).isEqualTo(99);
        assertThat(bare.hart.csr(Csr.MCAUSE)).as("without MPRV the address is physical").isEqualTo(Trap.LOAD_ACCESS);
    }

    @Test
    void aHandlerThatTrapsIntoItselfPassesTimeUntilAnInterruptComes() {
        bare.load(T0, 0x1000).emit("csrrw", 0, Csr.MTVEC, T0).emit("ebreak").start(Privilege.MACHINE);
        assertThat(bare.hart.run(1000)).isEqualTo(Exit.LIMIT);
        assertThat(bare.hart.retired()).isEqualTo(1000);
        assertThat(bare.hart.pc()).isEqualTo(0x1000);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.FETCH_ACCESS);
    }

    @Test
    void accessesThatNothingAnswersGiveAccessFaults() throws BusFault {
        handlers().load(T1, 0x2000_0000L).emit("sw", 0, 0, T1).start(Privilege.MACHINE).run(40);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.STORE_ACCESS);
        assertThat(bare.hart.csr(Csr.MTVAL)).isEqualTo(0x2000_0000L);
    }
}
