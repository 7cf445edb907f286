package holdfast.cli;

import java.util.Locale;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// How facts are written, by the names that `--output` takes: for people, or for programs.
enum OutputFormat {
    text,
    json,
    yaml;

    static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// By its name; `table` is another word for the text.
    static OutputFormat named(String name) {
        return name.equals("table") ? text : valueOf(name.toLowerCase(Locale.ROOT));
    }

    /// Facts for programs, without the end of their last line.
    String of(Object facts) {
        return this == yaml ? yaml(facts) : JSON.writeValueAsString(facts);
    }

    /// The same names and values as in JSON.
    private static String yaml(Object facts) {
        var settings = DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).setWidth(Integer.MAX_VALUE).build();
        return new Dump(settings).dumpToString(JSON.convertValue(facts, Object.class)).stripTrailing();
    }
}
