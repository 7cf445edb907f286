package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Integer corners that the specification spells out.
class IntegerTest {
    private final Bare bare = new Bare();

    private long result(String name, long a, long b) {
        Bare fresh = new Bare();
        fresh.load(5, a).load(6, b).emit(name, 10, 5, 6).emit("jal", 0, 0).start(Privilege.MACHINE).run(60);
        return fresh.hart.x(10);
    }

    @Test
    void wordOperationsSignExtendTheirResults() {
        assertThat(result("divuw", 0xffff_fffeL, 1)).isEqualTo(-2);
        assertThat(result("remuw", 0xffff_fffeL, 0xffff_ffffL)).isEqualTo(-2);
        assertThat(result("addw", 0x7fff_ffff, 1)).isEqualTo(Integer.MIN_VALUE);
        assertThat(result("subw", 0, 0x8000_0000L)).isEqualTo(Integer.MIN_VALUE);
        assertThat(result("sllw", 1, 31)).isEqualTo(Integer.MIN_VALUE);
        assertThat(result("srlw", 0x8000_0000L, 32)).isEqualTo(Integer.MIN_VALUE);
        assertThat(result("mulw", 0x10000, 0x8000)).isEqualTo(Integer.MIN_VALUE);
    }

    @Test
    void divisionByZeroAndOverflowGiveTheSpecifiedResults() {
        assertThat(result("div", 7, 0)).isEqualTo(-1);
        assertThat(result("divu", 7, 0)).isEqualTo(-1);
        assertThat(result("rem", 7, 0)).isEqualTo(7);
        assertThat(result("remu", 7, 0)).isEqualTo(7);
        assertThat(result("div", Long.MIN_VALUE, -1)).isEqualTo(Long.MIN_VALUE);
        assertThat(result("rem", Long.MIN_VALUE, -1)).isZero();
        assertThat(result("divw", Integer.MIN_VALUE, -1)).isEqualTo(Integer.MIN_VALUE);
        assertThat(result("divuw", 7, 0)).isEqualTo(-1);
        assertThat(result("remuw", 0x8000_0000L, 0)).isEqualTo(Integer.MIN_VALUE);
    }

    @Test
    void highProductsOfEverySignedness() {
        assertThat(result("mulh", -1, -1)).isZero();
        assertThat(result("mulhu", -1, -1)).isEqualTo(-2);
        assertThat(result("mulhsu", -1, -1)).isEqualTo(-1);
        assertThat(result("mulhsu", 5, -1)).isEqualTo(4);
    }

    @Test
    void registerZeroStaysZero() {
        bare.load(5, 7).emit("add", 0, 5, 5).emit("addi", 10, 0, 0).emit("lui", 0, 4096).emit("add", 11, 0, 0);
        bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(20);
        assertThat(bare.hart.x(10)).isZero();
        assertThat(bare.hart.x(11)).isZero();
    }

    @Test
    void jumpsClearTheLowestBitOfTheirTargetAndLinkBehindThemselves() {
        bare.emit("auipc", 5, 0).emit("addi", 5, 5, 17);
        bare.emit("jalr", 5, 0, 5).emit("addi", 10, 0, 99);
        bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(20);
        assertThat(bare.hart.x(10)).as("jumped over").isZero();
        assertThat(bare.hart.x(5)).isEqualTo(Bare.BASE + 12);
    }
}
