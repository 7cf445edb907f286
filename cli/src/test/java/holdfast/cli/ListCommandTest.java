package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.host.VmSpec;
import holdfast.host.VmView;
import java.util.List;
import org.junit.jupiter.api.Test;

class ListCommandTest {
    private static VmView vm(String name, String state, String image) {
        var spec = new VmSpec(image, 1, 256 << 20, null, "", "default", List.of(), null);
        return new VmView("1a", name, 3, state, true, spec, 1L, "2026", "2026", "", "/vms/1a", null, null, 7, List.of(), false, false);
    }

    @Test
    void columnsAreAsWideAsWhatIsInThem() {
        List<String> lines = ListCommand.lines(List.of(
                vm("web", "running", "tiny"), vm("a-name-of-some-length", "unresponsive", "an-image-of-some-length")));
        assertThat(lines).extracting(line -> line.indexOf("MiB")).containsExactly(-1, lines.get(2).indexOf("MiB"), lines.get(2).indexOf("MiB"));
        assertThat(lines).extracting(line -> line.replaceAll(" +", " ")).containsExactly(
                "NAME STATE IMAGE CPUS MEMORY", "web running tiny 1 256 MiB", "a-name-of-some-length unresponsive an-image-of-some-length 1 256 MiB");
    }

    @Test
    void fewNarrowOnesLookLikeTheHeadOfAWatch() {
        assertThat(ListCommand.lines(List.of())).containsExactly("NAME          STATE     IMAGE        CPUS  MEMORY");
    }
}
