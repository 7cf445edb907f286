package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.share.Mount;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A directory of the host's that the guest is to have.
///
/// @param directory absolute path on the host
/// @param path absolute, in the guest
public record SpecMount(@Nullable String directory, @Nullable String path, boolean readOnly) {

    public static SpecMount of(Mount mount) {
        return new SpecMount(mount.directory().toString(), mount.guestPath(), mount.readOnly());
    }

    /// @throws HostProblem when there is none
    void check() {
        if (!Files.isDirectory(mount().directory())) {
            throw new HostProblem(Kind.INVALID, "mount " + directory, "is no directory of this host", "correct it");
        }
    }

    /// @throws HostProblem when it makes no sense
    Mount mount() {
        if (directory == null || !Path.of(directory).isAbsolute()) {
            throw new HostProblem(Kind.INVALID, "mount " + directory, "is not an absolute path", "correct it");
        }
        try {
            return new Mount(Path.of(directory).normalize(), String.valueOf(path), readOnly);
        } catch (IllegalArgumentException e) {
            throw new HostProblem(Kind.INVALID, "mount " + directory, String.valueOf(e.getMessage()), "correct it");
        }
    }
}
