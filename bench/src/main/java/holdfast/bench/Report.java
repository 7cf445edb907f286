package holdfast.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Results for people and for programs.
final class Report {
    private static final String FORMAT = "%-15s %9s %9s %6s %9s %9s %6s %9s %9s";

    private Report() {}

    static void head(PrintWriter out, String ours, String theirs) {
        line(out, "", "wall, s", "", "", "CPU, s", "", "", "warm-up, s", "");
        line(out, "", ours, theirs, "ratio", ours, theirs, "ratio", ours, theirs);
        out.flush();
    }

    /// A line of the table. A time that never became steady is marked.
    static void row(Row row, PrintWriter out) {
        line(
                out,
                row.benchmark().name(),
                seconds(row.ours()),
                seconds(row.theirs()),
                two(row.ratio()),
                two(row.ours().cpuSeconds()),
                two(row.theirs().cpuSeconds()),
                two(row.cpuRatio()),
                two(row.ours().warmUpSeconds()),
                two(row.theirs().warmUpSeconds()));
        out.flush();
    }

    private static void line(PrintWriter out, Object... columns) {
        out.println(String.format(Locale.ROOT, FORMAT, columns).stripTrailing());
    }

    private static String seconds(Measurement measurement) {
        return String.format(Locale.ROOT, "%.3f%s", measurement.seconds(), measurement.steady() ? " " : "~");
    }

    static void foot(List<Row> rows, PrintWriter out) {
        OptionalDouble wall = Row.geometricMean(rows, Row::ratio);
        OptionalDouble cpu = Row.geometricMean(rows, Row::cpuRatio);
        if (wall.isPresent() && cpu.isPresent()) {
            out.printf(
                    "%ngeometric mean of the steady group: %s; of CPU time: %s%n", two(wall.getAsDouble()), two(cpu.getAsDouble()));
        }
        boolean unsteady = rows.stream().anyMatch(row -> !row.ours().steady() || !row.theirs().steady());
        if (unsteady) {
            out.printf("~ three repetitions in a row never agreed within %.0f %%%n", Samples.TOLERANCE * 100);
        }
        out.flush();
    }

    private static String two(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    static String json(List<Row> rows) {
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        ObjectNode result = mapper.createObjectNode();
        ArrayNode array = result.putArray("rows");
        for (Row row : rows) {
            array.addObject()
                    .put("name", row.benchmark().name())
                    .put("group", row.benchmark().group().label())
                    .put("peer", row.benchmark().group() == Group.MODES ? "holdfast" : "qemu")
                    .put("ours", rounded(row.ours().seconds()))
                    .put("theirs", rounded(row.theirs().seconds()))
                    .put("ratio", rounded(row.ratio()));
        }
        Row.geometricMean(rows, Row::ratio)
                .ifPresentOrElse(mean -> result.put("geomean", rounded(mean)), () -> result.putNull("geomean"));
        return mapper.writeValueAsString(result);
    }

    /// To what can be measured.
    private static double rounded(double value) {
        return Math.round(value * 1e6) / 1e6;
    }
}
