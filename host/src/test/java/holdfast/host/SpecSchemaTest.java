package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.MachineConfig;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The schema says what a spec has, no more and no less: fields, their types, what cannot be left out, and what the rest has then.
class SpecSchemaTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final JsonNode schema = JSON.readTree(SpecSchema.text());
    private final Set<String> used = new TreeSet<>();

    private static Set<String> names(JsonNode object) {
        return new TreeSet<>(object.propertyNames());
    }

    @Test
    void hasEveryFieldWithItsTypeAndDefault() throws Exception {
        assertRecord(VmSpec.class, schema, JSON.valueToTree(Json.read("{}", VmSpec.class)));
        assertThat(names(schema.path("$defs"))).isEqualTo(used);
    }

    private void assertRecord(Class<?> type, JsonNode described, JsonNode plain) throws Exception {
        String name = type.getSimpleName();
        assertThat(described.path("type").asString()).as(name).isEqualTo("object");
        assertThat(described.path("additionalProperties").asBoolean(true)).as(name).isFalse();
        RecordComponent[] components = type.getRecordComponents();
        assertThat(names(described.path("properties"))).as(name).isEqualTo(new TreeSet<>(Arrays.stream(components).map(RecordComponent::getName).toList()));
        var required = new TreeSet<String>();
        described.path("required").forEach(each -> required.add(each.asString()));
        for (RecordComponent component : components) {
            String where = name + "." + component.getName();
            JsonNode field = described.path("properties").path(component.getName());
            assertType(where, field, component.getGenericType());
            assertThat(field.path("description").asString("")).as(where).endsWith(".");
            assertThat(field.has("default")).as(where + " has a default, or is required").isNotEqualTo(required.contains(component.getName()));
            if (field.has("default")) {
                assertThat(field.path("default")).as(where).hasToString(plain.path(component.getName()).toString());
            }
        }
    }

    private void assertType(String where, JsonNode field, Type type) throws Exception {
        if (type instanceof ParameterizedType list) {
            assertThat(field.path("type").asString()).as(where).isEqualTo("array");
            Class<?> of = (Class<?>) list.getActualTypeArguments()[0];
            assertThat(field.path("items").path("$ref").asString()).as(where).isEqualTo("#/$defs/" + of.getSimpleName());
            used.add(of.getSimpleName());
            assertRecord(of, schema.path("$defs").path(of.getSimpleName()), JSON.valueToTree(Json.read("{}", of)));
        } else {
            assertThat(field.path("type").asString()).as(where).isEqualTo(type == boolean.class ? "boolean" : type == String.class ? "string" : "integer");
        }
    }

    @Test
    void hasTheLimitsThatAreChecked() {
        JsonNode fields = schema.path("properties");
        assertThat(fields.path("cpus").path("maximum").asInt()).isEqualTo(MachineConfig.HARTS_MAX);
        assertThat(fields.path("append").path("maxLength").asInt()).isEqualTo(VmSpec.APPEND_MAX);
        assertThat(fields.path("disks").path("maxItems").asInt()).isEqualTo(VmSpec.DISKS_MAX);
        assertThat(fields.path("mounts").path("maxItems").asInt()).isEqualTo(VmSpec.DISKS_MAX);
        assertThat(fields.path("ports").path("maxItems").asInt()).isEqualTo(VmSpec.PORTS_MAX);
        assertThat(fields.path("restart").path("enum")).extracting(JsonNode::asString)
                .containsExactlyElementsOf(Arrays.stream(RestartPolicy.values()).map(RestartPolicy::toString).toList());
    }

    /// One that is not known would not be looked at.
    @Test
    void usesNoWordsButThoseThatAreLookedAt() {
        assertWords(schema);
        schema.path("$defs").forEach(this::assertWords);
    }

    private void assertWords(JsonNode described) {
        var known = new TreeSet<>(SpecSchema.KEYWORDS);
        known.addAll(SpecSchema.ANNOTATIONS);
        assertThat(known).containsAll(names(described));
        described.path("properties").forEach(this::assertWords);
        if (described.has("items")) {
            assertWords(described.path("items"));
        }
    }

    @Test
    void everyFieldSaysFromWhenOnAChangeHolds() {
        assertThat(Arrays.stream(SpecField.values()).map(SpecField::field).toList())
                .containsExactlyElementsOf(Arrays.stream(VmSpec.class.getRecordComponents()).map(RecordComponent::getName).toList());
        for (SpecField field : SpecField.values()) {
            String said = schema.path("properties").path(field.field()).path("description").asString();
            assertThat(said).as(field.field()).contains(switch (field.when()) {
                case AT_ONCE -> "at once";
                case NEXT_START -> "from the next start on";
                case NEVER -> "It keeps that";
            });
        }
    }

    @Test
    void whatIsChangedIsToldApartByWhenItHolds() {
        VmSpec one = new VmSpec("tiny", 1, 64 << 20, null, null, null, null, null, "no");
        VmSpec other = new VmSpec("debian", 2, 64 << 20, null, null, "none", null, List.of(new SpecMount("/", "/srv", true)), "always");
        assertThat(SpecField.changed(one, other, SpecField.When.NEVER)).containsExactly("image", "network");
        assertThat(SpecField.changed(one, other, SpecField.When.NEXT_START)).containsExactly("cpus", "mounts");
        assertThat(SpecField.changed(one, other, SpecField.When.AT_ONCE)).containsExactly("restart");
        assertThat(SpecField.changed(one, one, SpecField.When.AT_ONCE)).isEmpty();
    }
}
