package holdfast.image;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A guest image in the store: what a virtual computer is started from.
///
/// @param name how the operator calls it
/// @param kernel a raw Linux Image, or null when the guest's own firmware starts it
/// @param initrd initial RAM file system, or null
/// @param disk raw root disk, or null; only ever to be read: a run writes elsewhere
/// @param append the kernel's command line
/// @param memoryBytes how much memory a guest gets unless the operator says otherwise
/// @param digest `sha256:...` of all of this: equal digests are equal images
/// @param sizeBytes what the image takes on this machine's disk
/// @param packages what it was built from, sorted by name; empty for an imported one
/// @param cloudInit whether it has cloud-init, which looks for a disk of its NoCloud source
public record Image(
        String name,
        @Nullable Path kernel,
        @Nullable Path initrd,
        @Nullable Path disk,
        String append,
        long memoryBytes,
        Instant created,
        String digest,
        long sizeBytes,
        List<PackageVersion> packages,
        boolean cloudInit) {

    public Image {
        packages = List.copyOf(packages);
    }
}
