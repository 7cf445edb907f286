package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.EngineTestKit;

/// What can go wrong only where translated code runs: finding it, leaving it in time, and forgetting it.
class TranslatedCodeTest {
    private static final int ROUNDS = 20;
    private static final int RETURN_ADDRESS = 1;
    private static final int SUM = 10;

    /// A function, at a virtual address that programs give other physical pages.
    private static final long FUNCTION = 0x4000_0000L;

    private static final long ADDS_ONE = Bare.BASE + 0x10000;
    private static final long ADDS_HUNDRED = Bare.BASE + 0x11000;
    private static final long USER_CODE = Bare.BASE + 0x12000;
    private static final long HANDLER = Bare.BASE + 0x13000;

    private static final int FENCE_ADDRESS = Instructions.assemble("sfence.vma", 5, 0);
    private static final int FENCE_ADDRESS_AND_SPACE = Instructions.assemble("sfence.vma", 5, 12);
    private static final int FENCE_SPACE = Instructions.assemble("sfence.vma", 0, 12);
    private static final int FENCE_ALL = Instructions.assemble("sfence.vma", 0, 0);

    private final Bare bare = new Bare();

    @BeforeEach
    void functions() throws BusFault {
        bare.hart.translator(Translator.eager(() -> true));
        function(ADDS_ONE, 1);
        function(ADDS_HUNDRED, 100);
    }

    private void function(long address, int adds) throws BusFault {
        bare.memory.store32(address, Instructions.assemble("addi", SUM, SUM, adds));
        bare.memory.store32(address + 4, Instructions.assemble("jalr", 0, 0, RETURN_ADDRESS));
    }

    /// A table that maps the function, and all the rest of RAM at its own address.
    private PageTable table(long at, long function) throws BusFault {
        PageTable table = new PageTable(bare.memory, at);
        for (long page = Bare.BASE; page < Bare.BASE + Bare.RAM_BYTES; page += PhysicalMemory.PAGE_BYTES) {
            int user = page == USER_CODE ? PageTable.U : 0;
            table.map(page, page, PageTable.R | PageTable.W | PageTable.X | user);
        }
        return table.map(FUNCTION, function, PageTable.R | PageTable.X);
    }

    /// Calls the function in a loop, from its own page, so that control goes from region to region.
    private void emitCalls() {
        bare.load(5, FUNCTION).load(6, ROUNDS);
        long loop = bare.here();
        bare.emit("jalr", RETURN_ADDRESS, 0, 5).emit("addi", 6, 6, -1).emit("bne", 6, 0, (int) (loop - bare.here()));
    }

    private void emitSatp(long value) {
        bare.load(7, value).emit("csrrw", 0, Csr.SATP, 7);
    }

    @Test
    void codeIsLookedUpAnewAfterAFence() throws BusFault {
        PageTable table = table(Bare.BASE + 0x40000, ADDS_ONE);
        long entry = table.entry(FUNCTION, 0);
        long other = ADDS_HUNDRED >>> 12 << 10 | PageTable.R | PageTable.X | PageTable.A | PageTable.D | PageTable.V;
        emitSatp(table.satp(1));
        emitCalls();
        bare.load(8, entry).load(9, other).emit("sd", 9, 0, 8).emit("sfence.vma", 5, 0);
        emitCalls();
        bare.emit("jal", 0, 0).start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.x(SUM)).isEqualTo(ROUNDS + 100 * ROUNDS);
    }

    @Test
    void aFenceOfAnotherAddressDoesNotEndTheRegion() throws BusFault {
        emitSatp(table(Bare.BASE + 0x40000, ADDS_ONE).satp(1));
        bare.load(5, 0x5000_0000L).load(6, ROUNDS).load(8, 2).emit("jal", 0, 4);
        long loop = bare.here();
        bare.emit("sfence.vma", 5, 0).emit("sfence.vma", 5, 8).emit("sfence.vma", 0, 8).emit("addi", SUM, SUM, 1);
        bare.emit("addi", 6, 6, -1).emit("bne", 6, 0, (int) (loop - bare.here())).emit("jal", 0, 0);
        bare.hart.counters.exitsCounted = true;
        bare.start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.x(SUM)).isEqualTo(ROUNDS);
        assertThat(bare.hart.counters.exits[ExitCause.SYSTEM.ordinal()]).isZero();
        assertThat(bare.hart.counters.exits[ExitCause.PAGE.ordinal()]).isZero();
        assertThat(bare.hart.mmu.tlb.flushes()).isGreaterThanOrEqualTo(3 * ROUNDS);
    }

    @Test
    void aRegionThatFencesItsOwnAddressGoesOnWhereThatLeadsNow() throws BusFault {
        PageTable table = table(Bare.BASE + 0x40000, ADDS_ONE);
        long other = ADDS_HUNDRED >>> 12 << 10 | PageTable.R | PageTable.X | PageTable.A | PageTable.D | PageTable.V;
        int[] names = {FENCE_ADDRESS, FENCE_ADDRESS_AND_SPACE, FENCE_SPACE, FENCE_ALL};
        for (int i = 0; i < names.length; i++) {
            long at = 0x100 + 0x20L * i;
            bare.memory.store32(ADDS_ONE + at, Instructions.assemble("sd", 9, 0, 8));
            bare.memory.store32(ADDS_ONE + at + 4, names[i]);
            function(ADDS_ONE + at + 8, 1);
            function(ADDS_HUNDRED + at + 8, 100);
        }
        emitSatp(table.satp(1));
        bare.load(8, table.entry(FUNCTION, 0)).load(9, other).load(11, bare.memory.load64(table.entry(FUNCTION, 0))).load(12, 1);
        for (int i = 0; i < names.length; i++) {
            bare.load(5, FUNCTION + 0x100 + 0x20L * i).emit("jalr", RETURN_ADDRESS, 0, 5);
            bare.emit("sd", 11, 0, 8).emit("sfence.vma", 0, 0);
        }
        bare.emit("jal", 0, 0).start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.x(SUM)).isEqualTo(100 * names.length);
    }

    @Test
    void aFenceThatTrapsInsideARegionHasNotHappened() throws BusFault {
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        bare.load(7, -1).emit("csrrw", 0, Csr.PMPADDR0, 7).load(7, 0x1f).emit("csrrw", 0, Csr.PMPCFG0, 7);
        bare.load(7, HANDLER).emit("csrrw", 0, Csr.MTVEC, 7).load(7, 1 << 20).emit("csrrw", 0, Csr.MSTATUS, 7); // TVM
        bare.load(7, Bare.BASE + 0x100).emit("csrrw", 0, Csr.MEPC, 7).load(7, 1 << 11).emit("csrrs", 0, Csr.MSTATUS, 7).emit("mret");
        while (bare.here() < Bare.BASE + 0x100) {
            bare.emit("addi", 0, 0, 0);
        }
        bare.load(6, 3).emit("addi", SUM, SUM, 1).emit("sfence.vma", 6, 0).emit("addi", SUM, SUM, 1).emit("jal", 0, 0);
        long fence = bare.here() - 12;
        bare.start(Privilege.MACHINE).run(200);

        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
        assertThat(bare.hart.csr(Csr.MEPC)).isEqualTo(fence);
        assertThat(bare.hart.x(SUM)).isEqualTo(1);
    }

    @Test
    void codeOfAnotherAddressSpaceIsNotTakenForThisOnes() throws BusFault {
        PageTable one = table(Bare.BASE + 0x40000, ADDS_ONE);
        PageTable hundred = table(Bare.BASE + 0x80000, ADDS_HUNDRED);
        emitSatp(one.satp(1));
        emitCalls();
        emitSatp(hundred.satp(2));
        emitCalls();
        emitSatp(one.satp(1));
        emitCalls();
        bare.emit("jal", 0, 0).start(Privilege.SUPERVISOR).run(2000);

        assertThat(bare.hart.x(SUM)).isEqualTo(2 * ROUNDS + 100 * ROUNDS);
    }

    @Test
    void userModeDoesNotEnterWhatTheSupervisorHasTranslated() throws BusFault {
        bare.memory.store32(USER_CODE, Instructions.assemble("jalr", RETURN_ADDRESS, 0, 5));
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        emitSatp(table(Bare.BASE + 0x40000, ADDS_ONE).satp(1));
        emitCalls();
        bare.load(7, HANDLER).emit("csrrw", 0, Csr.STVEC, 7).load(7, USER_CODE).emit("csrrw", 0, Csr.SEPC, 7);
        bare.load(7, 1 << 8).emit("csrrc", 0, Csr.SSTATUS, 7).emit("sret").start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.x(SUM)).isEqualTo(ROUNDS);
        assertThat(bare.hart.csr(Csr.SCAUSE)).isEqualTo(Trap.FETCH_PAGE);
        assertThat(bare.hart.csr(Csr.STVAL)).isEqualTo(FUNCTION);
    }

    @Test
    void aLoopIsLeftForATimerAtTheExactInstruction() throws BusFault {
        long counted = countedUntilTimer(bare);
        Bare interpreted = new Bare();
        interpreted.hart.translator(null);

        assertThat(counted).isEqualTo(countedUntilTimer(interpreted));
    }

    private static long countedUntilTimer(Bare bare) throws BusFault {
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        bare.load(7, HANDLER).emit("csrrw", 0, Csr.MTVEC, 7).load(7, 1 << 7).emit("csrrw", 0, Csr.MIE, 7);
        bare.emit("csrrsi", 0, Csr.MSTATUS, 1 << 3);
        bare.emit("addi", SUM, SUM, 1).emit("addi", 11, 11, 1).emit("jal", 0, -8).start(Privilege.MACHINE);
        bare.hart.machineTimer(10_000);
        bare.run(30_000);
        assertThat(bare.hart.pc()).isEqualTo(HANDLER);
        return bare.hart.x(SUM);
    }

    @Test
    void interruptsEnabledInsideARegionAreTakenThere() throws BusFault {
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        bare.load(7, HANDLER).emit("csrrw", 0, Csr.STVEC, 7).load(7, 1 << 1).emit("csrrw", 0, Csr.SIE, 7);
        bare.emit("csrrsi", 0, Csr.SIP, 1 << 1).load(6, ROUNDS).emit("jal", 0, 4);
        bare.emit("addi", 6, 6, -1).emit("bne", 6, 0, -4).emit("csrrsi", 0, Csr.SSTATUS, 1 << 1);
        bare.emit("addi", SUM, SUM, 1).emit("jal", 0, -4).start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.pc()).isEqualTo(HANDLER);
        assertThat(bare.hart.x(SUM)).as("instructions executed after interrupts were enabled").isZero();
    }

    @Test
    void anInterruptThatWaitsIsTakenRightAfterAReturnThatEnablesIt() throws BusFault {
        int pending = 1 << 1;
        int enabledAfterwards = 1 << 5;
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        bare.load(7, HANDLER).emit("csrrw", 0, Csr.STVEC, 7).load(7, pending).emit("csrrw", 0, Csr.SIE, 7);
        bare.emit("csrrsi", 0, Csr.SIP, pending).load(6, ROUNDS).load(8, 1 << 8).load(9, 0).load(14, enabledAfterwards);
        long loop = bare.here();
        bare.emit("auipc", 12, 0).emit("addi", 12, 12, 28).emit("csrrw", 0, Csr.SEPC, 12);
        bare.emit("csrrs", 0, Csr.SSTATUS, 8).emit("csrrc", 0, Csr.SSTATUS, 14).emit("csrrs", 0, Csr.SSTATUS, 9).emit("sret");
        bare.emit("addi", 6, 6, -1).emit("bne", 6, 0, (int) (loop - bare.here())); // the return leads here
        bare.load(9, enabledAfterwards).emit("jal", 0, (int) (loop - bare.here())).start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.pc()).isEqualTo(HANDLER);
        assertThat(bare.hart.x(6)).as("nothing was executed behind the last return").isZero();
    }

    @Test
    void systemCallsAndReturnsFromThemStayInTranslatedCodeAndCountTheSame() throws BusFault {
        Bare interpreted = new Bare();
        interpreted.hart.translator(null);
        systemCalls(interpreted);
        systemCalls(bare);
        bare.hart.counters.exitsCounted = true;
        for (int run = 0; run < 200; run++) {
            interpreted.run(97);
            bare.run(97);
            assertThat(bare.hart.pc()).isEqualTo(interpreted.hart.pc());
            assertThat(bare.hart.x(SUM)).isEqualTo(interpreted.hart.x(SUM));
            assertThat(bare.hart.csr(Csr.SEPC)).isEqualTo(interpreted.hart.csr(Csr.SEPC));
        }

        assertThat(bare.hart.x(SUM)).isGreaterThan(1000);
        assertThat(bare.hart.counters.exits[ExitCause.SYSTEM.ordinal()]).isLessThan(100);
    }

    /// User mode calls the supervisor for ever.
    private static void systemCalls(Bare bare) throws BusFault {
        bare.memory.store32(USER_CODE, Instructions.assemble("addi", SUM, SUM, 1));
        bare.memory.store32(USER_CODE + 4, Instructions.assemble("ecall"));
        bare.memory.store32(USER_CODE + 8, Instructions.assemble("jal", 0, -8));
        bare.memory.store32(HANDLER, Instructions.assemble("csrrs", 9, Csr.SEPC, 0));
        bare.memory.store32(HANDLER + 4, Instructions.assemble("addi", 9, 9, 4));
        bare.memory.store32(HANDLER + 8, Instructions.assemble("csrrw", 0, Csr.SEPC, 9));
        bare.memory.store32(HANDLER + 12, Instructions.assemble("sret"));
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        for (long page : new long[] {Bare.BASE, HANDLER, USER_CODE}) {
            table.map(page, page, PageTable.R | PageTable.X | (page == USER_CODE ? PageTable.U : 0));
        }
        bare.load(7, table.satp(1)).emit("csrrw", 0, Csr.SATP, 7);
        bare.load(7, HANDLER).emit("csrrw", 0, Csr.STVEC, 7).load(7, USER_CODE).emit("csrrw", 0, Csr.SEPC, 7);
        bare.load(7, 1 << 8).emit("csrrc", 0, Csr.SSTATUS, 7).emit("sret").start(Privilege.SUPERVISOR);
    }

    @Test
    void storesAtOneRegisterThatLieInTwoPagesGoToBoth() throws BusFault {
        long first = 0x5000_0000L;
        long lower = Bare.BASE + 0x20000;
        long upper = Bare.BASE + 0x22000;
        PageTable table = table(Bare.BASE + 0x40000, ADDS_ONE);
        table.map(first, lower, PageTable.R | PageTable.W).map(first + 4096, upper, PageTable.R | PageTable.W);
        emitSatp(table.satp(1));
        bare.load(5, first + 4096).load(6, ROUNDS).load(7, 0).emit("jal", 0, 4);
        bare.emit("addi", 7, 7, 1).emit("sd", 7, -8, 5).emit("sd", 7, 0, 5).emit("ld", 8, -8, 5).emit("ld", 9, 0, 5);
        bare.emit("addi", 6, 6, -1).emit("bne", 6, 0, -24).emit("jal", 0, 0).start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.memory.load64(lower + 4088)).isEqualTo(ROUNDS);
        assertThat(bare.memory.load64(upper)).isEqualTo(ROUNDS);
        assertThat(bare.memory.load64(lower + 4096)).as("the page behind the first in RAM").isZero();
        assertThat(bare.hart.x(8)).isEqualTo(ROUNDS);
        assertThat(bare.hart.x(9)).isEqualTo(ROUNDS);
    }

    @Test
    void aStoreThroughAnAliasThatCollidedInTheTlbIsSeenToo() throws BusFault {
        long alias = 0x5000_0000L;
        long collides = alias + (long) Tlb.ENTRIES * PhysicalMemory.PAGE_BYTES;
        PageTable table = table(Bare.BASE + 0x40000, ADDS_ONE);
        table.map(alias, ADDS_ONE, PageTable.R | PageTable.W);
        table.map(collides, Bare.BASE + 0x20000, PageTable.R | PageTable.W);
        emitSatp(table.satp(1));
        bare.load(8, alias).load(9, collides).emit("sd", 0, 64, 8).emit("sd", 0, 0, 9);
        emitCalls();
        bare.load(7, Instructions.assemble("addi", SUM, SUM, 100)).emit("sw", 7, 0, 8).emit("fence.i");
        emitCalls();
        bare.emit("jal", 0, 0).start(Privilege.SUPERVISOR).run(1000);

        assertThat(bare.hart.x(SUM)).isEqualTo(ROUNDS + 100 * ROUNDS);
    }

    @Test
    void aRegionThatMissesAgainAndAgainIsMadeAnewWithCalls() throws BusFault {
        long one = 0x5000_0000L;
        long other = one + (long) Tlb.ENTRIES * PhysicalMemory.PAGE_BYTES;
        PageTable table = table(Bare.BASE + 0x40000, ADDS_ONE);
        table.map(one, Bare.BASE + 0x20000, PageTable.R).map(other, Bare.BASE + 0x21000, PageTable.R);
        emitSatp(table.satp(1));
        bare.load(8, one).load(9, other);
        long loop = bare.here();
        bare.emit("ld", 11, 0, 8).emit("ld", 12, 0, 9).emit("addi", SUM, SUM, 1).emit("jal", 0, (int) (loop - bare.here()));
        bare.start(Privilege.SUPERVISOR);
        bare.run(1000);
        assertThat(forms(loop)).contains(RegionForm.HOT);
        for (int i = 0; i < 100; i++) {
            bare.run(1000);
        }

        assertThat(forms(loop)).contains(RegionForm.MISSING);
        assertThat(bare.hart.x(SUM)).isEqualTo((bare.hart.retired() - (loop - Bare.BASE) / 4 + 1) / 4);
    }

    /// Of the regions in a page, which may be entered anywhere.
    private List<RegionForm> forms(long address) {
        return bare.hart.mmu.codePage(address).regions().stream().map(region -> region.form).toList();
    }

    @Test
    void translatedFencesOrderStoresBeforeLoads() {
        System.setProperty(Bare.TRANSLATE, "true");
        try {
            String test = "storeBufferingIsForbiddenByAFenceBetweenStoreAndLoad";
            assertThat(EngineTestKit.engine("junit-jupiter")
                            .selectors(selectMethod(ParallelHartsTest.class, test))
                            .execute()
                            .testEvents()
                            .succeeded()
                            .count())
                    .isEqualTo(1);
        } finally {
            System.clearProperty(Bare.TRANSLATE);
        }
    }
}
