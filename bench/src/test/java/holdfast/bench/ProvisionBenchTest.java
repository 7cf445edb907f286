package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(300)
class ProvisionBenchTest {
    @TempDir
    Path directory;

    @Test
    @Needs({"fio", "nbdkit", "qemu-img", "qemu-nbd"})
    void coldAndWarmReadsAreMeasuredAgainstCopyOnReadAndNothingIsLeft() throws Exception {
        var rows = new ArrayList<CostRow>();
        new ProvisionBench(1, 50, 1, 16, directory).run(List.of(1), rows::add);
        assertThat(rows).extracting(CostRow::name)
                .containsExactly("fresh-randread-4k-qd1-us", "cold-randread-4k-qd1-us", "warm-randread-4k-qd1-us", "held-per-byte-touched-qd1");
        assertThat(rows.getFirst().ours()).as("the image is a millisecond away").isGreaterThan(1000);
        assertThat(rows.getLast().ours()).as("what is asked for is fetched, and no more").isBetween(1.0, 1.2);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    @Tag("long")
    @Needs("fio")
    void aDiskThatHasArrivedIsMeasuredAgainstAPlainImage() throws Exception {
        var rows = new ArrayList<CostRow>();
        new HandOver(1, 300, directory).run(rows::add);
        assertThat(rows).extracting(CostRow::name).isEqualTo(HandOver.names());
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void resultsHaveTheCommonForm() {
        JsonNode json = new JsonMapper().readTree(ProvisionCommand.REPORT.json(List.of(new CostRow("cold", 2, 4))));
        assertThat(json.get("rows").get(0).get("ratio").asDouble()).isEqualTo(2);
        assertThat(json.get("geomean").asDouble()).isEqualTo(2);
    }
}
