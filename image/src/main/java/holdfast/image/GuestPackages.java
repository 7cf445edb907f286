package holdfast.image;

import holdfast.image.Apt.Base;
import holdfast.image.Apt.Wanted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Debian's packages for guests, fetched when they are first needed and kept in the cache. Open at most once on a machine:
/// a second process waits.
final class GuestPackages implements AutoCloseable {
    private static final String KERNEL = "linux-image-riscv64";
    private static final Path HOST_SETTINGS = Path.of("/etc/apt");

    private final Path cache;
    private final DebianMirror mirror;
    private final LockFile lock;
    private final Apt apt;
    private final Progress progress;

    private GuestPackages(Path cache, DebianMirror mirror, LockFile lock, Apt apt, Progress progress) {
        this.cache = cache;
        this.mirror = mirror;
        this.lock = lock;
        this.apt = apt;
        this.progress = progress;
    }

    /// Sees to it that package lists are here.
    ///
    /// @throws holdfast.block.OperatorError when they cannot be fetched
    static GuestPackages open(Path cache, Progress progress) throws InterruptedException {
        return StoreError.guardInterruptibly(cache, () -> opened(cache, progress));
    }

    private static GuestPackages opened(Path cache, Progress progress) throws IOException, InterruptedException {
        DebianMirror mirror =
                DebianMirror.of(AptSources.read(HOST_SETTINGS), System.getenv("HOLDFAST_MIRROR"), DebianMirror.KEYRING);
        LockFile lock = LockFile.exclusive(
                cache.resolve("packages.lock"), () -> progress.note("waiting for another holdfast that is fetching packages"));
        try {
            Apt apt = Apt.at(cache.resolve("apt"), mirror);
            apt.update(progress);
            return new GuestPackages(cache, mirror, lock, apt, progress);
        } catch (IOException | InterruptedException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    DebianMirror mirror() {
        return mirror;
    }

    /// The packages and all that they depend on.
    List<FetchedPackage> fetch(List<String> names) throws InterruptedException {
        return StoreError.guardInterruptibly(cache, () -> fetched(names));
    }

    private List<FetchedPackage> fetched(List<String> names) throws IOException, InterruptedException {
        var wanted = new Wanted(Base.NOTHING, names);
        List<AptPackage> packages = apt.resolve(wanted);
        List<Deb> debs = apt.fetch(wanted, packages, progress);
        var fetched = new ArrayList<FetchedPackage>();
        for (int i = 0; i < debs.size(); i++) {
            fetched.add(new FetchedPackage(packages.get(i).packageVersion(), debs.get(i)));
        }
        return fetched;
    }

    /// Debian's newest kernel: the package is fetched and unpacked once, and only what a guest needs is kept.
    FetchedKernel kernel() throws InterruptedException {
        return StoreError.guardInterruptibly(cache, this::fetchedKernel);
    }

    private FetchedKernel fetchedKernel() throws IOException, InterruptedException {
        var wanted = new Wanted(Base.BOOT, List.of(KERNEL));
        List<AptPackage> packages = apt.resolve(wanted);
        AptPackage image = packages.stream()
                .filter(candidate -> candidate.name().startsWith("linux-image-") && !candidate.name().equals(KERNEL))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(KERNEL + " brings no kernel: " + packages));
        Path kernels = cache.resolve("kernels");
        Path directory = kernels.resolve(image.version());
        if (Files.isDirectory(directory)) {
            return new FetchedKernel(image.packageVersion(), Kernel.at(directory));
        }
        List<Deb> debs = apt.fetch(wanted, packages, progress);
        progress.phase("unpacking the kernel");
        Kernel kernel = KernelPackage.unpack(debs.get(packages.indexOf(image)), directory);
        Files.deleteIfExists(debs.get(packages.indexOf(image)).file());
        removeOthers(kernels, directory);
        return new FetchedKernel(image.packageVersion(), kernel);
    }

    /// A kernel that is here.
    record FetchedKernel(PackageVersion version, Kernel kernel) {}

    /// Images have copies of theirs: an older kernel in the cache serves nobody.
    private static void removeOthers(Path kernels, Path kept) throws IOException {
        try (Stream<Path> others = Files.list(kernels)) {
            for (Path other : (Iterable<Path>) others.filter(directory -> !directory.equals(kept))::iterator) {
                Temporary.remove(other);
            }
        }
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
