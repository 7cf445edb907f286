package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class OutputFormatTest {
    private record Disk(String file, boolean readOnly) {}

    private record Fact(String name, long bytes, List<Disk> disks, String empty) {}

    @Test
    void yamlSaysWhatJsonSays() {
        var fact = new Fact("yes", 1L << 40, List.of(new Disk("/a: b #c", true)), "");
        String yaml = OutputFormat.yaml.of(List.of(fact));
        assertThat(yaml).startsWith("- name: ").doesNotEndWith("\n");
        var disk = new LinkedHashMap<String, Object>(Map.of("file", "/a: b #c", "readOnly", true));
        assertThat(new Load(LoadSettings.builder().build()).loadFromString(yaml))
                .isEqualTo(List.of(Map.of("name", "yes", "bytes", 1L << 40, "disks", List.of(disk), "empty", "")));
        assertThat(OutputFormat.yaml.of(Collections.emptyList())).isEqualTo("[]");
    }

    @Test
    void aTableIsText() {
        assertThat(OutputFormat.named("table")).isEqualTo(OutputFormat.text);
        assertThat(OutputFormat.named("YAML")).isEqualTo(OutputFormat.yaml);
        assertThatThrownBy(() -> OutputFormat.named("xml")).isInstanceOf(IllegalArgumentException.class);
        Invocation ended = Invocation.of("image", "ls", "-o", "xml");
        assertThat(ended.exitCode()).isEqualTo(2);
    }
}
