package holdfast.image;

import holdfast.testkit.Tree;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/// Images that tests of whole guests share: built once, and again after `mvn clean`.
final class TestImage {
    private TestImage() {}

    /// Tiny with the tools of ext4.
    static Image withExt4() {
        return of(new Recipe.Tiny("ext4", List.of("e2fsprogs")));
    }

    /// Tiny with programs that keep a computer busy and check what it does.
    static Image withStressNg() {
        return of(new Recipe.Tiny("stress-ng", List.of("stress-ng")));
    }

    /// A whole Debian, as `holdfast run debian` has it; built by a machine of ours where there is none yet, or an outdated one. It is shared
    /// with the tests of the program.
    static Image debian() throws InterruptedException {
        ImageStore store = ImageStore.open(Tree.root().resolve("target/test-home"), Clock.systemUTC());
        return new ImageBuilder(store, cache()).obtain(Recipe.named(Recipe.Debian.NAME).orElseThrow(), Progress.NONE);
    }

    /// Where packages are kept.
    static Path cache() {
        return Places.of(System.getenv()).cache();
    }

    private static synchronized Image of(Recipe recipe) {
        Path home = Tree.root().resolve("image/target/test-images");
        ImageStore store = ImageStore.open(home, Clock.systemUTC());
        return store.current(recipe.name(), Fingerprint.of(recipe)).orElseGet(() -> build(store, recipe));
    }

    private static Image build(ImageStore store, Recipe recipe) {
        try {
            return new ImageBuilder(store, cache()).build(recipe, Progress.NONE);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
