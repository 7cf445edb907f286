package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {

    private static Measurement took(double seconds, boolean steady) {
        return new Measurement(seconds, seconds / 2, 3, steady);
    }

    private static Row row(String name, Group group, double ours, double theirs) {
        return new Row(new Benchmark(name, group), took(ours, true), took(theirs, true));
    }

    private final List<Row> rows = List.of(
            row("sha256", Group.STEADY, 0.5, 1.0),
            row("shell", Group.STEADY, 4.0, 0.5),
            row("boot-tiny", Group.BOOT, 1.0, 100.0));

    @Test
    void aRatioAboveOneMeansThatHoldfastIsFaster() {
        assertThat(rows.getFirst().ratio()).isEqualTo(2);
        assertThat(rows.get(1).ratio()).isEqualTo(0.125);
        assertThat(rows.getFirst().cpuRatio()).isEqualTo(2);
    }

    @Test
    void theMeanIsGeometricAndOfTheSteadyGroupAlone() {
        assertThat(Row.geometricMean(rows, Row::ratio).orElseThrow()).isEqualTo(0.5, within(1e-9));
        assertThat(Row.geometricMean(rows.subList(2, 3), Row::ratio)).isEmpty();
    }

    @Test
    void theJsonHasARowForEachAndTheMean() {
        JsonNode json = JsonMapper.shared().readTree(Report.json(rows));
        JsonNode first = json.get("rows").get(0);
        assertThat(json.get("rows")).hasSize(3);
        assertThat(first.propertyNames()).containsExactly("name", "group", "peer", "ours", "theirs", "ratio");
        assertThat(first.get("name").asString()).isEqualTo("sha256");
        assertThat(first.get("group").asString()).isEqualTo("steady");
        assertThat(first.get("peer").asString()).isEqualTo("qemu");
        assertThat(first.get("ours").asDouble()).isEqualTo(0.5);
        assertThat(first.get("theirs").asDouble()).isEqualTo(1);
        assertThat(first.get("ratio").asDouble()).isEqualTo(2);
        assertThat(json.get("rows").get(2).get("group").asString()).isEqualTo("boot");
        assertThat(json.get("geomean").asDouble()).isEqualTo(0.5);
    }

    @Test
    void thePeerOfAModeIsHoldfastWithoutIt() {
        var mode = new Row(new Benchmark("dirty-gzip", Group.MODES, "gzip", Mode.DIRTY), took(1.25, true), took(1.0, true));
        JsonNode json = JsonMapper.shared().readTree(Report.json(List.of(rows.getFirst(), mode)));
        assertThat(json.get("rows").get(1).get("group").asString()).isEqualTo("modes");
        assertThat(json.get("rows").get(1).get("peer").asString()).isEqualTo("holdfast");
        assertThat(json.get("rows").get(1).get("ratio").asDouble()).isEqualTo(0.8);
        assertThat(json.get("geomean").asDouble()).as("of the steady group alone").isEqualTo(2);
    }

    @Test
    void withoutTheSteadyGroupThereIsNoMean() {
        assertThat(JsonMapper.shared().readTree(Report.json(rows.subList(2, 3))).get("geomean").isNull()).isTrue();
    }

    @Test
    void aTimeThatNeverBecameSteadyIsMarkedInTheTableAndExplained() {
        var unsteady = new Row(new Benchmark("qsort", Group.STEADY), took(0.25, false), took(0.5, true));
        assertThat(table(List.of(unsteady))).contains("0.250~").contains("0.500 ").contains("within 3 %");
        assertThat(table(rows)).doesNotContain("~").contains("geometric mean of the steady group: 0.50; of CPU time: 0.50");
    }

    private static String table(List<Row> rows) {
        var text = new StringWriter();
        var out = new PrintWriter(text);
        Report.head(out, "Holdfast", "QEMU");
        rows.forEach(row -> Report.row(row, out));
        Report.foot(rows, out);
        return text.toString();
    }
}
