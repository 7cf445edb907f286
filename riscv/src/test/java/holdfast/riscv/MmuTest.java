package holdfast.riscv;

import static holdfast.riscv.PageTable.A;
import static holdfast.riscv.PageTable.D;
import static holdfast.riscv.PageTable.G;
import static holdfast.riscv.PageTable.R;
import static holdfast.riscv.PageTable.U;
import static holdfast.riscv.PageTable.W;
import static holdfast.riscv.PageTable.X;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Address translation, protection and the TLB, seen from programs in S- and U-mode.
class MmuTest {
    private static final long DATA = Bare.BASE + 0x10000;
    private static final long OTHER = Bare.BASE + 0x12000;
    private static final long HANDLER = Bare.BASE + 0x8000;
    private static final long VA = 0x4000_0000L;
    private static final int T0 = 5;
    private static final int T1 = 6;
    private static final int T2 = 7;

    private final Bare bare = new Bare();
    private final PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);

    /// A supervisor program that runs from an identity-mapped page, with a handler that parks in a loop.
    private Bare supervisor(int asid) throws BusFault {
        for (long page = 0; page < 0x20; page++) {
            long address = Bare.BASE + (page << 12);
            table.map(address, address, R | W | X);
        }
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        return bare.load(T0, HANDLER).emit("csrrw", 0, Csr.STVEC, T0).load(T0, table.satp(asid)).emit("csrrw", 0, Csr.SATP, T0);
    }

    private void expectTrap(int cause, long value) {
        assertThat(bare.hart.csr(Csr.SCAUSE)).isEqualTo(cause);
        assertThat(bare.hart.csr(Csr.STVAL)).isEqualTo(value);
        assertThat(bare.hart.pc()).isEqualTo(HANDLER);
    }

    @Test
    void loadsAndStoresGoWhereThePageTableSays() throws BusFault {
        supervisor(1).load(T1, VA).emit("ld", T2, 8, T1).emit("sd", T2, 16, T1).start(Privilege.SUPERVISOR);
        table.map(VA, DATA, R | W);
        bare.memory.store64(DATA + 8, 0x1234);
        bare.run(30);
        assertThat(bare.memory.load64(DATA + 16)).isEqualTo(0x1234);
    }

    @Test
    void everyKindOfAccessHasItsOwnPageFault() throws BusFault {
        supervisor(1).load(T1, VA).emit("ld", T2, 8, T1).start(Privilege.SUPERVISOR).run(40);
        expectTrap(Trap.LOAD_PAGE, VA + 8);
    }

    @Test
    void storesToAReadOnlyPageFault() throws BusFault {
        table.map(VA, DATA, R);
        supervisor(1).load(T1, VA).emit("ld", T2, 0, T1).emit("sw", T2, 4, T1).start(Privilege.SUPERVISOR).run(40);
        expectTrap(Trap.STORE_PAGE, VA + 4);
    }

    @Test
    void fetchesFromANonExecutablePageFault() throws BusFault {
        table.map(VA, DATA, R | W);
        supervisor(1).load(T1, VA).emit("jalr", 0, 0, T1).start(Privilege.SUPERVISOR).run(40);
        expectTrap(Trap.FETCH_PAGE, VA);
    }

    @Test
    void aSupervisorReachesUserPagesOnlyWithSumAndNeverExecutesThem() throws BusFault {
        table.map(VA, DATA, R | W | X | U);
        supervisor(1).load(T1, VA).load(T0, 1 << 18);
        bare.emit("csrrs", 0, Csr.SSTATUS, T0).emit("ld", T2, 0, T1).emit("csrrc", 0, Csr.SSTATUS, T0);
        long faulting = bare.here();
        bare.emit("ld", T2, 0, T1).start(Privilege.SUPERVISOR).run(60);
        expectTrap(Trap.LOAD_PAGE, VA);
        assertThat(bare.hart.csr(Csr.SEPC)).isEqualTo(faulting);
    }

    @Test
    void mxrMakesExecutablePagesReadable() throws BusFault {
        table.map(VA, DATA, X);
        bare.memory.store64(DATA, 77);
        supervisor(1).load(T1, VA).load(T0, 1 << 19);
        bare.emit("csrrs", 0, Csr.SSTATUS, T0).emit("ld", T2, 0, T1).emit("csrrc", 0, Csr.SSTATUS, T0);
        bare.emit("ld", T0, 0, T1).start(Privilege.SUPERVISOR).run(60);
        assertThat(bare.hart.x(T2)).isEqualTo(77);
        expectTrap(Trap.LOAD_PAGE, VA);
    }

    @Test
    void accessedAndDirtyBitsAreSetByTheFirstLoadAndTheFirstStore() throws BusFault {
        table.map(VA, DATA, R | W, 0);
        supervisor(1).load(T1, VA).emit("ld", T2, 0, T1);
        long afterLoad = bare.here();
        bare.emit("sd", T2, 0, T1).start(Privilege.SUPERVISOR);
        while (bare.hart.pc() != afterLoad) {
            bare.run(1);
        }
        assertThat(bare.memory.load64(table.entry(VA, 0)) & (A | D)).isEqualTo(A);
        bare.run(1);
        assertThat(bare.memory.load64(table.entry(VA, 0)) & (A | D)).isEqualTo(A | D);
    }

    @Test
    void aPageWithoutTheWriteTagStillSetsDirtyWhenItWasReadFirst() throws BusFault {
        // The load caches the page; the store must not be satisfied from what the load has cached.
        table.map(VA, DATA, R | W, 0);
        supervisor(1).load(T1, VA).emit("ld", T2, 0, T1).emit("ld", T2, 0, T1).emit("sd", T2, 0, T1);
        bare.start(Privilege.SUPERVISOR).run(60);
        assertThat(bare.memory.load64(table.entry(VA, 0)) & D).isEqualTo(D);
    }

    @Test
    void reservedBitsMisalignedSuperpagesAndWritableWithoutReadableFault() throws BusFault {
        long[] bad = {
            DATA >>> 12 << 10 | 1L << 60 | PageTable.V | R | A | D,
            DATA >>> 12 << 10 | PageTable.V | W | A | D,
            DATA >>> 12 << 10 | R | A | D,
        };
        for (long entry : bad) {
            MmuTest fresh = new MmuTest();
            fresh.bare.memory.store64(fresh.table.entry(VA, 0), entry);
            fresh.supervisor(1).load(T1, VA).emit("ld", T2, 0, T1).start(Privilege.SUPERVISOR).run(40);
            fresh.expectTrap(Trap.LOAD_PAGE, VA);
        }
        table.map(VA, DATA, R | A | D, 1); // DATA is not aligned to 2 MiB
        supervisor(1).load(T1, VA).emit("ld", T2, 0, T1).start(Privilege.SUPERVISOR).run(40);
        expectTrap(Trap.LOAD_PAGE, VA);
    }

    @Test
    void addressesThatAreNotSignExtendedFault() throws BusFault {
        supervisor(1).load(T1, 1L << 39).emit("ld", T2, 0, T1).start(Privilege.SUPERVISOR).run(60);
        expectTrap(Trap.LOAD_PAGE, 1L << 39);
    }

    @Test
    void aPageTableOutsideRamGivesAnAccessFault() throws BusFault {
        bare.memory.store64(table.entry(VA, 2), 0x10_0000_0000L >>> 12 << 10 | PageTable.V);
        supervisor(1).load(T1, VA).emit("ld", T2, 0, T1).start(Privilege.SUPERVISOR).run(40);
        expectTrap(Trap.LOAD_ACCESS, VA);
    }

    @Test
    void translationsStayUntilTheyAreFencedByAddress() throws BusFault {
        table.map(VA, DATA, R);
        bare.memory.store64(DATA, 1);
        bare.memory.store64(OTHER, 2);
        supervisor(1).load(T1, VA).emit("ld", T0, 0, T1);
        long remapHere = bare.here();
        bare.emit("ld", 28, 0, T1).emit("sfence.vma", T1, 0).emit("ld", T2, 0, T1).start(Privilege.SUPERVISOR);
        while (bare.hart.pc() != remapHere) {
            bare.run(1);
        }
        table.map(VA, OTHER, R);
        bare.run(3);
        assertThat(bare.hart.x(28)).as("cached translation").isEqualTo(1);
        assertThat(bare.hart.x(T2)).as("after sfence.vma of the address").isEqualTo(2);
    }

    @Test
    void addressSpacesKeepTheirTranslationsApartAndAlive() throws BusFault {
        PageTable second = new PageTable(bare.memory, Bare.BASE + 0x80000);
        for (long page = 0; page < 0x20; page++) {
            long address = Bare.BASE + (page << 12);
            second.map(address, address, R | W | X);
        }
        table.map(VA, DATA, R);
        second.map(VA, OTHER, R);
        bare.memory.store64(DATA, 1);
        bare.memory.store64(OTHER, 2);
        supervisor(1).load(T1, VA).load(29, second.satp(2)).load(30, table.satp(1));
        bare.emit("ld", 10, 0, T1).emit("csrrw", 0, Csr.SATP, 29).emit("ld", 11, 0, T1).emit("csrrw", 0, Csr.SATP, 30);
        bare.emit("ld", 12, 0, T1).start(Privilege.SUPERVISOR).run(100);
        assertThat(bare.hart.x(10)).isEqualTo(1);
        assertThat(bare.hart.x(11)).as("the other address space's page at the same address").isEqualTo(2);
        assertThat(bare.hart.x(12)).isEqualTo(1);
    }

    @Test
    void aFenceOfOneAddressSpaceLeavesTheOthersCachedAndReachesItsOwn() throws BusFault {
        table.map(VA, DATA, R);
        bare.memory.store64(DATA, 1);
        bare.memory.store64(OTHER, 2);
        supervisor(1).load(T1, VA).load(T2, 1).load(T0, 9).emit("ld", 10, 0, T1);
        long remapHere = bare.here();
        bare.emit("sfence.vma", 0, T0).emit("ld", 11, 0, T1).emit("sfence.vma", 0, T2).emit("ld", 12, 0, T1);
        bare.start(Privilege.SUPERVISOR);
        while (bare.hart.pc() != remapHere) {
            bare.run(1);
        }
        table.map(VA, OTHER, R);
        bare.run(4);
        assertThat(bare.hart.x(11)).as("after a fence of another address space").isEqualTo(1);
        assertThat(bare.hart.x(12)).as("after a fence of this one").isEqualTo(2);
    }

    /// A supervisor program and its data, all of it global, in two address spaces: 29 and 30 have what selects them.
    private void globalInTwoSpaces() throws BusFault {
        PageTable second = new PageTable(bare.memory, Bare.BASE + 0x80000);
        for (long page = 0; page < 0x20; page++) {
            long address = Bare.BASE + (page << 12);
            table.map(address, address, R | W | X | G);
            second.map(address, address, R | W | X | G);
        }
        bare.memory.store32(HANDLER, Instructions.assemble("jal", 0, 0));
        bare.load(T0, HANDLER).emit("csrrw", 0, Csr.STVEC, T0).load(29, table.satp(1)).load(30, second.satp(2));
        bare.load(T0, 1 << 18).load(T1, DATA);
    }

    @Test
    void globalTranslationsAreNotLookedUpAnewInAnotherAddressSpace() throws BusFault {
        globalInTwoSpaces();
        bare.emit("csrrw", 0, Csr.SATP, 29).emit("ld", 10, 0, T1).emit("csrrw", 0, Csr.SATP, 30);
        long inSecond = bare.here();
        bare.emit("ld", 11, 0, T1).emit("csrrs", 0, Csr.SSTATUS, T0).emit("ld", 12, 0, T1).emit("jal", 0, -4);
        bare.start(Privilege.SUPERVISOR);
        while (bare.hart.pc() != inSecond) {
            bare.run(1);
        }
        long walks = bare.hart.counters.walks;
        bare.run(20);
        assertThat(bare.hart.counters.walks).isEqualTo(walks);
    }

    @Test
    void fencesByAddressReachGlobalTranslationsHoweverTheyAreUsed() throws BusFault {
        globalInTwoSpaces();
        bare.memory.store64(DATA, 1);
        bare.memory.store64(OTHER, 2);
        bare.emit("csrrw", 0, Csr.SATP, 29).emit("ld", 10, 0, T1).emit("csrrs", 0, Csr.SSTATUS, T0).emit("ld", 10, 0, T1);
        long remapHere = bare.here();
        bare.emit("sfence.vma", T1, 0).emit("ld", 11, 0, T1).emit("csrrc", 0, Csr.SSTATUS, T0).emit("ld", 12, 0, T1);
        bare.start(Privilege.SUPERVISOR);
        while (bare.hart.pc() != remapHere) {
            bare.run(1);
        }
        table.map(DATA, OTHER, R | W | G);
        bare.run(4);
        assertThat(bare.hart.x(10)).isEqualTo(1);
        assertThat(bare.hart.x(11)).as("with SUM").isEqualTo(2);
        assertThat(bare.hart.x(12)).as("without SUM").isEqualTo(2);
    }

    @Test
    void fencingOneAddressOfASuperpageForgetsAllOfIt() throws BusFault {
        // RAM starts at a multiple of 2 MiB, so one leaf covers all of it.
        table.map(VA, Bare.BASE, R | A | D, 1);
        bare.memory.store64(DATA, 1);
        supervisor(1).load(T1, VA + 0x10000).load(T2, VA).emit("ld", 10, 0, T1);
        long unmapHere = bare.here();
        bare.emit("sfence.vma", T2, 0).emit("ld", 11, 0, T1).start(Privilege.SUPERVISOR);
        while (bare.hart.pc() != unmapHere) {
            bare.run(1);
        }
        bare.memory.store64(table.entry(VA, 1), 0);
        bare.run(2);
        expectTrap(Trap.LOAD_PAGE, VA + 0x10000);
    }

    @Test
    void misalignedAccessesWorkInsideAndAcrossPages() throws BusFault {
        table.map(VA, DATA, R | W).map(VA + 4096, OTHER, R | W);
        supervisor(1).load(T1, VA + 4093).load(T2, 0x1122_3344_5566_7788L).emit("sd", T2, 0, T1).emit("ld", T0, 0, T1);
        bare.emit("sw", T2, -100, T1).emit("lhu", 10, -99, T1).start(Privilege.SUPERVISOR).run(80);
        assertThat(bare.hart.x(T0)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(bare.memory.load32(OTHER)).isEqualTo(0x2233_4455);
        assertThat(bare.hart.x(10)).isEqualTo(0x6677);
    }

    @Test
    void aStoreAcrossPagesThatFaultsOnTheSecondChangesNothing() throws BusFault {
        table.map(VA, DATA, R | W);
        supervisor(1).load(T1, VA + 4094).load(T2, -1).emit("sw", T2, 0, T1).start(Privilege.SUPERVISOR).run(80);
        expectTrap(Trap.STORE_PAGE, VA + 4096);
        assertThat(bare.memory.load16(DATA + 4094)).isZero();
    }

    @Test
    void anInstructionMayCrossIntoAPageThatIsMappedElsewhere() throws BusFault {
        int instruction = Instructions.assemble("addi", 10, 0, 1234);
        table.map(VA, DATA, R | X).map(VA + 4096, OTHER, R | X);
        bare.memory.store16(DATA + 4094, (short) instruction);
        bare.memory.store16(OTHER, (short) (instruction >>> 16));
        bare.memory.store32(OTHER + 2, Instructions.assemble("jal", 0, 0));
        supervisor(1).load(T1, VA + 4094).emit("jalr", 0, 0, T1).start(Privilege.SUPERVISOR).run(40);
        assertThat(bare.hart.x(10)).isEqualTo(1234);
    }

    @Test
    void anInstructionThatCrossesIntoAnUnmappedPageFaultsThere() throws BusFault {
        table.map(VA, DATA, R | X);
        bare.memory.store16(DATA + 4094, (short) Instructions.assemble("addi", 10, 0, 1234));
        supervisor(1).load(T1, VA + 4094).emit("jalr", 0, 0, T1).start(Privilege.SUPERVISOR).run(40);
        expectTrap(Trap.FETCH_PAGE, VA + 4096);
        assertThat(bare.hart.csr(Csr.SEPC)).isEqualTo(VA + 4094);
    }
}
