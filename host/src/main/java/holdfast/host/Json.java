package holdfast.host;

import holdfast.image.Temporary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Records as JSON. What a newer version has added is passed over, so that an older one can be told the same.
final class Json {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

    private Json() {}

    static String text(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    static byte[] bytes(Object value) {
        return text(value).getBytes(StandardCharsets.UTF_8);
    }

    /// @throws IOException when it is no such thing
    static <T> T read(String text, Class<T> type) throws IOException {
        try {
            T value = MAPPER.readValue(text, type);
            if (value == null) {
                throw new IOException("null is no " + type.getSimpleName());
            }
            return value;
        } catch (JacksonException e) {
            throw new IOException(e.getOriginalMessage(), e);
        }
    }

    static <T> T read(Path file, Class<T> type) throws IOException {
        return read(Files.readString(file), type);
    }

    /// Whole and durably, in place of what was there.
    static void write(Path file, Object value) throws IOException {
        Path unfinished = Temporary.beside(file);
        Files.writeString(unfinished, text(value) + "\n");
        Temporary.publish(unfinished, file);
    }
}
