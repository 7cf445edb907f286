package holdfast.block;

import java.nio.file.Files;
import java.nio.file.Path;

/// Opens what an operator has named as a disk, and says what is wrong with it in the operator's words.
final class ImageFile {
    private static final int S_IFMT = 0xf000;
    private static final int S_IFBLK = 0x6000;

    private ImageFile() {}

    /// @throws OperatorError when it is not there, is no file or block device, or may not be opened
    static OpenFile open(Path path, Access access) {
        if (Files.isDirectory(path)) {
            throw new OperatorError(path.toString(), "is a directory", "name a disk image");
        }
        OpenFile file = open(path, access, flags(path, access));
        if (!file.attributes().isRegularFile() && !isBlockDevice(file)) {
            file.close();
            throw new OperatorError(path.toString(), "is neither a file nor a block device", "name a disk image");
        }
        if (access == Access.READ_WRITE && isBlockDevice(file) && Posix.ioctl(file.fd(), Posix.BLKROGET) == 1) {
            file.close();
            throw cannotWrite(path, "is a write-protected device");
        }
        return file;
    }

    /// A block device is opened exclusively for writing: the kernel then refuses it while it is mounted, swapped to or
    /// part of something else, and refuses those meanwhile.
    private static int flags(Path path, Access access) {
        if (access == Access.READ_ONLY) {
            return Posix.O_RDONLY;
        }
        boolean special = Files.exists(path) && !Files.isRegularFile(path);
        return special ? Posix.O_RDWR | Posix.O_EXCL : Posix.O_RDWR;
    }

    private static OpenFile open(Path path, Access access, int flags) {
        try {
            return OpenFile.open(path, flags);
        } catch (SystemError e) {
            String reason = Posix.message(e.errno());
            throw switch (e.errno()) {
                case Posix.ENOENT -> new OperatorError(path.toString(), "is not there", "check the path");
                case Posix.EBUSY ->
                    new OperatorError(path.toString(), "is mounted or otherwise used by this host", "unmount it first");
                case Posix.EROFS -> cannotWrite(path, "is on a read-only file system");
                case Posix.EACCES, Posix.EPERM ->
                    access == Access.READ_WRITE && Files.isReadable(path)
                            ? cannotWrite(path, "may not be written by this user")
                            : new OperatorError(
                                    path.toString(), "may not be read by this user", "change its permissions");
                default -> new OperatorError(path.toString(), "cannot be opened: " + reason, "check the path");
            };
        }
    }

    private static OperatorError cannotWrite(Path path, String problem) {
        return new OperatorError(path.toString(), problem, "open it read-only, or make it writable");
    }

    static boolean isBlockDevice(OpenFile file) {
        return (file.mode() & S_IFMT) == S_IFBLK;
    }
}
