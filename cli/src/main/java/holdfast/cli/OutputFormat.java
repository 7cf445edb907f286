package holdfast.cli;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// How facts are written, by the names that `--output` takes: for people, or for programs.
enum OutputFormat {
    text,
    json;

    static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
}
