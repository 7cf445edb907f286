package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class VmSpecTest {
    @Test
    void whatIsLeftOutIsThatOfAPlainLaunch() throws IOException {
        assertThat(Json.read("{}", VmSpec.class)).isEqualTo(new VmSpec("tiny", 1, 0, List.of(), "", "default", List.of(), List.of()));
    }

    @Test
    void whatANewerVersionAddsIsPassedOver() throws IOException {
        assertThat(Json.read("{\"cpus\":2,\"colour\":\"red\"}", VmSpec.class).cpus()).isEqualTo(2);
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        assertRefused(new VmSpec("tiny", 1000, 0, null, null, null, null, null), "cpus: 1000");
        assertRefused(new VmSpec("tiny", -1, 0, null, null, null, null, null), "cpus: -1");
        assertRefused(new VmSpec("tiny", 1, 4096, null, null, null, null, null), "memoryBytes: 4096");
        assertRefused(new VmSpec("tiny", 1, 0, List.of(new SpecDisk("a.raw", false)), null, null, null, null), "disk a.raw");
        assertRefused(withPorts("none", new SpecPort(null, null, 80, 80)), "ports");
        assertRefused(withPorts(null, new SpecPort(null, null, 0, 80)), "port 127.0.0.1:0:80");
        assertRefused(withPorts(null, new SpecPort("icmp", null, 1, 80)), "port 127.0.0.1:1:80/udp");
        assertRefused(withPorts(null, new SpecPort(null, "localhost", 1, 80)), "port localhost:1:80");
        assertRefused(withPorts(null, new SpecPort(null, null, 80, 1), new SpecPort("tcp", "0.0.0.0", 80, 2)), "port 80 of 0.0.0.0");
        withPorts(null, new SpecPort("udp", null, 80, 1), new SpecPort("tcp", null, 80, 1)).check();
        assertRefused(new VmSpec("tiny", 1, 0, null, null, null, null, List.of(new SpecMount("a", "/a", false))), "mount a");
        assertRefused(new VmSpec("tiny", 1, 0, null, null, null, null, List.of(new SpecMount("/", "a", false))), "mount /");
        assertRefused(new VmSpec("tiny", 1, 0, null, null, null, null, List.of(new SpecMount("/no such", "/a", false))), "mount /no such");
        assertRefused(new VmSpec("tiny", 1, 0, null, "quiet\nroot=/dev/vdb", null, null, null), "append");
    }

    private static VmSpec withPorts(@Nullable String network, SpecPort... ports) {
        return new VmSpec("tiny", 1, 0, null, null, network, List.of(ports), null);
    }

    private static void assertRefused(VmSpec spec, String subject) {
        assertThatThrownBy(spec::check).isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.subject()).isEqualTo(subject));
    }
}
