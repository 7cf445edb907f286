package holdfast.host;

import holdfast.host.HostProblem.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import tools.jackson.core.JacksonException;

/// What cloud-init in a guest is told. It comes as a disk, as cloud-init's data source NoCloud has it: a file system named `cidata` with the files `user-data` and
/// `meta-data`.
///
/// @param userData what it is to do, in base64, since it may be compressed; null: nothing
/// @param metaData more of what it is to know of its machine, in YAML, and goes before what we say of that; null: no more
public record CloudSeed(@Nullable String userData, @Nullable String metaData) {
    static final CloudSeed EMPTY = new CloudSeed(null, null);

    private static final int USER_DATA_BYTES_MAX = 512 << 10;
    private static final int META_DATA_CHARS_MAX = 64 << 10;

    /// By which cloud-init knows user data of each kind. What begins otherwise it passes over, and says so in a log in the guest alone.
    private static final List<String> BEGINNINGS = List.of("#cloud-", "#!", "#include", "#part-handler", "## template: jinja");

    /// In the first characters of a message of several parts.
    private static final String SEVERAL_PARTS = "mime-version:";

    private static final int SEVERAL_PARTS_WITHIN = 4096;

    /// @throws HostProblem when cloud-init would make nothing of it
    void check() {
        byte[] data = userDataBytes();
        if (data.length > USER_DATA_BYTES_MAX) {
            throw invalid("user data", "has " + data.length + " bytes; at most " + USER_DATA_BYTES_MAX + " are possible", "compress it with gzip, or #include it");
        }
        if (!isKnown(data)) {
            throw invalid("user data", "is of no kind that cloud-init knows, which goes by how it begins", "begin it with #cloud-config, or with #! if it is a script");
        }
        if (metaData != null && metaData.length() > META_DATA_CHARS_MAX) {
            throw invalid("metadata", "has " + metaData.length() + " characters; at most " + META_DATA_CHARS_MAX + " are possible", "say less");
        }
        metaDataOf("id", "name", "");
    }

    private static boolean isKnown(byte[] data) {
        if (data.length > 1 && data[0] == 0x1f && data[1] == (byte) 0x8b) {
            return true;
        }
        String text = new String(data, StandardCharsets.UTF_8).toLowerCase(Locale.ROOT);
        return text.isBlank()
                || BEGINNINGS.stream().anyMatch(text.stripLeading()::startsWith)
                || text.substring(0, Math.min(text.length(), SEVERAL_PARTS_WITHIN)).contains(SEVERAL_PARTS);
    }

    private byte[] userDataBytes() {
        try {
            return userData == null ? new byte[0] : Base64.getDecoder().decode(userData);
        } catch (IllegalArgumentException e) {
            throw invalid("user data", "is not in base64: " + e.getMessage(), "encode it");
        }
    }

    /// Writes the disk.
    ///
    /// @param publicKey by which root and the image's own user may be reached by ssh; empty: by none
    void write(Path file, VmRecord machine, String publicKey) throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        files.put("user-data", userDataBytes());
        files.put("meta-data", metaDataOf(machine.id(), machine.name(), publicKey));
        FatDisk.write(file, Integer.parseUnsignedInt(machine.id(), 16), "CIDATA", files);
    }

    /// In JSON, which is YAML.
    private byte[] metaDataOf(String id, String name, String publicKey) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("instance-id", id);
        facts.put("local-hostname", name);
        if (!publicKey.isEmpty()) {
            facts.put("public-keys", List.of(publicKey));
        }
        said().forEach((key, value) -> facts.put(String.valueOf(key), value));
        try {
            return Json.bytes(facts);
        } catch (JacksonException e) {
            throw invalid("metadata", "cannot be written down: " + e.getOriginalMessage(), "correct it");
        }
    }

    private Map<?, ?> said() {
        try {
            @Nullable Object value = metaData == null ? null : new Load(LoadSettings.builder().setLabel("metadata").build()).loadFromString(metaData);
            if (value == null) {
                return Map.of();
            }
            if (value instanceof Map<?, ?> map) {
                return map;
            }
            throw invalid("metadata", "is no mapping of names to values", "correct it");
        } catch (YamlEngineException e) {
            throw invalid("metadata", "is no YAML: " + problem(e), "correct it");
        }
    }

    private static String problem(YamlEngineException e) {
        if (e instanceof MarkedYamlEngineException marked) {
            String line = marked.getProblemMark().map(mark -> " in line " + (mark.getLine() + 1)).orElse("");
            return marked.getProblem() + line;
        }
        return String.valueOf(e.getMessage());
    }

    private static HostProblem invalid(String subject, String problem, String nextStep) {
        return new HostProblem(Kind.INVALID, subject, problem, nextStep);
    }
}
