package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CostRowTest {
    @Test
    void whatCostsLessIsAboveOne() {
        assertThat(new CostRow("a", 2, 6).ratio()).isEqualTo(3);
    }

    @Test
    void whatCostsNothingCountsAsOneOfItsUnit() {
        assertThat(new CostRow("a", 0, 4572).ratio()).isEqualTo(4572);
        assertThat(new CostRow("a", 0, 0).ratio()).isEqualTo(1);
    }
}
