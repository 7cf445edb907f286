package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.riscv.BusFault;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PlicTest {
    private static final int SOURCE = 10;
    private static final int S_MODE = 1;
    private static final long PENDING = 0x1000;
    private static final long ENABLE_S = 0x2080;
    private static final long THRESHOLD_S = 0x20_1000;
    private static final long CLAIM_S = 0x20_1004;

    private final boolean[] outputs = new boolean[4];
    private final Plic plic = new Plic(new InterruptLine[] {output(0), output(1), output(2), output(3)});
    private final InterruptLine line = plic.line(SOURCE);

    private InterruptLine output(int context) {
        return level -> outputs[context] = level;
    }

    @BeforeEach
    void enable() throws BusFault {
        plic.store(4L * SOURCE, 4, 1);
        plic.store(ENABLE_S, 4, 1 << SOURCE);
    }

    private long claim() throws BusFault {
        return plic.load(CLAIM_S, 4);
    }

    private void complete() throws BusFault {
        plic.store(CLAIM_S, 4, SOURCE);
    }

    @Test
    void aRaisedWireInterruptsOnlyTheContextThatEnabledIt() {
        line.set(true);
        assertThat(outputs).containsExactly(false, true, false, false);
    }

    @Test
    void aClaimTakesTheInterruptAndCompletionBringsItBackWhileTheWireIsHigh() throws BusFault {
        line.set(true);
        assertThat(claim()).isEqualTo(SOURCE);
        assertThat(outputs[S_MODE]).isFalse();
        assertThat(claim()).as("nothing is left to claim").isZero();
        complete();
        assertThat(outputs[S_MODE]).isTrue();
    }

    @Test
    void anInterruptIsDeliveredExactlyOnceForOnePulse() throws BusFault {
        line.set(true);
        line.set(false);
        assertThat(outputs[S_MODE]).as("a request is not taken back").isTrue();
        assertThat(claim()).isEqualTo(SOURCE);
        complete();
        assertThat(outputs[S_MODE]).isFalse();
        assertThat(claim()).isZero();
    }

    @Test
    void whatComesBetweenClaimAndCompletionIsDeliveredOnceAfterIt() throws BusFault {
        line.set(true);
        claim();
        line.set(false);
        line.set(true);
        line.set(false);
        line.set(true);
        assertThat(outputs[S_MODE]).as("the gateway is shut").isFalse();
        complete();
        line.set(false);
        assertThat(claim()).isEqualTo(SOURCE);
        complete();
        assertThat(claim()).isZero();
    }

    @Test
    void aCompletionOfWhatWasNotClaimedOrNotEnabledIsIgnored() throws BusFault {
        line.set(true);
        complete();
        assertThat(claim()).isEqualTo(SOURCE);
        plic.store(ENABLE_S, 4, 0);
        complete();
        plic.store(ENABLE_S, 4, 1 << SOURCE);
        assertThat(outputs[S_MODE]).as("still in service").isFalse();
        complete();
        assertThat(outputs[S_MODE]).isTrue();
    }

    @Test
    void theHighestPriorityIsClaimedFirstAndThenTheLowestNumber() throws BusFault {
        plic.store(ENABLE_S, 4, 0b1110_0000);
        plic.store(4 * 5, 4, 2);
        plic.store(4 * 6, 4, 7);
        plic.store(4 * 7, 4, 2);
        plic.line(7).set(true);
        plic.line(5).set(true);
        plic.line(6).set(true);
        assertThat(claim()).isEqualTo(6);
        assertThat(claim()).isEqualTo(5);
        assertThat(claim()).isEqualTo(7);
    }

    @Test
    void aThresholdMasksPrioritiesUpToItButNotTheClaim() throws BusFault {
        plic.store(THRESHOLD_S, 4, 1);
        line.set(true);
        assertThat(outputs[S_MODE]).isFalse();
        assertThat(plic.load(PENDING, 4)).isEqualTo(1 << SOURCE);
        plic.store(THRESHOLD_S, 4, 0);
        assertThat(outputs[S_MODE]).isTrue();
        plic.store(THRESHOLD_S, 4, 7);
        assertThat(claim()).isEqualTo(SOURCE);
    }

    @Test
    void priorityZeroNeverInterrupts() throws BusFault {
        plic.store(4L * SOURCE, 4, 0);
        line.set(true);
        assertThat(outputs[S_MODE]).isFalse();
        assertThat(claim()).isZero();
    }

    @Test
    void onlyWordsAreAnswered() {
        assertThatThrownBy(() -> plic.load(0, 8)).isInstanceOf(BusFault.class);
        assertThatThrownBy(() -> plic.store(0, 1, 0)).isInstanceOf(BusFault.class);
    }

    @Test
    void aRestoredPlicIsAsItWasSaved() throws Exception {
        line.set(true);
        claim();
        plic.line(40).set(true);
        StateWriter saved = new StateWriter();
        plic.save(saved);

        Plic other = new Plic(new InterruptLine[] {output(0), output(1), output(2), output(3)});
        other.restore(new StateReader(1, saved.toByteArray()));
        assertThat(other.load(CLAIM_S, 4)).isZero();
        other.store(CLAIM_S, 4, SOURCE);
        assertThat(other.load(CLAIM_S, 4)).as("the wire was high").isEqualTo(SOURCE);
        assertThat(other.load(PENDING + 4, 4)).isEqualTo(1 << 8);
    }

    /// Random use: a source is never claimed twice without a completion, and a raised wire is always claimable in the end.
    @Test
    void noInterruptIsLostOrDoubledUnderRandomUse() throws BusFault, IOException {
        Random random = new Random(7);
        boolean high = false;
        boolean owed = false;
        boolean inService = false;
        for (int i = 0; i < 100_000; i++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    owed |= !high && !inService;
                    high = true;
                    line.set(true);
                }
                case 1 -> {
                    high = false;
                    line.set(false);
                }
                case 2 -> {
                    long claimed = claim();
                    assertThat(claimed == SOURCE).as("step %d", i).isEqualTo(owed);
                    inService |= owed;
                    owed = false;
                }
                default -> {
                    complete();
                    owed |= inService && high;
                    inService = false;
                }
            }
            assertThat(outputs[S_MODE]).as("step %d", i).isEqualTo(owed);
        }
    }
}
