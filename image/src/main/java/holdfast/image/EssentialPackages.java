package holdfast.image;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The packages without which dpkg and the scripts of other packages do not run: the essential ones and what they need.
final class EssentialPackages {
    private EssentialPackages() {}

    /// Their names, out of a set of packages that is whole.
    static Set<String> among(List<FetchedPackage> packages) throws IOException {
        Map<String, PackageControl> controls = new HashMap<>();
        for (FetchedPackage one : packages) {
            controls.put(one.version().name(), PackageControl.of(one.deb()));
        }
        return closure(controls);
    }

    static Set<String> closure(Map<String, PackageControl> controls) {
        Set<String> found = new TreeSet<>();
        Deque<String> waiting = new ArrayDeque<>();
        controls.forEach((name, control) -> {
            if (control.essential()) {
                waiting.add(name);
            }
        });
        while (!waiting.isEmpty()) {
            String name = waiting.remove();
            @Nullable PackageControl control = controls.get(name);
            if (control != null && found.add(name)) {
                // Of alternatives those that are here; a virtual package's provider is essential itself or not needed by scripts.
                control.dependencies().forEach(waiting::addAll);
            }
        }
        return found;
    }
}
