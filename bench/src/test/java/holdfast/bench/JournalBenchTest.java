package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(300)
class JournalBenchTest {
    @TempDir
    Path directory;

    @Test
    @Tag("long")
    @Needs({"fio"})
    void aJournalIsMeasuredAgainstNoneAndNothingIsLeft() throws Exception {
        var rows = new ArrayList<CostRow>();
        var bench = new JournalBench(1, 500, 8, 4, directory);
        bench.writes(rows::add);
        bench.past(Set.copyOf(JournalBench.PAST), rows::add);
        assertThat(rows).extracting(CostRow::name).containsExactlyElementsOf(JournalBench.NAMES);
        assertThat(rows)
                .filteredOn(row -> !row.name().endsWith(JournalBench.CPU)) // which is counted in hundredths of a second
                .allSatisfy(row -> assertThat(row.ours()).isPositive());
        assertThat(rows)
                .filteredOn(row -> row.name().endsWith(JournalBench.BYTES))
                .hasSize(2)
                .allSatisfy(row -> assertThat(row.ours()).as("every byte is in the journal, with its entry's header").isBetween(1.015, 1.3));
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void resultsHaveTheCommonForm() {
        JsonNode row = new JsonMapper().readTree(JournalCommand.REPORT.json(List.of(new CostRow("at", 2, 4)))).get("rows").get(0);
        assertThat(row.get("name").asString()).isEqualTo("at");
        assertThat(row.get("group").asString()).isEqualTo("journal");
        assertThat(row.get("peer").asString()).isEqualTo("unprotected");
        assertThat(row.get("ratio").asDouble()).isEqualTo(2);
    }
}
