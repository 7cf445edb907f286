package holdfast.image;

import java.util.List;

/// What a build has put into an image's directory under the names below, and what else there is to say of it.
///
/// @param recipe by what to tell whether another build would give something else; empty when nothing was built
/// @param cloudInit as in [Image]
record ImageParts(String append, long memoryBytes, List<PackageVersion> packages, String recipe, boolean cloudInit) {
    static final long MEMORY_BYTES_DEFAULT = 1L << 30;

    static final String KERNEL = "kernel";
    static final String INITRD = "initrd";
    static final String DISK = "disk";
}
