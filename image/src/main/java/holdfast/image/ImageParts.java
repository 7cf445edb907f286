package holdfast.image;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a build has put into an image's directory under the names below, and what else there is to say of it.
///
/// @param recipe what it was built from; null when nothing was built
/// @param cloudInit as in [Image]
record ImageParts(String append, long memoryBytes, List<PackageVersion> packages, @Nullable Recipe recipe, boolean cloudInit) {
    static final long MEMORY_BYTES_DEFAULT = 1L << 30;

    static final String KERNEL = "kernel";
    static final String INITRD = "initrd";
    static final String DISK = "disk";
}
