package holdfast.riscv;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where litmus tests are run: harts on threads of their own go through the same cells of memory again and again. They meet
/// before each batch of rounds, so that they are about as far as each other, and the first hart counts in how many rounds
/// of it all harts saw their part of the outcome.
///
/// They meet by plain stores and fences alone, and every batch writes a number of its own, so that nothing is ever reset.
final class LitmusGround {
    /// Few: harts go at different speeds, and soon do not race any more.
    private static final int ROUNDS_PER_BATCH = 16;

    private static final int CELL_BYTES = 128;
    private static final long CODE_BYTES = PhysicalMemory.PAGE_BYTES;
    private static final long CELLS = Bare.BASE + 0x10000;
    private static final long VOTES = Bare.BASE + 0x40000;
    private static final long VOTES_BYTES = PhysicalMemory.PAGE_BYTES;
    private static final long MEETING = Bare.BASE + 0x60000;
    private static final int MEETING_BYTES = 128;

    /// From a hart's own place in the meeting.
    private static final int DONE = 8;

    /// How often a hart looks whether the other has come before it lets others have the core: two harts that are to race
    /// have to run at the same time, but nobody knows how many cores are free.
    private static final int LOOKS = 20_000;

    private static final int SLICE_INSTRUCTIONS = 10_000;

    // Registers beside those of LitmusHart.
    private static final int BASE = 3;

    private static final int ROUNDS_LEFT = 6;
    private static final int BATCHES_LEFT = 8;
    private static final int VOTE_AT = 9;
    private static final int SEEN = 12;
    private static final int MEETING_AT = 13;
    private static final int SCRATCH = 14;
    private static final int OTHER = 15;

    private final PhysicalMemory memory =
            new PhysicalMemory(Arena.ofAuto().allocate(Bare.RAM_BYTES, 4096), Bare.BASE);
    private final Bare.TestBus bus = new Bare.TestBus();
    private final Bare.TestTime time = new Bare.TestTime();
    private final LitmusShape shape;
    private final List<Hart> harts = new ArrayList<>();
    private final List<Integer> program = new ArrayList<>();

    /// @param translators for the harts in turn; null for one that is interpreted
    LitmusGround(LitmusShape shape, List<@Nullable Translator> translators) {
        this.shape = shape;
        time.sliceInstructions = SLICE_INSTRUCTIONS;
        for (int id = 0; id < shape.harts().size(); id++) {
            Hart hart = new Hart(id, memory, bus, time);
            hart.translator(translators.get(id % translators.size()));
            harts.add(hart);
        }
    }

    /// Runs at least so many rounds.
    ///
    /// @return rounds in which the outcome was seen
    long run(long rounds) throws InterruptedException, BusFault {
        return run(rounds, false);
    }

    /// Runs until the outcome has been seen, or for so many rounds.
    boolean sees(long roundsMax) throws InterruptedException, BusFault {
        return run(roundsMax, true) > 0;
    }

    private long run(long rounds, boolean once) throws InterruptedException, BusFault {
        int batches = Math.toIntExact((rounds + ROUNDS_PER_BATCH - 1) / ROUNDS_PER_BATCH);
        for (Hart hart : harts) {
            place(hart.id(), batches, once);
            hart.reset(Bare.BASE + hart.id() * CODE_BYTES, Privilege.MACHINE);
        }
        List<Thread> threads = new ArrayList<>();
        for (Hart hart : harts) {
            threads.add(Thread.ofPlatform().start(() -> {
                Exit exit = Exit.LIMIT;
                while (exit != Exit.WFI) {
                    exit = hart.run(1_000_000);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return harts.getFirst().x(SEEN);
    }

    // ---- the program of a hart

    private int emit(String name, int... operands) {
        program.add(Instructions.assemble(name, operands));
        return program.size() - 1;
    }

    private void emitBack(String name, int first, int second, int to) {
        emit(name, first, second, 4 * (to - program.size()));
    }

    /// The address of a page of RAM.
    private void emitAddress(int register, long page) {
        emit("lui", register, (int) (page - Bare.BASE));
        emit("add", register, register, BASE);
    }

    private void emitNumber(int register, int value) {
        int low = value << 20 >> 20;
        emit("lui", register, value - low);
        emit("addiw", register, register, low);
    }

    private void place(int id, int batches, boolean once) throws BusFault {
        program.clear();
        emit("addi", BASE, 0, 1);
        emit("slli", BASE, BASE, 31);
        emitNumber(BATCHES_LEFT, batches);
        emitAddress(MEETING_AT, MEETING);
        int batch = emit("addi", LitmusHart.BATCH, LitmusHart.BATCH, 1);
        emitMeet(id, 0);
        if (once) {
            emit("ld", SCRATCH, 2 * DONE, MEETING_AT); // what the first hart has seen so far
            emit("beq", SCRATCH, 0, 8);
            emit("wfi");
        }
        emitRounds(id);
        emitMeet(id, DONE);
        if (id == 0) {
            emitCount();
        }
        emit("addi", BATCHES_LEFT, BATCHES_LEFT, -1);
        emitBack("bne", BATCHES_LEFT, 0, batch);
        emit("wfi");
        for (int i = 0; i < program.size(); i++) {
            memory.store32(Bare.BASE + id * CODE_BYTES + 4L * i, program.get(i));
        }
    }

    /// Says that this hart has come to the batch, and waits for the others.
    private void emitMeet(int id, int offset) {
        emit("fence", 0xff, 0);
        emit("sd", LitmusHart.BATCH, MEETING_BYTES * id + offset, MEETING_AT);
        emitNumber(SCRATCH, harts.size() == 2 ? LOOKS : 1);
        for (Hart other : harts) {
            if (other.id() != id) {
                int look = emit("ld", OTHER, MEETING_BYTES * other.id() + offset, MEETING_AT);
                emit("bgeu", OTHER, LitmusHart.BATCH, 24);
                emit("addi", SCRATCH, SCRATCH, -1);
                emitBack("bne", SCRATCH, 0, look);
                emit("addi", SCRATCH, 0, 1);
                emit("fence", SystemUnit.PAUSE, 0);
                emitBack("beq", 0, 0, look);
            }
        }
        emit("fence", 0xff, 0);
    }

    private void emitRounds(int id) {
        emitAddress(LitmusHart.CELL, CELLS);
        emitAddress(VOTE_AT, VOTES + id * VOTES_BYTES);
        emitNumber(ROUNDS_LEFT, ROUNDS_PER_BATCH);
        int round = program.size();
        program.addAll(shape.harts().get(id).on(new LitmusHart()).instructions());
        emit("sd", LitmusHart.VOTE, 0, VOTE_AT);
        emit("addi", VOTE_AT, VOTE_AT, 8);
        emit("addi", LitmusHart.CELL, LitmusHart.CELL, CELL_BYTES);
        emit("addi", ROUNDS_LEFT, ROUNDS_LEFT, -1);
        emitBack("bne", ROUNDS_LEFT, 0, round);
    }

    /// Counts the rounds in which all harts have voted for the outcome.
    private void emitCount() {
        emitAddress(VOTE_AT, VOTES);
        emitNumber(ROUNDS_LEFT, ROUNDS_PER_BATCH);
        int round = emit("addi", SCRATCH, 0, 1);
        for (int id = 0; id < harts.size(); id++) {
            int ahead = Math.toIntExact(id * VOTES_BYTES);
            emitNumber(OTHER, ahead);
            emit("add", OTHER, OTHER, VOTE_AT);
            emit("ld", OTHER, 0, OTHER);
            emit("and", SCRATCH, SCRATCH, OTHER);
        }
        emit("add", SEEN, SEEN, SCRATCH);
        emit("addi", VOTE_AT, VOTE_AT, 8);
        emit("addi", ROUNDS_LEFT, ROUNDS_LEFT, -1);
        emitBack("bne", ROUNDS_LEFT, 0, round);
        emit("sd", SEEN, 2 * DONE, MEETING_AT);
    }
}
