package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The document says what the API does, no more and no less: routes, roles, parameters, and each field of what is sent and answered.
class OpenApiTest {
    /// What a record is called there when it is not its own name.
    private static final Map<Class<?>, String> NAMES = Map.of(Operation.View.class, "Operation");

    private final JsonNode document;
    private final Inventory inventory;
    private final List<Route> routes;

    OpenApiTest(@TempDir Path directory) throws IOException, InterruptedException {
        document = JsonMapper.builder().build().readTree(HostRoutes.document());
        var home = new HostHome(directory, directory.resolve("s"));
        Files.createDirectories(home.machines());
        inventory = Inventory.open(home.inventory());
        routes = new Api(
                new Daemon(home, null, "test"), new Vms(home, inventory, new Admission(1L << 40, 2), new Events()), new Events(),
                new Tokens(home.tokens()), new Audit(home.audit())).routes();
    }

    @AfterEach
    void end() {
        inventory.close();
    }

    private static Set<String> names(JsonNode object) {
        return new TreeSet<>(object.propertyNames());
    }

    @Test
    void hasEveryRouteWithItsRoleAndParametersAndNoOther() {
        var real = new TreeMap<String, String>();
        for (Route route : routes) {
            var parameters = new TreeSet<>(route.queries());
            Pattern.compile("\\{(\\w+)}").matcher(route.path()).results().forEach(found -> parameters.add(found.group(1)));
            real.put(route.method() + " " + route.path(), route.role() + " " + parameters);
        }
        var described = new TreeMap<String, String>();
        document.path("paths").forEachEntry((path, methods) -> methods.forEachEntry((method, operation) -> {
            var parameters = new TreeSet<String>();
            operation.path("parameters").forEach(parameter -> parameters.add(parameter.path("name").asString()));
            described.put(method.toUpperCase(Locale.ROOT) + " " + path, operation.path("x-role").asString() + " " + parameters);
        }));
        assertThat(described).isEqualTo(real);
        assertThat(real).hasSameSizeAs(routes);
    }

    @Test
    void hasEveryFieldOfWhatIsSentAndAnswered() {
        var used = new TreeSet<String>(Set.of("Problem"));
        assertRecord(Problem.class, used);
        for (Route route : routes) {
            JsonNode operation = document.path("paths").path(route.path()).path(route.method().toLowerCase(Locale.ROOT));
            String where = route.method() + " " + route.path();
            JsonNode sent = operation.path("requestBody").path("content").path("application/json").path("schema");
            assertSchema(where, sent, route.body(), used);
            JsonNode responses = operation.path("responses");
            String status = responses.has("202") ? "202" : "200";
            JsonNode answered = responses.path(status).path("content");
            if (route.answer() == Void.class) {
                assertThat(answered.path("application/json").path("schema").has("$ref")).as(where).isFalse();
            } else {
                assertSchema(where, answered.path("application/json").path("schema"), route.answer(), used);
            }
        }
        assertThat(names(document.path("components").path("schemas"))).isEqualTo(used);
    }

    private void assertSchema(String where, JsonNode schema, Type type, Set<String> used) {
        if (type == Void.class) {
            assertThat(schema.isMissingNode()).as(where).isTrue();
        } else if (type instanceof Class<?> c && c.isArray()) {
            assertThat(schema.path("type").asString()).as(where).isEqualTo("array");
            assertSchema(where, schema.path("items"), c.getComponentType(), used);
        } else if (type instanceof ParameterizedType list) {
            assertThat(types(schema)).as(where).contains("array");
            assertSchema(where, schema.path("items"), list.getActualTypeArguments()[0], used);
        } else if (type instanceof Class<?> c && c.isRecord()) {
            JsonNode reference = schema.has("oneOf") ? schema.path("oneOf").path(0) : schema;
            String name = NAMES.getOrDefault(c, c.getSimpleName());
            assertThat(reference.path("$ref").asString("")).as(where).isEqualTo("#/components/schemas/" + name);
            if (used.add(name)) {
                assertRecord(c, used);
            }
        } else {
            assertThat(types(schema)).as(where).contains(simple(type));
        }
    }

    private void assertRecord(Class<?> type, Set<String> used) {
        String name = NAMES.getOrDefault(type, type.getSimpleName());
        JsonNode properties = document.path("components").path("schemas").path(name).path("properties");
        RecordComponent[] components = type.getRecordComponents();
        assertThat(names(properties)).as(name).isEqualTo(new TreeSet<>(Arrays.stream(components).map(RecordComponent::getName).toList()));
        for (RecordComponent component : components) {
            assertSchema(name + "." + component.getName(), properties.path(component.getName()), component.getGenericType(), used);
        }
    }

    private static List<String> types(JsonNode schema) {
        var types = new ArrayList<String>();
        JsonNode type = schema.path("type");
        if (type.isArray()) {
            type.forEach(each -> types.add(each.asString()));
        } else {
            types.add(type.asString(""));
        }
        return types;
    }

    private static String simple(Type type) {
        if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
            return "integer";
        }
        if (type == double.class) {
            return "number";
        }
        return type == boolean.class || type == Boolean.class ? "boolean" : "string";
    }

    @Test
    void whatChangesSomethingIsNotForViewers() {
        assertThat(routes)
                .filteredOn(route -> !route.method().equals("GET") && !route.path().endsWith("/wait"))
                .isNotEmpty()
                .allSatisfy(route -> assertThat(route.role()).as(route.path()).isNotEqualTo(Role.VIEWER));
        assertThat(routes)
                .filteredOn(route -> route.path().matches(".*/(exec|console)"))
                .hasSize(2)
                .allSatisfy(route -> assertThat(route.role()).isNotEqualTo(Role.VIEWER));
    }

    @Test
    void noTwoRoutesTakeTheSameRequest() {
        for (Route one : routes) {
            assertThat(routes)
                    .filteredOn(other -> other.method().equals(one.method()) && other.values(Route.words(one.path())).isPresent())
                    .as(one.path())
                    .containsExactly(one);
        }
    }
}
