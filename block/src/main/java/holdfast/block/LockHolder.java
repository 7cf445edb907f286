package holdfast.block;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A process that holds locks on a file.
///
/// The kernel does not say who owns the lock of an open file description, as several processes may: `F_OFD_GETLK` and
/// /proc/locks have -1. The descriptor's /proc/PID/fdinfo lists the locks that it holds, for those processes that we may
/// look at.
record LockHolder(long pid, String command) {

    /// The first process, other than this one if there is a choice, that holds a lock of the same file by another open.
    static Optional<LockHolder> of(OpenFile file) {
        String inode = "\nino:\t" + file.inode() + "\n";
        long self = ProcessHandle.current().pid();
        Optional<LockHolder> ours = Optional.empty();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                long pid = Long.parseLong(process.getFileName().toString());
                int except = pid == self ? file.fd() : -1;
                if (holdsLocks(process, inode, except)) {
                    var holder = new LockHolder(pid, command(process));
                    if (pid != self) {
                        return Optional.of(holder);
                    }
                    ours = Optional.of(holder);
                }
            }
        } catch (IOException _) {
            // No /proc: the holder stays unnamed.
        }
        return ours;
    }

    private static boolean holdsLocks(Path process, String inode, int except) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fdinfo"))) {
            for (Path descriptor : descriptors) {
                if (!descriptor.endsWith(Integer.toString(except)) && locks(descriptor, inode)) {
                    return true;
                }
            }
        } catch (IOException _) {
            // Another user's process, or one that has just ended.
        }
        return false;
    }

    private static boolean locks(Path descriptor, String inode) {
        try {
            String info = Files.readString(descriptor);
            return info.contains(inode) && info.contains("OFDLCK");
        } catch (IOException _) {
            // Closed meanwhile.
            return false;
        }
    }

    private static String command(Path process) {
        try {
            List<String> lines = Files.readAllLines(process.resolve("comm"));
            return lines.isEmpty() ? "" : lines.getFirst();
        } catch (IOException _) {
            // It has just ended.
            return "";
        }
    }

    @Override
    public String toString() {
        if (pid == ProcessHandle.current().pid()) {
            return "this program, a second time";
        }
        return "process " + pid + (command.isEmpty() ? "" : " (" + command + ")");
    }
}
