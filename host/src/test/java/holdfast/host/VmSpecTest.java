package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmSpecTest {
    @Test
    void whatIsLeftOutIsThatOfAPlainLaunch() throws IOException {
        assertThat(Json.read("{}", VmSpec.class)).isEqualTo(new VmSpec("tiny", 1, 0, List.of(), ""));
    }

    @Test
    void whatANewerVersionAddsIsPassedOver() throws IOException {
        assertThat(Json.read("{\"cpus\":2,\"colour\":\"red\"}", VmSpec.class).cpus()).isEqualTo(2);
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        assertRefused(new VmSpec("tiny", 1000, 0, null, null), "cpus: 1000");
        assertRefused(new VmSpec("tiny", -1, 0, null, null), "cpus: -1");
        assertRefused(new VmSpec("tiny", 1, 4096, null, null), "memoryBytes: 4096");
        assertRefused(new VmSpec("tiny", 1, 0, List.of(new SpecDisk("a.raw", false)), null), "disk a.raw");
        assertRefused(new VmSpec("tiny", 1, 0, null, "quiet\nroot=/dev/vdb"), "append");
    }

    private static void assertRefused(VmSpec spec, String subject) {
        assertThatThrownBy(spec::check).isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.subject()).isEqualTo(subject));
    }
}
