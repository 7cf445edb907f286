package holdfast.house.samples.block;

import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Has a test, but not the name of a test class.
class Misnamed {

    @ParameterizedTest
    @ValueSource(ints = 1)
    void neverRuns(int value) {
        fail("ran with " + value);
    }
}
