package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ChangeRateTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /// The clock of the host begins anywhere, and so does what a journal has already.
    private static final long THEN = -5 * SECOND;

    private final ChangeRate rate = new ChangeRate(1_000_000, THEN);

    @Test
    void aDiskIsBusyByWhatItWasGivenSinceThatWasLastAsked() {
        assertThat(rate.isBusy(1_000_000, THEN + SECOND)).isFalse();
        assertThat(rate.isBusy(1_000_000 + ChangeRate.BUSY + 1, THEN + 2 * SECOND)).isTrue();
        assertThat(rate.isBusy(1_000_000 + 2 * ChangeRate.BUSY + 1, THEN + 3 * SECOND)).as("not more").isFalse();
        assertThat(rate.isBusy(1_000_000 + 4 * ChangeRate.BUSY, THEN + 33 * SECOND)).as("in half a minute").isFalse();
    }

    @Test
    void aShortTimeIsEnough() {
        assertThat(rate.isBusy(1_000_003, THEN + SECOND / 1000)).isTrue();
        assertThat(rate.isBusy(1_000_004, THEN + 2 * SECOND / 1000)).isFalse();
    }
}
