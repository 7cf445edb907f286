package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Harts on threads of their own: atomics, ordering, remote fences, code written by one and run by the other.
@Timeout(60)
class ParallelHartsTest {
    private static final long DATA = Bare.BASE + 0x10000;

    /// Enough that the harts, which start together, really run at the same time for a while.
    private static final long ITERATIONS = 1_500_000;

    private final Bare bare = new Bare();
    private final Hart second = new Hart(1, bare.memory, bare.bus, bare.time);

    @BeforeEach
    void lookUpOften() {
        bare.time.sliceInstructions = 1000;
    }

    /// Runs both harts from the program's start, with their number in a0, until both are in `wfi`.
    private void runBoth() throws InterruptedException {
        bare.start(Privilege.MACHINE);
        second.reset(Bare.BASE, Privilege.MACHINE);
        second.x(10, 1);
        List<Thread> threads = new ArrayList<>();
        for (Hart hart : List.of(bare.hart, second)) {
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
    }

    @Test
    void atomicAdditionsOfBothHartsAllCount() throws InterruptedException, BusFault {
        bare.load(5, DATA).load(6, ITERATIONS).load(7, 1);
        meet();
        long loop = bare.here();
        bare.emit("amoadd.d", 0, 7, 5, 0).emit("addi", 6, 6, -1).emit("bne", 6, 0, (int) (loop - bare.here())).emit("wfi");
        runBoth();
        assertThat(bare.memory.load64(DATA)).isEqualTo(2 * ITERATIONS);
    }

    @Test
    void everyLoadReservedStoreConditionalPairTakesEffectOnce() throws InterruptedException, BusFault {
        bare.load(5, DATA).load(6, ITERATIONS);
        meet();
        long loop = bare.here();
        bare.emit("lr.w", 7, 5, 0).emit("addi", 7, 7, 1).emit("sc.w", 8, 7, 5, 0);
        bare.emit("bne", 8, 0, (int) (loop - bare.here())).emit("addi", 6, 6, -1);
        bare.emit("bne", 6, 0, (int) (loop - bare.here())).emit("wfi");
        runBoth();
        assertThat(bare.memory.load32(DATA)).isEqualTo(2 * ITERATIONS);
    }

    @Test
    void storeBufferingIsForbiddenByAFenceBetweenStoreAndLoad() throws InterruptedException, BusFault {
        // Each round: mine = round; fence; read theirs. Both reading an old value is forbidden. The rounds meet at a barrier
        // built from amoadd. x20: rounds in which this hart saw the old value, stored per round as a bit for the other to see.
        bare.load(5, DATA).load(6, 60_000).load(21, 0);
        bare.emit("slli", 11, 10, 8).emit("add", 12, 5, 11); // my cell
        bare.emit("xori", 13, 10, 1).emit("slli", 13, 13, 8).emit("add", 13, 5, 13); // their cell
        bare.load(14, 1).load(15, 2);
        long round = bare.here();
        barrier(1024);
        bare.emit("addi", 21, 21, 1);
        bare.emit("sd", 21, 0, 12).emit("fence", 0xff, 0).emit("ld", 22, 0, 13);
        bare.emit("sltu", 23, 22, 21).emit("sd", 23, 8, 12); // 1 when I saw the old value
        barrier(1040);
        bare.emit("ld", 24, 8, 13).emit("and", 24, 24, 23).emit("add", 25, 25, 24);
        bare.emit("addi", 6, 6, -1).emit("bne", 6, 0, (int) (round - bare.here())).emit("wfi");
        runBoth();
        assertThat(bare.hart.x(25)).as("rounds in which both saw the old value").isZero();
        assertThat(bare.hart.x(21)).isEqualTo(60_000);
    }

    /// Both harts meet, by plain stores alone: each says that it is there and waits for the other.
    private void meet() {
        bare.emit("slli", 11, 10, 8).emit("add", 12, 5, 11).emit("xori", 13, 10, 1).emit("slli", 13, 13, 8);
        bare.emit("add", 13, 5, 13).emit("addi", 14, 0, 1).emit("sd", 14, 512, 12);
        long wait = bare.here();
        bare.emit("ld", 15, 512, 13).emit("beq", 15, 0, (int) (wait - bare.here()));
    }

    /// Both harts meet: the count at `offset` from DATA goes up by two, in turn to 2, 4, 6, …
    private void barrier(int offset) {
        bare.emit("addi", 16, 5, offset).emit("amoadd.d", 17, 14, 16, 3);
        // Wait until the count is the next even number above what I saw.
        bare.emit("addi", 17, 17, 2).emit("andi", 17, 17, -2);
        long wait = bare.here();
        bare.emit("ld", 18, 0, 16).emit("bltu", 18, 17, (int) (wait - bare.here()));
        bare.emit("fence", 0xff, 0);
    }

    @Test
    void aRemoteFenceIsDoneInARunningHartBeforeItReturns() throws InterruptedException, BusFault {
        bare.load(5, DATA).load(6, 1).emit("sd", 6, 0, 5).emit("jal", 0, 0).start(Privilege.MACHINE);
        Thread runner = Thread.ofPlatform().start(() -> bare.hart.run(Long.MAX_VALUE / 2));
        while (bare.memory.load64(DATA) == 0) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < 200; i++) {
            Hart.fence(List.of(bare.hart, second), null, new Fence(false, 0, 0, -1));
        }
        bare.hart.request();
        runner.join();
        assertThat(bare.hart.mailbox.pending()).isFalse();
    }

    @Test
    void twoHartsFencingEachOtherDoNotDeadlock() throws InterruptedException {
        for (Hart hart : List.of(bare.hart, second)) {
            hart.supervisorCalls(caller -> Hart.fence(List.of(bare.hart, second), caller, new Fence(false, 0, 0, -1)));
        }
        bare.load(6, 2_000);
        long loop = bare.here();
        bare.emit("ecall").emit("addi", 6, 6, -1).emit("bne", 6, 0, (int) (loop - bare.here())).emit("wfi");
        bare.start(Privilege.SUPERVISOR);
        second.reset(Bare.BASE, Privilege.SUPERVISOR);
        Thread one = Thread.ofPlatform().start(() -> bare.hart.run(1_000_000));
        Thread other = Thread.ofPlatform().start(() -> second.run(1_000_000));
        one.join();
        other.join();
        assertThat(bare.hart.x(6) + second.x(6)).isZero();
    }

    @Test
    void codeThatOneHartRewritesIsExecutedByTheOtherAfterItsFenceI() throws InterruptedException, BusFault {
        // Hart 0 writes `addi a1,zero,N` for N = 1…100 and publishes N; hart 1 waits for N, fences, calls, and must get at least N.
        long function = Bare.BASE + 0x4000;
        bare.memory.store32(function, Instructions.assemble("addi", 11, 0, 0));
        bare.memory.store32(function + 4, Instructions.assemble("jalr", 0, 0, 1));
        bare.load(5, DATA).load(6, function).load(7, 100).load(8, 0);
        long toReader = bare.here();
        bare.emit("bne", 10, 0, 0);
        bare.load(12, Instructions.assemble("addi", 11, 0, 1)).load(13, 1 << 20);
        long writer = bare.here();
        bare.emit("addi", 8, 8, 1).emit("sw", 12, 0, 6).emit("fence", 0xff, 0).emit("sd", 8, 0, 5);
        long acknowledged = bare.here();
        bare.emit("ld", 9, 8, 5).emit("bne", 9, 8, (int) (acknowledged - bare.here()));
        bare.emit("add", 12, 12, 13).emit("bne", 8, 7, (int) (writer - bare.here())).emit("wfi");
        long reader = bare.here();
        bare.emit("addi", 8, 8, 1);
        long published = bare.here();
        bare.emit("ld", 9, 0, 5).emit("bne", 9, 8, (int) (published - bare.here()));
        bare.emit("fence.i").emit("jalr", 1, 0, 6).emit("sub", 14, 11, 8).emit("or", 15, 15, 14).emit("sd", 8, 8, 5);
        bare.emit("bne", 8, 7, (int) (reader - bare.here())).emit("wfi");
        bare.replace(toReader, "bne", 10, 0, (int) (reader - toReader));
        runBoth();
        assertThat(second.x(15)).as("differences between what was written and what was executed").isZero();
        assertThat(second.x(8)).isEqualTo(100);
    }
}
