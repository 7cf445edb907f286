package holdfast.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The published JSON schema of a [VmSpec] (draft 2020-12), and whether something keeps to it. It uses, and this knows, [#KEYWORDS] and no others.
public final class SpecSchema {
    /// What is looked at in a document.
    static final Set<String> KEYWORDS = Set.of(
            "$ref", "type", "properties", "required", "additionalProperties", "items", "maxItems", "enum", "minimum", "maximum", "maxLength", "pattern");

    /// What only says something to who reads the schema.
    static final Set<String> ANNOTATIONS = Set.of("$schema", "$id", "$defs", "title", "description", "default", "examples");

    private static final String DEFINITIONS = "#/$defs/";
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final JsonNode root;
    private final List<String> problems = new ArrayList<>();

    private SpecSchema(JsonNode root) {
        this.root = root;
    }

    /// The schema itself.
    public static String text() {
        try (InputStream in = Objects.requireNonNull(SpecSchema.class.getResourceAsStream("vm-spec.schema.json"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The names of what a spec has.
    public static List<String> fields() {
        return List.copyOf(MAPPER.readTree(text()).path("properties").propertyNames());
    }

    /// Whether a field is a text.
    public static boolean isText(String field) {
        return MAPPER.readTree(text()).path("properties").path(field).path("type").asString("").equals("string");
    }

    /// The spec that a document is.
    ///
    /// @param document made of maps, lists, texts, numbers and truth values
    /// @param where it is from, for who is told what is wrong with it
    /// @throws HostProblem when it does not keep to the schema
    public static VmSpec read(Object document, String where) {
        JsonNode node = MAPPER.valueToTree(document);
        List<String> problems = problems(node);
        if (!problems.isEmpty()) {
            throw new HostProblem(HostProblem.Kind.INVALID, where, String.join("; ", problems), "correct it; 'holdfast host schema' says what a spec has");
        }
        return MAPPER.convertValue(node, VmSpec.class);
    }

    /// What in a document does not keep to the schema, each in a few words; nothing when all does.
    static List<String> problems(JsonNode document) {
        var schema = new SpecSchema(MAPPER.readTree(text()));
        schema.look("", document, schema.root);
        return schema.problems;
    }

    private void wrong(String where, String problem) {
        problems.add((where.isEmpty() ? "the spec" : where) + problem);
    }

    private void look(String where, JsonNode value, JsonNode schema) {
        if (schema.has("$ref")) {
            look(where, value, root.path("$defs").path(schema.path("$ref").asString().substring(DEFINITIONS.length())));
            return;
        }
        String type = schema.path("type").asString();
        if (!isOf(type, value)) {
            wrong(where, ": is no " + type);
            return;
        }
        switch (type) {
            case "object" -> lookInside(where, value, schema);
            case "array" -> {
                if (schema.has("maxItems") && value.size() > schema.path("maxItems").asInt()) {
                    wrong(where, ": are " + value.size() + ", and " + schema.path("maxItems").asInt() + " at most are possible");
                }
                for (int i = 0; i < value.size(); i++) {
                    look(where + "[" + i + "]", value.path(i), schema.path("items"));
                }
            }
            case "integer" -> lookAtNumber(where, value.decimalValue(), schema);
            case "string" -> lookAtText(where, value.asString(), schema);
            default -> {}
        }
    }

    private static boolean isOf(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "integer" -> value.isIntegralNumber();
            case "string" -> value.isString();
            case "boolean" -> value.isBoolean();
            default -> throw new IllegalStateException("the schema says " + type);
        };
    }

    private void lookInside(String where, JsonNode value, JsonNode schema) {
        String prefix = where.isEmpty() ? "" : where + ".";
        schema.path("required").forEach(name -> {
            if (!value.has(name.asString())) {
                wrong(prefix + name.asString(), ": is missing");
            }
        });
        value.forEachEntry((name, inside) -> {
            if (schema.path("properties").has(name)) {
                look(prefix + name, inside, schema.path("properties").path(name));
            } else {
                wrong(prefix + name, ": is nothing that there is; there are " + String.join(", ", schema.path("properties").propertyNames()));
            }
        });
    }

    private void lookAtNumber(String where, BigDecimal value, JsonNode schema) {
        if (schema.has("minimum") && value.compareTo(schema.path("minimum").decimalValue()) < 0) {
            wrong(where, ": " + value + " is less than " + schema.path("minimum").asString());
        } else if (schema.has("maximum") && value.compareTo(schema.path("maximum").decimalValue()) > 0) {
            wrong(where, ": " + value + " is more than " + schema.path("maximum").asString());
        }
    }

    private void lookAtText(String where, String value, JsonNode schema) {
        if (schema.has("maxLength") && value.length() > schema.path("maxLength").asInt()) {
            wrong(where, ": has " + value.length() + " characters, and may have " + schema.path("maxLength").asInt());
        }
        if (schema.has("pattern") && !Pattern.compile(schema.path("pattern").asString()).matcher(value).find()) {
            wrong(where, ": " + value + " is not of the form " + schema.path("pattern").asString());
        }
        var possible = new ArrayList<String>();
        schema.path("enum").forEach(each -> possible.add(each.asString()));
        if (!possible.isEmpty() && !possible.contains(value)) {
            wrong(where, ": " + value + " is none of " + String.join(", ", possible));
        }
    }
}
