package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.host.HostProblem;
import holdfast.host.SpecSchema;
import holdfast.host.VmSpec;
import holdfast.host.VmView;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// What somebody asks a machine to be: in a file, by options, and by `--set KEY=VALUE`, each nearer than what is named before it.
///
/// A file is YAML, or JSON, which is YAML too: the fields of a spec as [SpecSchema] has them; or what `info -o yaml` says of a machine, of which
/// `name`, `specGeneration` and `spec` are taken.
final class AskedSpec {
    private static final String NAME = "name";
    private static final String SPEC = "spec";
    private static final String GENERATION = "specGeneration";
    private static final String MEMORY = "memoryBytes";

    /// What else `info` says.
    private static final Set<String> OF_A_VIEW = Arrays.stream(VmView.class.getRecordComponents()).map(RecordComponent::getName).collect(Collectors.toSet());

    private final String where;
    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    private final Set<String> byOption = new HashSet<>();
    private @Nullable String name;
    private @Nullable Long generation;

    private AskedSpec(String where) {
        this.where = where;
    }

    /// Nothing but what options will say.
    static AskedSpec nothing() {
        return new AskedSpec("the spec");
    }

    /// What a machine is already.
    static AskedSpec of(VmView vm) {
        var asked = new AskedSpec("the spec of " + vm.name());
        asked.takeAll(OutputFormat.JSON.convertValue(vm, Map.class));
        return asked;
    }

    /// @param file `-`: standard input
    static AskedSpec in(String file, Streams streams) {
        try {
            return file.equals("-")
                    ? parse(new String(streams.in().readAllBytes(), StandardCharsets.UTF_8), "standard input")
                    : parse(Files.readString(Path.of(file)), file);
        } catch (NoSuchFileException e) {
            throw new OperatorError(file, "is not there", "check the path");
        } catch (IOException e) {
            throw new OperatorError(file, "cannot be read: " + e.getMessage(), "name another file");
        }
    }

    /// @param where the text is from
    /// @throws HostProblem when it is no YAML, or something else than a spec
    static AskedSpec parse(String text, String where) {
        if (!(value(text, where) instanceof Map<?, ?> map)) {
            throw invalid(where, "is no spec, which has a line FIELD: VALUE for each of its fields");
        }
        var asked = new AskedSpec(where);
        asked.takeAll(map);
        return asked;
    }

    private static @Nullable Object value(String yaml, String where) {
        try {
            return new Load(LoadSettings.builder().setLabel(where).build()).loadFromString(yaml);
        } catch (MarkedYamlEngineException e) {
            String place = e.getProblemMark().map(mark -> "line " + (mark.getLine() + 1) + ": ").orElse("");
            throw invalid(where, place + e.getProblem());
        } catch (YamlEngineException e) {
            throw invalid(where, String.valueOf(e.getMessage()).lines().findFirst().orElse("is no YAML"));
        }
    }

    private static HostProblem invalid(String where, String problem) {
        return new HostProblem(HostProblem.Kind.INVALID, where, problem, "correct it; 'holdfast host schema' says what a spec has");
    }

    private void takeAll(Map<?, ?> document) {
        if (!document.containsKey(SPEC)) {
            document.forEach((key, value) -> fields.put(String.valueOf(key), value));
            name = fields.get(NAME) instanceof String said ? said : null;
            fields.remove(NAME, name);
            return;
        }
        if (!(document.get(SPEC) instanceof Map<?, ?> spec)) {
            throw invalid(where, "spec: has no fields");
        }
        for (Object key : document.keySet()) {
            if (!OF_A_VIEW.contains(String.valueOf(key))) {
                throw invalid(where, key + ": is nothing that there is beside name, specGeneration and spec");
            }
        }
        spec.forEach((key, value) -> fields.put(String.valueOf(key), value));
        name = document.get(NAME) == null ? null : String.valueOf(document.get(NAME));
        if (document.get(GENERATION) instanceof Number number) {
            generation = number.longValue();
        } else if (document.get(GENERATION) != null) {
            throw invalid(where, GENERATION + ": is no number");
        }
    }

    /// What it is to be called, if an option says that.
    AskedSpec named(@Nullable String byName) {
        if (byName != null) {
            name = byName;
            byOption.add(NAME);
        }
        return this;
    }

    /// What an option says, if it was given.
    AskedSpec option(String field, @Nullable Object value) {
        if (value != null && !(value instanceof Collection<?> all && all.isEmpty())) {
            fields.put(field, OutputFormat.JSON.convertValue(value, Object.class));
            byOption.add(field);
        }
        return this;
    }

    /// @param settings each `KEY=VALUE`: a field of the spec, or `name`; the value is YAML, a text needs no quotes
    AskedSpec set(List<String> settings) {
        for (String setting : settings) {
            int end = setting.indexOf('=');
            String field = end < 0 ? setting : setting.substring(0, end);
            if (end < 0 || !field.equals(NAME) && !SpecSchema.fields().contains(field)) {
                throw new UsageError("--set " + setting + ": is not such as restart=always; there are " + NAME + ", " + String.join(", ", SpecSchema.fields()));
            }
            if (!byOption.add(field)) {
                throw new UsageError("--set " + field + ": is said twice, or by an option of its own");
            }
            String value = setting.substring(end + 1);
            if (field.equals(NAME)) {
                name = value;
            } else {
                fields.put(field, SpecSchema.isText(field) ? value : value(value, "--set " + setting));
            }
        }
        return this;
    }

    /// Null: none was named.
    @Nullable String name() {
        return name;
    }

    /// Of the spec that this is a change of; null: that was not said.
    @Nullable Long generation() {
        return generation;
    }

    /// @throws HostProblem when it does not keep to the schema
    VmSpec spec() {
        var whole = new LinkedHashMap<>(fields);
        if (whole.get(MEMORY) instanceof String size) {
            try {
                whole.put(MEMORY, ByteSize.parse(size).bytes());
            } catch (IllegalArgumentException e) {
                throw invalid(where, MEMORY + ": " + e.getMessage());
            }
        }
        return SpecSchema.read(whole, where);
    }

    /// As it is edited.
    String text() {
        var shown = new LinkedHashMap<>(fields);
        if (shown.get(MEMORY) instanceof Number bytes) {
            shown.put(MEMORY, new ByteSize(bytes.longValue()).toString());
        }
        var document = new LinkedHashMap<String, @Nullable Object>();
        document.put(NAME, name);
        document.put(GENERATION, generation);
        document.put(SPEC, shown);
        return OutputFormat.yaml.of(document) + "\n";
    }
}
