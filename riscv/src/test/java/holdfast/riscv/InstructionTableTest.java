package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class InstructionTableTest {
    private static final Set<Integer> NOT_ENCODED = Set.of(Op.UNDECODED, Op.ILLEGAL, Op.CROSSING, Op.PAGE_END, Op.REGION);

    @Test
    void everyOperationHasExactlyOneRowAndEveryRowAnOperation() throws IllegalAccessException {
        Map<Integer, String> rows = new HashMap<>();
        for (Instruction row : Instructions.rows()) {
            assertThat(rows.put(row.op(), row.name())).as("second row for the operation of " + row.name()).isNull();
        }
        for (Field constant : Op.class.getDeclaredFields()) {
            int op = constant.getInt(null);
            if (!constant.getName().equals("COUNT") && !NOT_ENCODED.contains(op)) {
                String mnemonic = constant.getName().toLowerCase(java.util.Locale.ROOT).replace('_', '.');
                assertThat(rows.get(op)).isEqualTo(mnemonic);
            }
        }
        assertThat(rows).hasSize(Op.COUNT - NOT_ENCODED.size());
    }

    @Test
    void noTwoRowsMatchTheSameBits() {
        for (Instruction one : Instructions.rows()) {
            for (Instruction other : Instructions.rows()) {
                int common = one.mask() & other.mask();
                boolean overlap = (one.match() & common) == (other.match() & common);
                assertThat(overlap).as(one.name() + " and " + other.name()).isEqualTo(one.equals(other));
            }
        }
    }

    @Test
    void everyRowDecodesToItsOwnOperationWhateverItsOperandsAre() {
        SplittableRandom random = new SplittableRandom(1);
        for (Instruction row : Instructions.rows()) {
            for (int i = 0; i < 100; i++) {
                int bits = row.match() | random.nextInt() & ~row.mask();
                int op = Packed.op(Instructions.decode(bits));
                boolean reservedRounding =
                        row.operands().contains(Operand.RM) && Set.of(5, 6).contains(Operand.RM.extract(bits));
                assertThat(op).as(row.name()).isEqualTo(reservedRounding ? Op.ILLEGAL : row.op());
            }
        }
    }

    @Test
    void operandsAreExtractedAsTheyWereInserted() {
        int bits = Instructions.assemble("beq", 5, 6, -4096);
        long packed = Instructions.decode(bits);
        assertThat(Packed.rs1(packed)).isEqualTo(5);
        assertThat(Packed.rs2(packed)).isEqualTo(6);
        assertThat(Packed.immediate(packed)).isEqualTo(-4096);
        assertThat(Packed.immediate(Instructions.decode(Instructions.assemble("jal", 1, 0xffffe)))).isEqualTo(0xffffe);
        assertThat(Packed.immediate(Instructions.decode(Instructions.assemble("sd", 1, -2048, 2)))).isEqualTo(-2048);
        assertThatThrownBy(() -> Instructions.assemble("addi", 1, 2, 2048)).hasMessageContaining("cannot hold 2048");
    }

    @Test
    void writesToRegisterZeroGoToTheDiscardSlot() {
        assertThat(Packed.rd(Instructions.decode(Instructions.assemble("addi", 0, 1, 1)))).isEqualTo(Packed.DISCARD);
        assertThat(Packed.rd(Instructions.decode(Instructions.assemble("fld", 0, 0, 1)))).isZero();
    }

    @Test
    void everyCompressedEncodingStandsForALegalOperationOrIsIllegal() {
        Set<String> seen = new HashSet<>();
        for (int bits = 0; bits < 0x10000; bits++) {
            if (Instructions.isCompressed(bits)) {
                long packed = Instructions.decode(bits);
                assertThat(Packed.lengthHalfwords(packed)).isEqualTo(1);
                seen.add(Instructions.disassemble(bits, 0).split(" ", -1)[0]);
            }
        }
        for (Compressed row : Instructions.compressedRows()) {
            assertThat(seen).contains(row.name());
        }
        assertThat(Packed.op(Instructions.decode(0))).isEqualTo(Op.ILLEGAL);
    }
}
