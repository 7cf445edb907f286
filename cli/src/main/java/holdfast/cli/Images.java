package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.image.Image;
import holdfast.image.ImageBuilder;
import holdfast.image.ImageStore;
import holdfast.image.Places;
import holdfast.image.Progress;
import holdfast.image.Recipe;
import java.time.Clock;

/// This user's images.
record Images(ImageStore store, ImageBuilder builder) {

    static Images ofUser() {
        Places places = Places.of(System.getenv());
        ImageStore store = ImageStore.open(places.home(), Clock.systemUTC());
        return new Images(store, new ImageBuilder(store, places.cache()));
    }

    /// The image of this name; one of those that can be built is, if it is not there or this program's guest files are newer.
    ///
    /// @throws OperatorError when there is none, or it cannot be built
    Image obtain(String name, Progress progress) throws InterruptedException {
        var recipe = Recipe.named(name);
        return recipe.isPresent()
                ? builder.obtain(recipe.get(), progress)
                : store.find(name).orElseThrow(() -> unknown(name));
    }

    /// @throws OperatorError when no image of this name could be found or built
    void require(String name) {
        if (store.find(name).isEmpty()) {
            var _ = recipe(name);
        }
    }

    static Recipe recipe(String name) {
        return Recipe.named(name).orElseThrow(() -> unknown(name));
    }

    private static OperatorError unknown(String name) {
        return new OperatorError(
                "image " + name, "there is none of this name", "see 'holdfast image ls'; tiny and debian can be built");
    }
}
