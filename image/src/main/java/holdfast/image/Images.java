package holdfast.image;

import holdfast.block.OperatorError;
import java.time.Clock;

/// This user's images.
public record Images(ImageStore store, ImageBuilder builder) {

    public static Images ofUser() {
        Places places = Places.of(System.getenv());
        ImageStore store = ImageStore.open(places.home(), Clock.systemUTC());
        return new Images(store, new ImageBuilder(store, places.cache()));
    }

    /// The image of this name; one of those that can be built is, if it is not there or this program's guest files are newer.
    ///
    /// @throws OperatorError when there is none, or it cannot be built
    public Image obtain(String name, Progress progress) throws InterruptedException {
        var recipe = Recipe.named(name);
        return recipe.isPresent()
                ? builder.obtain(recipe.get(), progress)
                : store.find(name).orElseThrow(() -> unknown(name));
    }

    /// @throws OperatorError when no image of this name could be found or built
    public void require(String name) {
        if (store.find(name).isEmpty()) {
            var _ = recipe(name);
        }
    }

    /// Whether the image of this name has cloud-init, or will when it has been built.
    ///
    /// @throws OperatorError when no image of this name could be found or built
    public boolean hasCloudInit(String name) {
        return store.find(name).map(Image::cloudInit).orElseGet(() -> recipe(name) instanceof Recipe.DebianCloud);
    }

    public static Recipe recipe(String name) {
        return Recipe.named(name).orElseThrow(() -> unknown(name));
    }

    private static OperatorError unknown(String name) {
        return new OperatorError(
                "image " + name, "there is none of this name", "see 'holdfast image ls'; tiny, debian and debian-cloud can be built");
    }
}
