package holdfast.bench;

import holdfast.image.Image;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A virtual machine that both contenders can start.
///
/// @param image the image that is booted just as it is; null for a machine of our own making
/// @param disk whose changes are thrown away, or null
/// @param append for the kernel's command line
record GuestSpec(
        @Nullable String image,
        Path kernel,
        Path initrd,
        @Nullable Path disk,
        String append,
        int harts,
        int memoryMebibytes) {

    /// An image with one hart.
    static GuestSpec of(Image image, int memoryMebibytes) {
        return new GuestSpec(
                image.name(),
                Objects.requireNonNull(image.kernel(), "those that we build have one"),
                Objects.requireNonNull(image.initrd(), "those that we build have one"),
                image.disk(),
                image.append(),
                1,
                memoryMebibytes);
    }

    GuestSpec withHarts(int count) {
        return new GuestSpec(image, kernel, initrd, disk, append, count, memoryMebibytes);
    }

    /// The same machine with another initial RAM file system and more on the command line, which makes it no image's any more.
    GuestSpec with(Path otherInitrd, String moreToAppend) {
        return new GuestSpec(null, kernel, otherInitrd, disk, append + moreToAppend, harts, memoryMebibytes);
    }
}
