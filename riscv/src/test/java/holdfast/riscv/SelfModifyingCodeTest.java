package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Decoded code follows the bytes it was decoded from, by way of `fence.i`.
class SelfModifyingCodeTest {
    private static final long FUNCTION = Bare.BASE + 0x4000;
    private static final int RETURN = Instructions.assemble("jalr", 0, 0, 1);

    private final Bare bare = new Bare();

    private static int loadImmediate(int value) {
        return Instructions.assemble("addi", 10, 0, value);
    }

    /// Calls the function, rewrites its first instruction by a store of its own, fences if asked to, calls again.
    private void rewriteAndCall(boolean fence) throws BusFault {
        bare.memory.store32(FUNCTION, loadImmediate(1));
        bare.memory.store32(FUNCTION + 4, RETURN);
        bare.load(5, FUNCTION).load(6, loadImmediate(2)).emit("jalr", 1, 0, 5).emit("addi", 11, 10, 0);
        bare.emit("sw", 6, 0, 5);
        bare.emit(fence ? "fence.i" : "wfi").emit("jalr", 1, 0, 5).emit("jal", 0, 0);
        bare.start(Privilege.MACHINE).run(fence ? 60 : 5);
    }

    @Test
    void aStoreIsExecutedAfterFenceI() throws BusFault {
        rewriteAndCall(true);
        assertThat(bare.hart.x(11)).isEqualTo(1);
        assertThat(bare.hart.x(10)).isEqualTo(2);
    }

    @Test
    void everyFurtherRewriteIsSeenToo() throws BusFault {
        // The page's write mapping must be taken back each time the page is decoded anew.
        bare.memory.store32(FUNCTION, loadImmediate(0));
        bare.memory.store32(FUNCTION + 4, RETURN);
        bare.load(5, FUNCTION).load(6, loadImmediate(1)).load(7, 1 << 20).load(8, 50).load(9, 0);
        long loop = bare.here();
        bare.emit("sw", 6, 0, 5).emit("fence.i").emit("jalr", 1, 0, 5).emit("add", 9, 9, 10).emit("add", 6, 6, 7);
        bare.emit("addi", 8, 8, -1).emit("bne", 8, 0, (int) (loop - bare.here())).emit("jal", 0, 0);
        bare.start(Privilege.MACHINE).run(2000);
        assertThat(bare.hart.x(9)).as("1 + 2 + … + 50").isEqualTo(50 * 51 / 2);
    }

    @Test
    void aStoreThroughAnotherVirtualAddressIsSeen() throws BusFault {
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        for (long page = 0; page < 0x20; page++) {
            long address = Bare.BASE + (page << 12);
            table.map(address, address, PageTable.R | PageTable.X);
        }
        table.map(0x4000_0000L, FUNCTION, PageTable.R | PageTable.W);
        bare.memory.store32(FUNCTION, loadImmediate(1));
        bare.memory.store32(FUNCTION + 4, RETURN);
        bare.load(5, table.satp(1)).emit("csrrw", 0, Csr.SATP, 5).load(5, FUNCTION).load(7, 0x4000_0000L);
        bare.load(6, loadImmediate(2)).emit("sw", 0, 64, 7).emit("jalr", 1, 0, 5).emit("addi", 11, 10, 0);
        bare.emit("sw", 6, 0, 7).emit("fence.i").emit("jalr", 1, 0, 5).emit("jal", 0, 0);
        bare.start(Privilege.SUPERVISOR).run(100);
        assertThat(bare.hart.x(11)).isEqualTo(1);
        assertThat(bare.hart.x(10)).isEqualTo(2);
    }

    @Test
    void codeThatADeviceWroteIsExecutedAfterFenceI() throws BusFault {
        bare.memory.store32(FUNCTION, loadImmediate(1));
        bare.memory.store32(FUNCTION + 4, RETURN);
        bare.load(5, FUNCTION).emit("jalr", 1, 0, 5).emit("addi", 11, 10, 0);
        long here = bare.here();
        bare.emit("fence.i").emit("jalr", 1, 0, 5).emit("jal", 0, 0).start(Privilege.MACHINE);
        while (bare.hart.pc() != here) {
            bare.run(1);
        }
        byte[] code = {(byte) loadImmediate(3), (byte) (loadImmediate(3) >>> 8), (byte) (loadImmediate(3) >>> 16),
            (byte) (loadImmediate(3) >>> 24)};
        bare.memory.write(FUNCTION, code, 0, 4);
        bare.run(10);
        assertThat(bare.hart.x(11)).isEqualTo(1);
        assertThat(bare.hart.x(10)).isEqualTo(3);
    }
}
