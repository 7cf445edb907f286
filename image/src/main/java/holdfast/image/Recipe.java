package holdfast.image;

import java.util.List;
import java.util.Optional;

/// What an image is built from.
public sealed interface Recipe {

    /// The recipes that need no more than their name, by which they are also the images' names: `tiny`, `debian`, `debian-cloud`.
    static Optional<Recipe> named(String name) {
        return switch (name) {
            case Tiny.NAME -> Optional.of(new Tiny(Tiny.NAME, List.of()));
            case Debian.NAME -> Optional.of(new Debian(Debian.NAME, OnDisk.DISK_BYTES_DEFAULT, List.of()));
            case DebianCloud.NAME -> Optional.of(new DebianCloud(DebianCloud.NAME, OnDisk.DISK_BYTES_DEFAULT, List.of()));
            default -> Optional.empty();
        };
    }

    /// What the image will be called.
    String name();

    /// What its operator wants in it beside the rest.
    List<String> with();

    /// Of its root disk; 0 when it has none.
    long diskBytes();

    /// The same with other wishes.
    Recipe with(List<String> packages, long diskBytes);

    /// Debian's kernel with busybox in an initramfs, no disk.
    ///
    /// @param with Debian packages whose files go in too, with the shared libraries that their programs are linked with; what else they
    ///     depend on is to be named itself, and no maintainer's script runs
    record Tiny(String name, List<String> with) implements Recipe {
        public static final String NAME = "tiny";

        public Tiny {
            with = List.copyOf(with);
        }

        @Override
        public long diskBytes() {
            return 0;
        }

        @Override
        public Tiny with(List<String> packages, long diskBytes) {
            return new Tiny(name, packages);
        }
    }

    /// A whole Debian on a disk.
    sealed interface OnDisk extends Recipe {
        long DISK_BYTES_DEFAULT = 4L << 30;
    }

    /// As Debian installs itself, with ssh.
    record Debian(String name, long diskBytes, List<String> with) implements OnDisk {
        public static final String NAME = "debian";

        public Debian {
            with = List.copyOf(with);
        }

        @Override
        public Debian with(List<String> packages, long diskBytes) {
            return new Debian(name, diskBytes, packages);
        }
    }

    /// The same with cloud-init, which sets up each machine as its user data says.
    record DebianCloud(String name, long diskBytes, List<String> with) implements OnDisk {
        public static final String NAME = "debian-cloud";

        public DebianCloud {
            with = List.copyOf(with);
        }

        @Override
        public DebianCloud with(List<String> packages, long diskBytes) {
            return new DebianCloud(name, diskBytes, packages);
        }
    }
}
