package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/// How long a hart runs at a time.
class HartRunTest {
    private static final TimeSource STANDS_STILL = new TimeSource() {
        @Override
        public long ticks(long retired) {
            return 0;
        }

        @Override
        public long instructionsUntil(long deadlineTicks, long retired) {
            return Long.MAX_VALUE;
        }
    };

    @Test
    void aTimerThatRanOutSinceTheHartWasLookedAtWakesItNow() throws BusFault {
        var bare = new Bare().load(5, 1 << 7).emit("csrrw", 0, Csr.MIE, 5).emit("wfi").start(Privilege.MACHINE);
        bare.hart.machineTimer(1000);
        bare.run(10);
        assertThat(bare.hart.waiting()).isTrue();
        assertThat(bare.hart.wakesAt()).isEqualTo(1000);
        bare.hart.retired(1000); // which is the time
        assertThat(bare.hart.wakesAt()).isEqualTo(1000);
    }

    @Test
    void runsExactlyAsLongAsAskedAgainAndAgainWhenNoTimerWillEverBeDue() throws BusFault {
        var memory = new PhysicalMemory(Arena.ofAuto().allocate(4096, 4096), Bare.BASE);
        memory.store32(Bare.BASE, Instructions.assemble("jal", 0, 0));
        var hart = new Hart(0, memory, new Bare.TestBus(), STANDS_STILL);
        assertThat(hart.run(100)).isEqualTo(Exit.LIMIT);
        assertThat(hart.run(50)).isEqualTo(Exit.LIMIT);
        assertThat(hart.retired()).isEqualTo(150);
    }
}
