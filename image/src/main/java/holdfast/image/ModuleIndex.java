package holdfast.image;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/// The files that tell `modprobe` what it must load for what: what depmod makes, for the modules of one tree.
final class ModuleIndex {
    private final Map<String, KernelModule> modules = new TreeMap<>();

    ModuleIndex(Iterable<KernelModule> modules) {
        modules.forEach(module -> this.modules.put(module.name(), module));
    }

    /// `modules.dep`: each module's path, and the paths of all that it needs, the first needed last.
    byte[] dependencies() {
        var text = new StringBuilder();
        for (KernelModule module : modules.values()) {
            text.append(module.path()).append(':');
            new ArrayList<>(needed(module, new LinkedHashSet<>())).reversed().forEach(path -> text.append(' ').append(path));
            text.append('\n');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// `modules.alias`: which module answers to which name the kernel asks for.
    byte[] aliases() {
        var text = new StringBuilder();
        for (KernelModule module : modules.values()) {
            module.aliases().forEach(alias -> text.append("alias ").append(alias).append(' ').append(module.name()).append('\n'));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private Set<String> needed(KernelModule module, Set<String> paths) {
        List<KernelModule> direct = module.dependencies().stream()
                .map(name -> modules.get(name.replace('-', '_')))
                .filter(Objects::nonNull)
                .toList();
        for (KernelModule dependency : direct) {
            needed(dependency, paths);
            paths.add(dependency.path());
        }
        return paths;
    }
}
