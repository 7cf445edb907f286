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

    /// The image of this name, built first if it is one of those that can be and is not there.
    ///
    /// @throws OperatorError when there is none, or it cannot be built
    Image obtain(String name, Progress progress) throws InterruptedException {
        var found = store.find(name);
        return found.isPresent() ? found.get() : builder.build(recipe(name), progress);
    }

    /// @throws OperatorError when no image of this name could be found or built
    void require(String name) {
        if (store.find(name).isEmpty()) {
            var _ = recipe(name);
        }
    }

    static Recipe recipe(String name) {
        return Recipe.named(name)
                .orElseThrow(() -> new OperatorError(
                        "image " + name, "there is none of this name", "see 'holdfast image ls'; tiny and debian can be built"));
    }
}
