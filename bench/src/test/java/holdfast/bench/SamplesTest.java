package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SamplesTest {

    private static Samples of(double... durations) {
        var samples = new Samples();
        for (double duration : durations) {
            samples.add(duration, samples.count() % 2);
        }
        return samples;
    }

    @Test
    void threeInARowWithinThreePercentAreSteady() {
        assertThat(of(1.00, 1.029, 1.01).isSteady()).isTrue();
        assertThat(of(1.00, 1.031, 1.01).isSteady()).isFalse();
        assertThat(of(1.00, 1.00).isSteady()).isFalse();
    }

    @Test
    void agreementThatIsInterruptedDoesNotCount() {
        assertThat(of(1.0, 1.0, 2.0, 1.0, 1.0).isSteady()).isFalse();
        assertThat(of(1.0, 1.0, 2.0, 1.0, 1.0, 1.0).isSteady()).isTrue();
    }

    @Test
    void cpuTimeMayAgreeInTheirPlaceIfItIsLongEnoughToBeCounted() {
        assertThat(busy(0.50, 0.51, 0.50).isSteady()).isTrue();
        assertThat(busy(0.50, 0.51, 0.53).isSteady()).isFalse();
        assertThat(busy(0.10, 0.10, 0.10).isSteady()).isFalse();
    }

    /// On a machine where others make the wall times useless.
    private static Samples busy(double... cpuSeconds) {
        var samples = new Samples();
        for (double cpu : cpuSeconds) {
            samples.add(1 + samples.count(), cpu);
        }
        return samples;
    }

    @Test
    void theTimeToSteadyEndsBeforeTheFirstThatAgree() {
        assertThat(of(8, 4, 2, 2, 2).secondsToSteady()).isEqualTo(12, within(1e-9));
        assertThat(of(2, 2, 2).secondsToSteady()).isZero();
    }

    @Test
    void theTimeToSteadyIsAllOfItWhenItNeverCame() {
        Samples never = of(8, 4, 2, 1);
        assertThat(never.secondsToSteady()).isEqualTo(15, within(1e-9)).isEqualTo(never.total(), within(1e-9));
        assertThat(never.count()).isEqualTo(4);
    }

    @Test
    void theMedianIsTheMiddleOneWhateverTheOrder() {
        assertThat(Samples.median(List.of(9.0, 1.0, 2.0))).isEqualTo(2);
        assertThat(Samples.median(List.of(9.0, 1.0, 2.0, 4.0))).isEqualTo(3);
        assertThat(Samples.median(List.of(7.0))).isEqualTo(7);
        assertThatIllegalArgumentException().isThrownBy(() -> Samples.median(List.of()));
    }
}
