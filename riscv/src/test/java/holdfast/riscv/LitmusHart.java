package holdfast.riscv;

import java.util.ArrayList;
import java.util.List;

/// What one hart does in a round of a litmus test: a few accesses to the two words X and Y, and which of the values that it
/// has read are its part of the outcome looked for. All writes of a batch of rounds write the batch's number, NEW; what
/// was there before is OLD.
final class LitmusHart {
    enum Word {
        X(0),
        Y(64);

        /// In bytes from the start of the round's cell.
        final int offset;

        Word(int offset) {
            this.offset = offset;
        }
    }

    enum Value {
        OLD,
        NEW
    }

    /// Accesses that a fence puts in order.
    static final int R = 2;

    static final int W = 1;
    static final int RW = R | W;

    /// Bits of atomic instructions.
    static final int RELAXED = 0;

    static final int RL = 1;
    static final int AQ = 2;
    static final int AQRL = AQ | RL;

    // Registers that the ground sets: the round's cell, the batch's number, and the round's vote of this hart.
    static final int CELL = 5;
    static final int BATCH = 7;
    static final int VOTE = 28;

    private static final int ADDRESS = 29;
    private static final int SCRATCH = 30;
    private static final int FIRST_SEEN = 20;
    private static final int PAUSES = 64;

    private final List<Integer> instructions = new ArrayList<>();
    private int reads;
    private boolean votes;

    private LitmusHart emit(String name, int... operands) {
        instructions.add(Instructions.assemble(name, operands));
        return this;
    }

    private LitmusHart address(Word word) {
        return emit("addi", ADDRESS, CELL, word.offset);
    }

    private int nextSeen() {
        return FIRST_SEEN + reads++;
    }

    LitmusHart write(Word word) {
        return emit("sd", BATCH, word.offset, CELL);
    }

    LitmusHart read(Word word) {
        return emit("ld", nextSeen(), word.offset, CELL);
    }

    LitmusHart fence(int before, int after) {
        return emit("fence", before << 4 | after, 0);
    }

    /// `fence.tso`.
    LitmusHart fenceTso() {
        return emit("fence", 0x833, 0);
    }

    /// An AMO that writes.
    LitmusHart swapIn(Word word, int order) {
        return address(word).emit("amoswap.d", SCRATCH, BATCH, ADDRESS, order);
    }

    /// An AMO that writes what it has read.
    LitmusHart readByOr(Word word, int order) {
        return address(word).emit("amoor.d", nextSeen(), 0, ADDRESS, order);
    }

    LitmusHart readReserved(Word word, int order) {
        return address(word).emit("lr.d", nextSeen(), ADDRESS, order);
    }

    /// LR and SC until the SC has written.
    LitmusHart writeConditionally(Word word, int order) {
        address(word).emit("lr.d", SCRATCH, ADDRESS, RELAXED).emit("sc.d", SCRATCH, BATCH, ADDRESS, order);
        return emit("bne", SCRATCH, 0, -8);
    }

    /// A read whose address is computed from the value of the read before.
    LitmusHart readByAddressOfLast(Word word) {
        int last = FIRST_SEEN + reads - 1;
        emit("xor", SCRATCH, last, last).emit("add", SCRATCH, SCRATCH, CELL);
        return emit("ld", nextSeen(), word.offset, SCRATCH);
    }

    /// A write of a value that is computed from the value of the read before.
    LitmusHart writeByValueOfLast(Word word) {
        int last = FIRST_SEEN + reads - 1;
        emit("xor", SCRATCH, last, last).emit("add", SCRATCH, SCRATCH, BATCH);
        return emit("sd", SCRATCH, word.offset, CELL);
    }

    /// Gives the others time, and the core.
    LitmusHart dawdle() {
        emit("addi", SCRATCH, 0, PAUSES).emit("fence", SystemUnit.PAUSE, 0).emit("addi", SCRATCH, SCRATCH, -1);
        return emit("bne", SCRATCH, 0, -8);
    }

    /// The values read, in the order of the reads, that are this hart's part of the outcome.
    LitmusHart sees(Value... values) {
        if (values.length != reads) {
            throw new IllegalArgumentException(values.length + " values for " + reads + " reads");
        }
        votes = true;
        emit("addi", VOTE, 0, 1);
        for (int i = 0; i < values.length; i++) {
            emit("xor", SCRATCH, FIRST_SEEN + i, BATCH).emit("sltiu", SCRATCH, SCRATCH, 1); // 1 if it is NEW
            if (values[i] == Value.OLD) {
                emit("xori", SCRATCH, SCRATCH, 1);
            }
            emit("and", VOTE, VOTE, SCRATCH);
        }
        return this;
    }

    /// The round's instructions; they leave 1 in VOTE when this hart's part of the outcome was seen.
    List<Integer> instructions() {
        if (!votes) {
            sees(new Value[0]);
        }
        return List.copyOf(instructions);
    }
}
