package holdfast.block;

import java.io.IOException;
import java.nio.file.Path;

/// A system call that failed.
final class SystemError extends IOException {
    private final int errno;

    SystemError(Path path, int errno) {
        super(path + ": " + Posix.message(errno));
        this.errno = errno;
    }

    int errno() {
        return errno;
    }
}
