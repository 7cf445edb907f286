package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Floating-point instructions as programs see them: rounding modes, boxing, flags, the FS field.
class FloatUnitTest {
    private static final long FS_DIRTY = 3 << 13;
    private final Bare bare = new Bare();

    /// Traps end in a loop at the handler, where they can be looked at.
    private Bare parkTraps() throws BusFault {
        long handler = Bare.BASE + 0x8000;
        bare.memory.store32(handler, Instructions.assemble("jal", 0, 0));
        return bare.load(5, handler).emit("csrrw", 0, Csr.MTVEC, 5);
    }

    private Bare floats() {
        return bare.load(5, FS_DIRTY).emit("csrrs", 0, Csr.MSTATUS, 5);
    }

    @Test
    void theRoundingModeOfTheInstructionAndTheDynamicOneAreUsed() {
        bare.load(6, Double.doubleToRawLongBits(1.5));
        floats().emit("fmv.d.x", 1, 6).emit("fcvt.l.d", 10, 1, 1).emit("fcvt.l.d", 11, 1, 3);
        bare.emit("csrrwi", 0, Csr.FRM, 2).emit("fcvt.l.d", 12, 1, 7).emit("csrrwi", 0, Csr.FRM, 0).emit("fcvt.l.d", 13, 1, 7);
        bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(60);
        assertThat(bare.hart.x(10)).as("towards zero").isEqualTo(1);
        assertThat(bare.hart.x(11)).as("up").isEqualTo(2);
        assertThat(bare.hart.x(12)).as("dynamic: down").isEqualTo(1);
        assertThat(bare.hart.x(13)).as("dynamic: nearest, ties to even").isEqualTo(2);
        assertThat(bare.hart.csr(Csr.FFLAGS)).isEqualTo(Fcsr.NX);
    }

    @Test
    void aReservedDynamicRoundingModeIsIllegalWhenItIsUsed() throws BusFault {
        parkTraps();
        floats().emit("csrrwi", 0, Csr.FRM, 5).emit("fadd.d", 1, 1, 1, 7).start(Privilege.MACHINE).run(20);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
    }

    @Test
    void floatingPointIsIllegalWhileItIsOff() throws BusFault {
        parkTraps().emit("fld", 1, 0, 0).start(Privilege.MACHINE).run(20);
        assertThat(bare.hart.csr(Csr.MCAUSE)).isEqualTo(Trap.ILLEGAL_INSTRUCTION);
        assertThat(bare.hart.csr(Csr.MTVAL)).isEqualTo(Instructions.assemble("fld", 1, 0, 0) & 0xffff_ffffL);
    }

    @Test
    void changingFloatingPointStateMakesItDirty() {
        bare.load(5, 1 << 13).emit("csrrs", 0, Csr.MSTATUS, 5).emit("fmv.d.x", 1, 5).emit("jal", 0, 0);
        bare.start(Privilege.MACHINE).run(10);
        assertThat(bare.hart.csr(Csr.MSTATUS) & FS_DIRTY).isEqualTo(FS_DIRTY);
        assertThat(bare.hart.csr(Csr.MSTATUS)).as("SD").isNegative();
    }

    @Test
    void singlePrecisionIsBoxedAndBadlyBoxedOperandsAreNaN() throws BusFault {
        bare.memory.store32(Bare.BASE + 0x10000, Float.floatToRawIntBits(2.5f));
        bare.load(6, Bare.BASE + 0x10000).load(7, Float.floatToRawIntBits(1.0f));
        floats().emit("flw", 1, 0, 6).emit("fmv.d.x", 2, 7).emit("fadd.s", 3, 1, 2, 0).emit("fsw", 1, 8, 6).emit("jal", 0, 0);
        bare.start(Privilege.MACHINE).run(40);
        assertThat(bare.hart.f(1) >>> 32).isEqualTo(0xffff_ffffL);
        assertThat((int) bare.hart.f(3)).as("an operand that is not boxed").isEqualTo(0x7fc0_0000);
        assertThat(bare.memory.load32(Bare.BASE + 0x10008)).isEqualTo(Float.floatToRawIntBits(2.5f));
    }
}
