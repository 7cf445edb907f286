package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConsumptionTest {
    @Test
    void aProgramMayBeCalledAnything() {
        assertThat(Consumption.cpuSeconds("7 (a) b) R 1 7 7 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 1 0 9")).isEqualTo(3);
    }

    @Test
    void aProcessThatIsGoneTakesNothing() {
        assertThat(Consumption.of(Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void thisProcessTakesSomething() {
        Consumption own = Consumption.of(ProcessHandle.current().pid()).orElseThrow();
        assertThat(own.cpuSeconds()).isPositive();
        assertThat(own.residentBytes()).isGreaterThan(10 << 20);
    }
}
