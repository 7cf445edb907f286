package holdfast.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What the store writes down about an image: `NAME.json`, whose appearance under that name makes the image exist.
///
/// @param format of this file
/// @param directory below `data`, where the image's files are
/// @param created in ISO 8601, UTC
/// @param recipe by what to tell whether another build would give something else ([Fingerprint]); empty when nothing was built; null in an image
///     made before images had recipes, which no recipe of today made
/// @param with the packages that the recipe was given; null when nothing was built, or before this was written down
/// @param diskBytes as of [Recipe]; null as `with`
/// @param cloudInit as in [Image]; null in an image made before images could have it
record Manifest(
        int format,
        String name,
        String directory,
        boolean kernel,
        boolean initrd,
        boolean disk,
        String append,
        long memoryBytes,
        String created,
        String digest,
        long sizeBytes,
        @Nullable String recipe,
        List<PackageVersion> packages,
        @Nullable Boolean cloudInit,
        @Nullable List<String> with,
        @Nullable Long diskBytes) {

    static final int FORMAT = 1;

    Manifest {
        for (Object needed : new Object[] {name, directory, append, created, digest, packages}) {
            Objects.requireNonNull(needed);
        }
    }

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /// Whether the image came from this recipe, or from no recipe at all.
    boolean isOf(String wanted) {
        return recipe != null && (recipe.isEmpty() || recipe.equals(wanted));
    }

    /// The recipe, with what the operator wished when it was built; empty when that is not known.
    Optional<Recipe> origin() {
        return with == null || diskBytes == null ? Optional.empty() : Recipe.named(name).map(plain -> plain.with(with, diskBytes));
    }

    void write(Path file) throws IOException {
        Path unfinished = Temporary.beside(file);
        Files.writeString(unfinished, JSON.writeValueAsString(this) + "\n");
        Temporary.publish(unfinished, file);
    }

    /// @throws IOException when it cannot be read, or is none that this Holdfast knows
    static Manifest read(Path file) throws IOException {
        try {
            Manifest manifest = JSON.readValue(Files.readString(file), Manifest.class);
            if (manifest.format != FORMAT || !ImageName.isValid(manifest.directory)) {
                throw new IOException(file + ": is of a form that this Holdfast does not know");
            }
            return manifest;
        } catch (JacksonException | NullPointerException e) {
            throw new IOException(file + ": is damaged", e);
        }
    }

    Image image(Path data) {
        Path files = data.resolve(directory);
        return new Image(
                name,
                part(kernel, files, ImageParts.KERNEL),
                part(initrd, files, ImageParts.INITRD),
                part(disk, files, ImageParts.DISK),
                append,
                memoryBytes,
                Instant.parse(created),
                digest,
                sizeBytes,
                packages,
                Boolean.TRUE.equals(cloudInit));
    }

    private static @Nullable Path part(boolean has, Path files, String name) {
        return has ? files.resolve(name) : null;
    }
}
