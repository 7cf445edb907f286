package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Picks files out of packages, with the shared libraries that they are linked with.
///
/// Packages are read twice: once for what there is, once for the content of what was picked, so that a large package that little
/// is taken from costs no memory.
final class PackageFiles {
    private static final String LIBRARIES = "usr/lib/riscv64-linux-gnu/";
    private static final String LOADER = "ld-linux-riscv64-lp64d.so.1";

    private final List<FetchedPackage> packages;
    private final Map<String, Found> files = new TreeMap<>();
    private final Set<String> picked = new HashSet<>();

    /// @param needed the libraries that a program or library is linked with
    private record Found(FetchedPackage origin, DebEntry entry, List<String> needed) {}

    PackageFiles(List<FetchedPackage> packages) throws IOException {
        this.packages = packages;
        for (FetchedPackage origin : packages) {
            origin.deb().files((entry, content) -> {
                List<String> needed = List.of();
                if (entry.type() == DebEntry.Type.FILE && mayBeLinked(entry)) {
                    byte[] bytes = content.readAllBytes();
                    needed = Elf.isElf(bytes) ? Elf.parse(bytes).neededLibraries() : List.of();
                }
                files.put(usr(entry.path()), new Found(origin, entry, needed));
            });
        }
    }

    private static boolean mayBeLinked(DebEntry entry) {
        return (entry.mode() & 0111) != 0 || entry.path().contains(".so");
    }

    /// Packages older than the merged layout have files in /bin, /sbin and /lib.
    private static String usr(String path) {
        return path.matches("(?:bin|sbin|lib)/.*") ? "usr/" + path : path;
    }

    /// Takes these files, by their paths.
    PackageFiles pick(String... paths) {
        for (String path : paths) {
            pickFile(path);
        }
        return this;
    }

    /// Takes all that the package with this name has, without documentation.
    PackageFiles pickPackage(String name) {
        Collection<String> own = new ArrayList<>();
        files.forEach((path, found) -> {
            if (found.origin().version().name().equals(name) && !isDocumentation(path)) {
                own.add(path);
            }
        });
        if (own.isEmpty()) {
            throw new OperatorError(name, "is a package without files of its own", "name the package that has the programs");
        }
        own.forEach(this::pickFile);
        return this;
    }

    private static boolean isDocumentation(String path) {
        return path.matches("usr/share/(?:doc|man|info|locale|lintian|bug|doc-base|bash-completion)(?:/.*)?");
    }

    private void pickFile(String path) {
        Deque<String> waiting = new ArrayDeque<>(List.of(path));
        while (!waiting.isEmpty()) {
            String next = waiting.remove();
            if (!picked.add(next)) {
                continue;
            }
            @Nullable Found found = files.get(next);
            if (found == null) {
                throw new OperatorError(
                        "Debian " + DebianMirror.RELEASE, "no package has /" + next, "tell us: a package is newer than Holdfast");
            }
            switch (found.entry().type()) {
                case SYMBOLIC_LINK -> target(next, found.entry().target()).filter(files::containsKey).ifPresent(waiting::add);
                case HARD_LINK -> waiting.add(usr(found.entry().target()));
                case FILE -> found.needed().forEach(library -> waiting.add(library(library)));
                case DIRECTORY -> {}
            }
        }
    }

    private String library(String name) {
        String usual = name.equals(LOADER) ? "usr/lib/" + name : LIBRARIES + name;
        if (files.containsKey(usual)) {
            return usual;
        }
        return files.keySet().stream().filter(path -> path.endsWith("/" + name)).findFirst().orElse(usual);
    }

    /// Where a symbolic link leads, if it stays below the root.
    private static Optional<String> target(String link, String target) {
        String path = Path.of("/" + link).resolveSibling(target).normalize().toString().substring(1);
        return path.isEmpty() ? Optional.empty() : Optional.of(usr(path));
    }

    /// Puts what was picked into a tree.
    void into(FileTree tree) throws IOException {
        Map<String, String> hardLinks = new HashMap<>();
        for (FetchedPackage origin : packages) {
            if (picked.stream().noneMatch(path -> origin.equals(originOf(path)))) {
                continue;
            }
            origin.deb().files((entry, content) -> {
                String path = usr(entry.path());
                if (!picked.contains(path) || !origin.equals(originOf(path))) {
                    return;
                }
                switch (entry.type()) {
                    case DIRECTORY -> tree.directory(path, entry.mode());
                    case FILE -> tree.file(path, entry.mode(), content.readAllBytes());
                    case SYMBOLIC_LINK -> tree.link(path, entry.target());
                    case HARD_LINK -> hardLinks.put(path, usr(entry.target()));
                }
            });
        }
        hardLinks.forEach((path, target) -> {
            @Nullable Node node = tree.at(target);
            if (node != null) {
                tree.put(path, node);
            }
        });
    }

    private @Nullable FetchedPackage originOf(String path) {
        @Nullable Found found = files.get(path);
        return found == null ? null : found.origin();
    }
}
