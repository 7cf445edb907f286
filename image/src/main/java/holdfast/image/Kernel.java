package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/// What is kept of a Debian kernel package: `vmlinux`, and below `modules` what a virtual machine may need, as packed.
///
/// @param directory where that is
/// @param release what `uname -r` says, and the name of the modules' directory
record Kernel(Path directory, String release) {
    private static final String BUILT_IN = "modules.builtin";

    Path vmlinux() {
        return directory.resolve("vmlinux");
    }

    private Path modules() {
        return directory.resolve("modules");
    }

    /// A kernel that [KernelPackage] has unpacked before.
    static Kernel at(Path directory) throws IOException {
        return new Kernel(directory, Files.readString(directory.resolve("release")).strip());
    }

    /// The paths of the modules that are part of `vmlinux`, for modprobe.
    byte[] builtIn() throws IOException {
        return Files.readAllBytes(modules().resolve(BUILT_IN));
    }

    /// All modules that were kept, as they were packed: path below the modules' directory, and file.
    Map<String, Path> packedModules() throws IOException {
        try (Stream<Path> files = Files.walk(modules())) {
            return files.filter(Files::isRegularFile)
                    .collect(Collectors.toMap(file -> modules().relativize(file).toString(), file -> file, (a, _) -> a, TreeMap::new));
        }
    }

    /// The modules with these names and all that they need, unpacked, in an order in which they can be loaded. What is built
    /// into the kernel is left out.
    ///
    /// @throws OperatorError when the kernel has no such module
    Iterable<KernelModule> modules(Iterable<String> names) throws IOException {
        var byName = new TreeMap<String, Path>();
        packedModules().values().stream()
                .filter(file -> file.toString().contains(".ko"))
                .forEach(file -> byName.put(KernelModule.name(file.toString()), file));
        Set<String> builtIn = Files.readAllLines(modules().resolve(BUILT_IN)).stream()
                .map(KernelModule::name)
                .collect(Collectors.toSet());
        var found = new LinkedHashMap<String, KernelModule>();
        for (String name : names) {
            collect(name, byName, builtIn, found);
        }
        return found.values();
    }

    private void collect(String name, Map<String, Path> byName, Set<String> builtIn, Map<String, KernelModule> found)
            throws IOException {
        if (found.containsKey(name) || builtIn.contains(name)) {
            return;
        }
        @Nullable Path file = byName.get(name);
        if (file == null) {
            throw new OperatorError("Linux " + release, "has no module " + name, "tell us: this kernel is newer than Holdfast");
        }
        KernelModule module = unpacked(file);
        for (String needed : module.dependencies()) {
            collect(needed.replace('-', '_'), byName, builtIn, found);
        }
        found.put(name, module);
    }

    /// One of [#packedModules], as it is loaded.
    KernelModule unpacked(Path file) throws IOException {
        String path = modules().relativize(file).toString();
        try (InputStream packed = Files.newInputStream(file)) {
            if (path.endsWith(".xz")) {
                return new KernelModule(path.substring(0, path.length() - ".xz".length()), new XZInputStream(packed).readAllBytes());
            }
            return new KernelModule(path, packed.readAllBytes());
        }
    }
}
