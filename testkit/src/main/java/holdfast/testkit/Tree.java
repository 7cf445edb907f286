package holdfast.testkit;

import java.nio.file.Files;
import java.nio.file.Path;

/// The source tree the tests run in.
public final class Tree {

    private Tree() {}

    /// The root directory: the nearest one at or above the working directory that has `tools/peers`.
    public static Path root() {
        Path start = Path.of("").toAbsolutePath();
        for (Path directory = start; directory != null; directory = directory.getParent()) {
            if (Files.exists(directory.resolve("tools/peers"))) {
                return directory;
            }
        }
        throw new IllegalStateException("no source tree at or above " + start);
    }
}
