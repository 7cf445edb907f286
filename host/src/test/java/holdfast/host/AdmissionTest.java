package holdfast.host;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AdmissionTest {
    private static final long GIB = 1L << 30;
    private final Admission admission = new Admission(4 * GIB, 2);

    private static VmSpec spec(int cpus, long memoryBytes) {
        return new VmSpec("tiny", cpus, memoryBytes, null, null, null, null, null);
    }

    @Test
    void whatFitsBesideThoseThatRunIsLetIn() {
        assertThatCode(() -> admission.check("a", spec(1, 2 * GIB), GIB)).doesNotThrowAnyException();
    }

    @Test
    void whatDoesNotFitIsRefusedWithFigures() {
        assertThatThrownBy(() -> admission.check("a", spec(1, 2 * GIB), 3 * GIB / 2))
                .isInstanceOf(HostProblem.class)
                .hasMessageContaining("a: needs 2304MiB of memory, and 2GiB of 4GiB are free");
    }

    @Test
    void coresCountSixteenTimes() {
        assertThatCode(() -> admission.check("a", spec(32, GIB), 0)).doesNotThrowAnyException();
        assertThatThrownBy(() -> admission.check("a", spec(33, GIB), 0)).hasMessageContaining("needs 33 cpus, and this host has 2");
    }
}
