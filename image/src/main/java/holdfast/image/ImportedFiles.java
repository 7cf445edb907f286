package holdfast.image;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Files of the operator's that are to become an image; they are copied.
///
/// @param disk a raw disk
/// @param kernel a raw Linux Image for riscv64
/// @param initrd an initial RAM file system
/// @param append the kernel's command line
/// @param cloudInit as in [Image]
public record ImportedFiles(@Nullable Path disk, @Nullable Path kernel, @Nullable Path initrd, String append, boolean cloudInit) {}
