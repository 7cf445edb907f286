package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.host.HostProblem;
import holdfast.host.SpecDisk;
import holdfast.host.SpecMount;
import holdfast.host.SpecPort;
import holdfast.host.VmSpec;
import holdfast.host.VmView;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AskedSpecTest {
    private static final VmSpec WHOLE = new VmSpec(
            "debian", 4, 768 << 20, List.of(new SpecDisk("/a b.raw", true)), "quiet root='x: y' # z", "lab",
            List.of(new SpecPort("udp", "0.0.0.0", 53, 5353), new SpecPort(null, null, 8080, 80)), List.of(new SpecMount("/srv", "/mnt/srv", true)), "on-failure");

    private static VmView view(VmSpec spec) {
        return new VmView("1a", "one", 3, "running", true, spec, 1L, "2026", "2026", "", "/vms/1a", "10.77.0.2", "a notice", 7, List.of("cpus"), false, false);
    }

    private static void assertRound(AskedSpec again) {
        assertThat(again.spec()).isEqualTo(WHOLE);
        assertThat(again.name()).isEqualTo("one");
        assertThat(again.generation()).isEqualTo(7);
    }

    @Test
    void whatInfoSaysCanBeFedBackIn() {
        assertRound(AskedSpec.parse(OutputFormat.yaml.of(view(WHOLE)), "f"));
        assertRound(AskedSpec.parse(OutputFormat.json.of(view(WHOLE)), "f"));
        assertThat(AskedSpec.parse(OutputFormat.yaml.of(WHOLE), "f").spec()).isEqualTo(WHOLE);
        VmSpec plain = new VmSpec(null, 0, 0, null, null, null, null, null);
        assertThat(AskedSpec.parse(OutputFormat.yaml.of(plain), "f").spec()).isEqualTo(plain);
    }

    @Test
    void whatIsEditedIsTheSameUntilItIsChanged() {
        AskedSpec asked = AskedSpec.of(view(WHOLE));
        assertThat(asked.text()).contains("name: one", "specGeneration: 7", "memoryBytes: 768MiB", "restart: on-failure").doesNotContain("notice", "running");
        assertRound(AskedSpec.parse(asked.text(), "f"));
    }

    @Test
    void whatIsLeftOutHasItsDefault() {
        AskedSpec asked = AskedSpec.parse("name: web\ncpus: 2\n", "f");
        assertThat(asked.spec()).isEqualTo(new VmSpec(null, 2, 0, null, null, null, null, null));
        assertThat(asked.name()).isEqualTo("web");
        assertThat(asked.generation()).isNull();
    }

    @Test
    void anOptionIsNearerThanTheFileAndSettingsAreValues() {
        AskedSpec asked = AskedSpec.parse("cpus: 2\nappend: a\nports: [{host: 1, guest: 1}]", "f")
                .option("cpus", 3).option("restart", null).option("disks", List.of())
                .set(List.of("memoryBytes=1G", "append=1", "ports=[{host: 80, guest: 8080}]", "restart=no", "name=web"));
        assertThat(asked.spec()).isEqualTo(new VmSpec(null, 3, 1L << 30, null, "1", null, List.of(new SpecPort(null, null, 80, 8080)), null));
        assertThat(asked.name()).isEqualTo("web");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "cpus: many | cpus: is no integer", "cpus: 2.5 | cpus: is no integer", "cpus: | cpus: is no integer", "cpus: 0 | cpus: 0 is less than 1",
        "cpus: 1000 | cpus: 1000 is more than 64", "cpu: 2 | cpu: is nothing that there is; there are image, cpus,", "memoryBytes: lots | memoryBytes: 'lots' is not a size",
        "restart: sometimes | restart: sometimes is none of no, on-failure, always", "restart: true | restart: is no string", "ports: [80] | ports[0]: is no object",
        "ports: [{guest: 80}] | ports[0].host: is missing", "ports: [{host: 80, guest: 80, to: 1}] | ports[0].to: is nothing that there is",
        "disks: [{file: a.raw}] | disks[0].file: a.raw is not of the form ^/", "mounts: {} | mounts: is no array", "cpus: [1 | line 1: ", "just text | is no spec",
        "`` | is no spec", "spec: 1 | spec: has no fields", "{spec: {}, colour: red} | colour: is nothing that there is beside", "{spec: {}, specGeneration: x} | is no number",
        "cpus: 1\\ncpus: 2 | line 2: ",
    })
    void whatIsNoSpecIsSaid(String text, String message) {
        assertThatThrownBy(() -> AskedSpec.parse(text.replace("\\n", "\n"), "f").spec())
                .isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.kind()).isEqualTo(HostProblem.Kind.INVALID))
                .hasMessageContaining("f: ").hasMessageContaining(message);
    }

    @Test
    void aSettingThatIsNoneIsRefused() {
        assertThatThrownBy(() -> AskedSpec.nothing().set(List.of("colour=red"))).isInstanceOf(UsageError.class).hasMessageContaining("there are name, image");
        assertThatThrownBy(() -> AskedSpec.nothing().set(List.of("cpus"))).isInstanceOf(UsageError.class);
        assertThatThrownBy(() -> AskedSpec.nothing().set(List.of("cpus=1", "cpus=2"))).isInstanceOf(UsageError.class).hasMessageContaining("said twice");
        assertThatThrownBy(() -> AskedSpec.nothing().option("cpus", 1).set(List.of("cpus=2"))).isInstanceOf(UsageError.class);
    }
}
