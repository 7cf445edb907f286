package holdfast.image;

import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The images of one user.
///
/// ```
/// images/NAME.json        the manifest: an image exists as soon as its manifest does
/// images/data/NAME-1/     its files, which never change; and `lock`, shared by those who use them
/// ```
///
/// A build fills a new directory under an exclusive lock and then puts the manifest in its place, atomically: an image is there
/// whole or not at all, and one that is built anew replaces the old one while guests go on with what they have. Directories
/// that no manifest names any more are removed once nobody holds their lock. Who makes one, names it or removes it holds `images/data.lock` meanwhile.
public final class ImageStore {
    private static final String SUFFIX = ".json";
    private static final String LOCK = "lock";

    private final Path images;
    private final Path data;
    private final Path turn;
    private final Clock clock;

    private ImageStore(Path home, Clock clock) {
        this.images = home.resolve("images");
        this.data = images.resolve("data");
        this.turn = images.resolve("data.lock");
        this.clock = clock;
    }

    /// Opens the store, and removes what a build that was killed has left behind.
    ///
    /// @throws OperatorError when the directory cannot be used
    public static ImageStore open(Path home, Clock clock) {
        var store = new ImageStore(home, clock);
        return StoreError.guard(store.images, () -> {
            Files.createDirectories(store.data);
            store.removeUnnamed();
            return store;
        });
    }

    public Optional<Image> find(String name) {
        return ImageName.isValid(name) ? manifest(name).map(manifest -> manifest.image(data)) : Optional.empty();
    }

    /// All images, sorted by name.
    public List<Image> list() {
        return StoreError.guard(images, () -> manifests().stream().map(manifest -> manifest.image(data)).toList());
    }

    /// Keeps the files of an image from being removed until the lease is closed. For whoever runs a guest from them.
    ///
    /// @throws OperatorError when the image has been removed meanwhile
    public Lease use(Image image) {
        return StoreError.guard(images, () -> {
            Path directory = directory(image.name());
            LockFile lock = lock(image.name(), directory, true).orElseThrow(() -> gone(image.name()));
            if (!manifest(image.name()).map(manifest -> data.resolve(manifest.directory())).equals(Optional.of(directory))) {
                lock.close();
                throw gone(image.name());
            }
            return new Lease(lock);
        });
    }

    /// The right to use an image's files.
    public static final class Lease implements AutoCloseable {
        private final LockFile lock;

        private Lease(LockFile lock) {
            this.lock = lock;
        }

        @Override
        public void close() {
            StoreError.guardVoid(Path.of("image"), lock::close);
        }
    }

    /// Removes an image.
    ///
    /// @throws OperatorError when there is none of this name, or it is in use
    public void remove(String name) throws InterruptedException {
        StoreError.guardInterruptibly(images, () -> {
            Path directory = directory(name);
            try (LockFile _ = turn();
                    LockFile _ = lock(name, directory, false).orElseThrow(() -> inUse(name))) {
                Files.delete(manifestFile(name));
                Temporary.sync(images);
                Temporary.remove(directory);
            }
            return name;
        });
    }

    /// Copies files of the operator's into a new image, in place of one of the same name.
    ///
    /// @throws OperatorError when a file is none that a guest could be started from
    public Image importFiles(String name, ImportedFiles files, Progress progress) throws InterruptedException {
        ImportCheck.check(files);
        return fill(ImageName.check(name), directory -> {
            progress.phase("copying");
            ImportCheck.copy(files.disk(), directory.resolve(ImageParts.DISK), progress);
            ImportCheck.copy(files.kernel(), directory.resolve(ImageParts.KERNEL), progress);
            ImportCheck.copy(files.initrd(), directory.resolve(ImageParts.INITRD), progress);
            return new ImageParts(files.append(), ImageParts.MEMORY_BYTES_DEFAULT, List.of(), null, files.cloudInit());
        });
    }

    /// Makes a disk that a guest has used an image, with the kernel and all else of the image that the guest was started from.
    ///
    /// @param disk drained; what reads as zeros becomes a hole
    public Image keep(String name, Image from, BlockDevice disk, Progress progress) {
        try {
            return fill(ImageName.check(name), directory -> {
                progress.phase("keeping the disk as " + name);
                linkOrCopy(from.kernel(), directory.resolve(ImageParts.KERNEL));
                linkOrCopy(from.initrd(), directory.resolve(ImageParts.INITRD));
                DiskCopy.of(disk, directory.resolve(ImageParts.DISK), progress);
                return new ImageParts(from.append(), from.memoryBytes(), from.packages(), null, from.cloudInit());
            });
        } catch (InterruptedException e) {
            throw new IllegalStateException("nothing here waits", e);
        }
    }

    /// The files of images never change, so two images can share them.
    private static void linkOrCopy(@Nullable Path from, Path to) throws IOException {
        if (from == null) {
            return;
        }
        try {
            Files.createLink(to, from);
        } catch (FileSystemException | UnsupportedOperationException _) {
            // Another file system, or one without links.
            Files.copy(from, to);
        }
    }

    /// Lets one build of an image go on at a time, on the whole machine.
    LockFile buildLock(String name, Progress progress) throws IOException, InterruptedException {
        return LockFile.exclusive(
                images.resolve("." + name + ".lock"), () -> progress.note("waiting for another holdfast that is building " + name));
    }

    /// The image, if it came from this recipe, or from no recipe at all: what the operator made is never replaced unasked.
    Optional<Image> current(String name, String recipe) {
        return manifest(name)
                .filter(manifest -> manifest.isOf(recipe))
                .map(manifest -> manifest.image(data));
    }

    /// What the image was built from, with the wishes of its operator; empty when there is none, or that is not known.
    Optional<Recipe> origin(String name) {
        return manifest(name).flatMap(Manifest::origin);
    }

    /// Makes an image under its name, in place of an older one.
    ///
    /// @param builder fills the directory it is given
    Image fill(String name, Builder builder) throws InterruptedException {
        return StoreError.guardInterruptibly(images, () -> {
            try (NewDirectory made = newDirectory(name)) {
                Path directory = made.path();
                Manifest manifest = describe(name, directory, builder.build(directory));
                for (String part : List.of(ImageParts.KERNEL, ImageParts.INITRD, ImageParts.DISK)) {
                    if (Files.exists(directory.resolve(part))) {
                        Temporary.sync(directory.resolve(part));
                    }
                }
                Temporary.sync(directory);
                Temporary.sync(data);
                try (LockFile _ = turn()) {
                    manifest.write(manifestFile(name));
                }
                return manifest.image(data);
            } finally {
                // Not this one, if it has become an image; its predecessor, if nobody uses it.
                removeUnnamed();
            }
        });
    }

    /// Fills an image's directory.
    @FunctionalInterface
    interface Builder {
        ImageParts build(Path directory) throws IOException, InterruptedException;
    }

    /// A directory that no manifest names yet, and the lock that keeps it from being removed for that.
    private record NewDirectory(Path path, LockFile lock) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            lock.close();
        }
    }

    private LockFile turn() throws IOException, InterruptedException {
        return LockFile.exclusive(turn, () -> {});
    }

    private NewDirectory newDirectory(String name) throws IOException, InterruptedException {
        try (LockFile _ = turn()) {
            int number = 1;
            while (Files.exists(data.resolve(name + "-" + number))) {
                number++;
            }
            Path directory = Files.createDirectory(data.resolve(name + "-" + number));
            return new NewDirectory(directory, LockFile.attempt(directory.resolve(LOCK), false).orElseThrow());
        }
    }

    private Manifest describe(String name, Path directory, ImageParts parts) throws IOException {
        MessageDigest digest = Sha256.digest();
        digest.update(parts.append().getBytes(StandardCharsets.UTF_8));
        long sizeBytes = 0;
        for (String part : List.of(ImageParts.KERNEL, ImageParts.INITRD, ImageParts.DISK)) {
            Path file = directory.resolve(part);
            if (Files.exists(file)) {
                ContentDigest content = ContentDigest.of(file);
                digest.update((part + " " + content.sha256() + "\n").getBytes(StandardCharsets.US_ASCII));
                sizeBytes += content.dataBytes();
            }
        }
        Recipe recipe = parts.recipe();
        return new Manifest(
                Manifest.FORMAT,
                name,
                directory.getFileName().toString(),
                Files.exists(directory.resolve(ImageParts.KERNEL)),
                Files.exists(directory.resolve(ImageParts.INITRD)),
                Files.exists(directory.resolve(ImageParts.DISK)),
                parts.append(),
                parts.memoryBytes(),
                Instant.now(clock).truncatedTo(ChronoUnit.SECONDS).toString(),
                "sha256:" + Sha256.hex(digest),
                sizeBytes,
                recipe == null ? "" : Fingerprint.of(recipe),
                parts.packages(),
                parts.cloudInit(),
                recipe == null ? null : recipe.with(),
                recipe == null ? null : recipe.diskBytes());
    }

    /// Whoever comes while another does this leaves it to him.
    private void removeUnnamed() throws IOException {
        if (unnamed().isEmpty()) {
            return;
        }
        Optional<LockFile> ours = LockFile.attempt(turn, false);
        if (ours.isEmpty()) {
            return;
        }
        try (LockFile _ = ours.get()) {
            for (Path directory : unnamed()) {
                Optional<LockFile> lock = LockFile.attempt(directory.resolve(LOCK), false);
                if (lock.isPresent()) {
                    try (LockFile _ = lock.get()) {
                        Temporary.remove(directory);
                    }
                }
            }
        }
    }

    private List<Path> unnamed() throws IOException {
        Set<String> named = new HashSet<>();
        manifests().forEach(manifest -> named.add(manifest.directory()));
        try (Stream<Path> directories = Files.list(data)) {
            return directories.filter(directory -> !named.contains(directory.getFileName().toString())).toList();
        }
    }

    private List<Manifest> manifests() throws IOException {
        var manifests = new ArrayList<Manifest>();
        try (Stream<Path> files = Files.list(images)) {
            for (Path file : (Iterable<Path>) files.filter(ImageStore::isManifest).sorted()::iterator) {
                readIfThere(file).ifPresent(manifests::add);
            }
        }
        return manifests;
    }

    private static boolean isManifest(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(SUFFIX) && ImageName.isValid(name.substring(0, name.length() - SUFFIX.length()));
    }

    private Optional<Manifest> manifest(String name) {
        return StoreError.guard(images, () -> readIfThere(manifestFile(name)));
    }

    /// Nothing, if it is not there any more.
    private static Optional<Manifest> readIfThere(Path file) throws IOException {
        try {
            return Optional.of(Manifest.read(file));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    private Path directory(String name) {
        return manifest(ImageName.check(name)).map(manifest -> data.resolve(manifest.directory())).orElseThrow(() -> gone(name));
    }

    /// Makes nothing of a directory that has just been removed.
    private static Optional<LockFile> lock(String name, Path directory, boolean shared) throws IOException {
        try {
            return LockFile.attemptExisting(directory.resolve(LOCK), shared);
        } catch (NoSuchFileException _) {
            throw gone(name);
        }
    }

    private Path manifestFile(String name) {
        return images.resolve(name + SUFFIX);
    }

    private static OperatorError inUse(String name) {
        return new OperatorError("image " + name, "is in use by a running guest", "end that first (poweroff)");
    }

    private static OperatorError gone(String name) {
        return new OperatorError("image " + name, "there is none of this name", "see what there is: holdfast image ls");
    }
}
