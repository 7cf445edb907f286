package holdfast.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Costs for people and for programs.
///
/// @param group what is compared
/// @param ours what ours is called, for people
/// @param peer what the other is called
record CostReport(String group, String ours, String peer) {
    void show(CostRow row, PrintWriter out) {
        out.printf(Locale.ROOT, "%-28s %s %9.2f  %s %9.2f  ratio %6.2f%n", row.name(), ours, row.ours(), peer, row.theirs(), row.ratio());
        out.flush();
    }

    String json(List<CostRow> rows) {
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        ObjectNode result = mapper.createObjectNode();
        ArrayNode array = result.putArray("rows");
        for (CostRow row : rows) {
            array.addObject()
                    .put("name", row.name())
                    .put("group", group)
                    .put("peer", peer)
                    .put("ours", rounded(row.ours()))
                    .put("theirs", rounded(row.theirs()))
                    .put("ratio", rounded(row.ratio()));
        }
        OptionalDouble mean = rows.stream().mapToDouble(row -> Math.log(row.ratio())).average();
        mean.ifPresentOrElse(log -> result.put("geomean", rounded(Math.exp(log))), () -> result.putNull("geomean"));
        return mapper.writeValueAsString(result);
    }

    private static double rounded(double value) {
        return Math.round(value * 1e3) / 1e3;
    }
}
