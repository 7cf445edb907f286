package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// A program or file that a benchmark needs and that we do not bring, out of the one list of them, `tools/peers`.
///
/// @param name a program's name, or a file's path
record Tool(String name, String debianPackage) {

    /// @param names out of the list's first column
    /// @param searchPath directories between colons, as `PATH` has them
    /// @throws OperatorError naming what is missing on this machine, and the command that installs it
    static void require(List<String> names, String searchPath) {
        List<Tool> missing = all().stream()
                .filter(tool -> names.contains(tool.name) && !tool.isHere(searchPath))
                .toList();
        if (!missing.isEmpty()) {
            throw new OperatorError(
                    missing.stream().map(Tool::name).collect(Collectors.joining(", ")),
                    "needed here, and not on this machine",
                    missing.stream()
                            .map(Tool::debianPackage)
                            .distinct()
                            .collect(Collectors.joining(" ", "apt-get install --no-install-recommends ", "")));
        }
    }

    private boolean isHere(String searchPath) {
        return name.startsWith("/")
                ? Files.isReadable(Path.of(name))
                : Arrays.stream(searchPath.split(":")).anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
    }

    static List<Tool> all() {
        try (InputStream list = Tool.class.getResourceAsStream("peers")) {
            if (list == null) {
                throw new IllegalStateException("tools/peers is not among the resources");
            }
            return new String(list.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split("\\s+", 3))
                    .map(columns -> new Tool(columns[0], columns[1]))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
