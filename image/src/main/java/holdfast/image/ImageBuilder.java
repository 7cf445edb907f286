package holdfast.image;

import java.nio.file.Path;
import java.util.Optional;

/// Builds images from Debian's packages into a store.
public final class ImageBuilder {
    private final ImageStore store;
    private final Path cache;
    private final GuestRunner runner;

    /// @param cache where packages are kept
    public ImageBuilder(ImageStore store, Path cache) {
        this(store, cache, new MachineRunner());
    }

    ImageBuilder(ImageStore store, Path cache, GuestRunner runner) {
        this.store = store;
        this.cache = cache;
        this.runner = runner;
    }

    /// The image, built if it is not there, or if it was built by a Holdfast that makes another one of it: then with what its operator wished in it.
    ///
    /// @param plain without wishes
    /// @throws holdfast.block.OperatorError as [#build]
    public Image obtain(Recipe plain, Progress progress) throws InterruptedException {
        Recipe recipe = store.origin(plain.name()).orElse(plain);
        String fingerprint = Fingerprint.of(recipe);
        Optional<Image> there = store.current(recipe.name(), fingerprint);
        return there.isPresent() ? there.get() : locked(recipe, progress, () -> {
            // Another process may have built it while this one waited.
            Optional<Image> built = store.current(recipe.name(), fingerprint);
            return built.isPresent() ? built.get() : make(recipe, progress);
        });
    }

    /// Builds an image, in place of an older one of its name.
    ///
    /// @throws holdfast.block.OperatorError when packages cannot be fetched, or there is no space
    public Image build(Recipe recipe, Progress progress) throws InterruptedException {
        return locked(recipe, progress, () -> make(recipe, progress));
    }

    private Image locked(Recipe recipe, Progress progress, StoreError.LongAction<Image> action) throws InterruptedException {
        ImageName.check(recipe.name());
        return StoreError.guardInterruptibly(cache, () -> {
            try (LockFile _ = store.buildLock(recipe.name(), progress)) {
                return action.run();
            }
        });
    }

    private Image make(Recipe recipe, Progress progress) throws InterruptedException {
        return switch (recipe) {
            case Recipe.Tiny tiny -> store.fill(tiny.name(), directory -> TinyImage.build(tiny, cache, directory, progress));
            case Recipe.OnDisk debian ->
                store.fill(debian.name(), new DebianImage(debian, cache, runner, progress)::build);
        };
    }
}
