package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PmpTest {
    private static final int NAPOT = 3 << 3;
    private static final int TOR = 1 << 3;
    private static final int LOCKED = 0x80;

    private final Pmp pmp = new Pmp();

    private static long napot(long start, long bytes) {
        return start >>> 2 | bytes / 8 - 1;
    }

    @Test
    void lowerModesReachNothingThatNoEntryMatches() {
        assertThat(pmp.allows(0x8000_0000L, 8, Pmp.READ, false)).isFalse();
        assertThat(pmp.allows(0x8000_0000L, 8, Pmp.READ, true)).isTrue();
    }

    @Test
    void theFirstMatchingEntryDecides() {
        pmp.writeAddress(0, napot(0x8000_0000L, 4096));
        pmp.writeAddress(1, napot(0x8000_0000L, 1 << 20));
        pmp.writeConfig(0, NAPOT | Pmp.READ | (NAPOT | Pmp.READ | Pmp.WRITE) << 8);
        assertThat(pmp.allows(0x8000_0000L, 8, Pmp.WRITE, false)).isFalse();
        assertThat(pmp.allows(0x8000_1000L, 8, Pmp.WRITE, false)).isTrue();
        assertThat(pmp.allows(0x8010_0000L, 8, Pmp.READ, false)).isFalse();
    }

    @Test
    void anAccessThatOnlyPartlyMatchesFailsInEveryMode() {
        pmp.writeAddress(0, napot(0x8000_0000L, 8));
        pmp.writeConfig(0, NAPOT | Pmp.READ | LOCKED);
        assertThat(pmp.allows(0x8000_0004L, 8, Pmp.READ, true)).isFalse();
        assertThat(pmp.uniform(0x8000_0000L)).isFalse();
        assertThat(pmp.uniform(0x8000_1000L)).isTrue();
    }

    @Test
    void topOfRangeUsesTheEntryBefore() {
        pmp.writeAddress(0, 0x8000_1000L >>> 2);
        pmp.writeAddress(1, 0x8000_3000L >>> 2);
        pmp.writeConfig(0, (long) (TOR | Pmp.EXECUTE) << 8);
        assertThat(pmp.allows(0x8000_1000L, 4, Pmp.EXECUTE, false)).isTrue();
        assertThat(pmp.allows(0x8000_0ffcL, 4, Pmp.EXECUTE, false)).isFalse();
        assertThat(pmp.allows(0x8000_3000L, 4, Pmp.EXECUTE, false)).isFalse();
    }

    @Test
    void lockedEntriesBindMachineModeAndCannotBeChanged() {
        pmp.writeAddress(0, napot(0x8000_0000L, 4096));
        pmp.writeConfig(0, NAPOT | LOCKED);
        pmp.writeConfig(0, NAPOT | 7);
        pmp.writeAddress(0, 0);
        assertThat(pmp.allows(0x8000_0000L, 8, Pmp.READ, true)).isFalse();
        assertThat(pmp.readAddress(0)).isEqualTo(napot(0x8000_0000L, 4096));
    }

    @Test
    void aProgramBelowMachineModeIsStopped() throws BusFault {
        Bare bare = new Bare();
        long secret = Bare.BASE + 0x10000;
        bare.load(5, napot(secret, 4096)).emit("csrrw", 0, Csr.PMPADDR0, 5).load(5, -1).emit("csrrw", 0, Csr.PMPADDR0 + 1, 5);
        bare.load(5, NAPOT | (NAPOT | 7) << 8).emit("csrrw", 0, Csr.PMPCFG0, 5).load(6, secret).emit("ld", 7, 0, 6);
        bare.emit("auipc", 5, 0).emit("addi", 5, 5, 16).emit("csrrw", 0, Csr.MEPC, 5).emit("mret").emit("ld", 8, 0, 6);
        bare.start(Privilege.MACHINE);
        bare.memory.store64(secret, 42);
        bare.run(100);
        assertThat(bare.hart.x(7)).as("machine mode may").isEqualTo(42);
        assertThat(bare.hart.x(8)).as("user mode may not").isZero();
    }
}
