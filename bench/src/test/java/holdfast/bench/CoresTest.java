package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CoresTest {

    @Test
    void theKernelsListIsOneOfRanges() {
        assertThat(Cores.parse("0-3,8").numbers()).containsExactly(0, 1, 2, 3, 8);
        assertThat(Cores.parse("5").numbers()).containsExactly(5);
    }

    @Test
    void theLastOnesAreTakenAndNoMoreThanThereAre() {
        assertThat(Cores.parse("0-3").last(2).command()).containsExactly("taskset", "-c", "2,3");
        assertThat(Cores.parse("6").last(2).numbers()).containsExactly(6);
    }

    @Test
    void thisProcessMayUseOneAtLeast() {
        assertThat(Cores.allowed().numbers()).isNotEmpty();
    }
}
