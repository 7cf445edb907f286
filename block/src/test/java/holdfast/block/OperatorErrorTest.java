package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OperatorErrorTest {
    @Test
    void readsAsOneLineAndCarriesNoStackTrace() {
        var error = new OperatorError("data.img", "is in use by process 12", "end that first");
        assertThat(error).hasMessage("data.img: is in use by process 12; end that first");
        assertThat(error.getStackTrace()).isEmpty();
        assertThat(error.nextStep()).isEqualTo("end that first");
    }
}
