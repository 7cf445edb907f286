package holdfast.image;

import java.nio.file.Path;

/// Builds images from Debian's packages into a store.
public final class ImageBuilder {
    private final ImageStore store;
    private final Path cache;

    /// @param cache where packages are kept
    public ImageBuilder(ImageStore store, Path cache) {
        this.store = store;
        this.cache = cache;
    }

    /// Builds an image, in place of an older one of its name.
    ///
    /// @throws holdfast.block.OperatorError when packages cannot be fetched, or there is no space
    public Image build(Recipe recipe, Progress progress) throws InterruptedException {
        return switch (recipe) {
            case Recipe.Tiny tiny ->
                store.fill(ImageName.check(tiny.name()), directory -> TinyImage.build(tiny, cache, directory, progress));
        };
    }
}
