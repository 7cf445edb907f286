package holdfast.image;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where Holdfast keeps things on this machine.
///
/// @param home what is the user's and must not be lost: images, virtual machines
/// @param cache what can be fetched or made again
public record Places(Path home, Path cache) {

    /// `HOLDFAST_HOME` and `HOLDFAST_CACHE`, else a directory `holdfast` where the XDG base directory specification puts
    /// data and caches.
    public static Places of(Map<String, String> environment) {
        return new Places(
                place(environment, "HOLDFAST_HOME", "XDG_DATA_HOME", ".local/share"),
                place(environment, "HOLDFAST_CACHE", "XDG_CACHE_HOME", ".cache"));
    }

    private static Path place(Map<String, String> environment, String own, String xdg, String belowHome) {
        @Nullable String named = environment.get(own);
        if (named != null && !named.isEmpty()) {
            return Path.of(named).toAbsolutePath();
        }
        @Nullable String base = environment.get(xdg);
        // The specification: a relative path is invalid and to be ignored.
        if (base != null && base.startsWith("/")) {
            return Path.of(base, "holdfast");
        }
        @Nullable String user = environment.get("HOME");
        Path home = Path.of(user == null || user.isEmpty() ? System.getProperty("user.home", "/") : user);
        return home.resolve(belowHome).resolve("holdfast").toAbsolutePath();
    }
}
