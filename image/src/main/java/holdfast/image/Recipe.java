package holdfast.image;

import java.util.List;
import java.util.Optional;

/// What an image is built from.
public sealed interface Recipe {

    /// The recipes that need no more than their name, by which they are also the images' names: `tiny`.
    static Optional<Recipe> named(String name) {
        return switch (name) {
            case Tiny.NAME -> Optional.of(new Tiny(Tiny.NAME, List.of()));
            default -> Optional.empty();
        };
    }

    /// What the image will be called.
    String name();

    /// Debian's kernel with busybox in an initramfs, no disk.
    ///
    /// @param with Debian packages whose files go in too, with the shared libraries that their programs are linked with; what else they
    ///     depend on is to be named itself, and no maintainer's script runs
    record Tiny(String name, List<String> with) implements Recipe {
        public static final String NAME = "tiny";

        public Tiny {
            with = List.copyOf(with);
        }
    }
}
