package holdfast.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Results of disks, for people and for programs. Times are microseconds a request.
final class DiskReport {
    private static final String FORMAT = "%-6s %-26s %-9s %9s %9s %6s %9s %9s %6s";

    private DiskReport() {}

    static void head(PrintWriter out) {
        line(out, "", "", "", "server's", "CPU, us", "", "wall, us", "", "");
        line(out, "", "", "peer", "Holdfast", "peer", "ratio", "Holdfast", "peer", "ratio");
        out.flush();
    }

    static void row(DiskRow row, PrintWriter out) {
        DiskRow.Cost ours = row.ours();
        DiskRow.Cost theirs = row.theirs();
        line(
                out,
                row.place(),
                row.name(),
                row.peer(),
                two(ours.cpuMicros()),
                two(theirs.cpuMicros()),
                two(theirs.cpuMicros() / ours.cpuMicros()),
                two(ours.wallMicros()),
                two(theirs.wallMicros()),
                two(theirs.wallMicros() / ours.wallMicros()));
        out.flush();
    }

    private static void line(PrintWriter out, Object... columns) {
        out.println(String.format(Locale.ROOT, FORMAT, columns).stripTrailing());
    }

    static String json(List<DiskRow> rows) {
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        ObjectNode result = mapper.createObjectNode();
        ArrayNode array = result.putArray("rows");
        for (DiskRow row : rows) {
            array.addObject()
                    .put("name", row.name())
                    .put("group", row.place())
                    .put("peer", row.peer())
                    .put("ours", rounded(row.oursMicros()))
                    .put("theirs", rounded(row.theirsMicros()))
                    .put("ratio", rounded(row.ratio()));
        }
        OptionalDouble mean = rows.stream().mapToDouble(row -> Math.log(row.ratio())).average();
        mean.ifPresentOrElse(log -> result.put("geomean", rounded(Math.exp(log))), () -> result.putNull("geomean"));
        return mapper.writeValueAsString(result);
    }

    private static String two(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f", value);
    }

    private static double rounded(double value) {
        return Math.round(value * 1e3) / 1e3;
    }
}
