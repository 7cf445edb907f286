package holdfast.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/// The three streams this process was started with.
enum Stdio {
    IN(0),
    OUT(1),
    ERR(2);

    /// Major numbers of character devices that are terminals: virtual consoles and serial lines, /dev/tty and
    /// /dev/console, pseudo-terminals, and serial lines by USB, ARM and hypervisor (Linux, Documentation/admin-guide/devices.txt).
    private static final Set<Integer> TERMINALS = Set.of(4, 5, 136, 137, 138, 139, 140, 141, 142, 143, 188, 204, 229);

    private static final int FILE_TYPE = 0170000;
    private static final int CHARACTER_DEVICE = 0020000;

    private final Path file;

    Stdio(int descriptor) {
        file = Path.of("/proc/self/fd/" + descriptor);
    }

    /// Whether it leads to a terminal. Asked of the file's device number, since `isatty` by foreign function costs 50 ms
    /// at start and `System.console()` tells only of input and output together.
    boolean isTerminal() {
        return isTerminal(file);
    }

    static boolean isTerminal(Path file) {
        try {
            int mode = (int) Files.getAttribute(file, "unix:mode");
            long device = (long) Files.getAttribute(file, "unix:rdev");
            int major = (int) (device >>> 8) & 0xfff;
            return (mode & FILE_TYPE) == CHARACTER_DEVICE && TERMINALS.contains(major);
        } catch (IOException | UnsupportedOperationException closed) {
            return false;
        }
    }
}
