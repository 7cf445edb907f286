package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.machine.Firmware;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Looks at everything a run will need from this machine, before anything is fetched, built or started.
final class Preflight {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private Preflight() {}

    /// @throws OperatorError naming the first thing that is wrong
    static void check(RunOptions options) {
        readable("--kernel", options.kernel);
        readable("--initrd", options.initrd);
        readable("--firmware", options.firmware instanceof Firmware.File(Path path) ? path : null);
        readable("--replay", options.replay);
        readable("--restore", options.restore);
        readable("the saved state's disk", options.rootDisk);
        writable("--console-log", options.consoleLog);
        writable("--profile", options.profile);
        writable("--record", options.record);
        writable("--save-on-exit", options.saveOnExit);
        writable("--net", options.net instanceof NetArgument.Listen(Path path) ? path : null);
        if (options.memory != null) {
            fits(options.memory, hostMemory());
        }
        if (options.net instanceof NetArgument.Socket(Path path) && !Files.exists(path)) {
            throw new OperatorError("--net socket:" + path, "there is no such socket", "start the peer first, such as: passt --socket " + path);
        }
    }

    /// @throws OperatorError when there is no such file to be read
    static void readable(String option, @Nullable Path file) {
        if (file == null) {
            return;
        }
        String subject = option + " " + file;
        if (!Files.exists(file)) {
            throw new OperatorError(subject, "there is no such file", "check the path");
        }
        if (Files.isDirectory(file)) {
            throw new OperatorError(subject, "is a directory", "name a file");
        }
        if (!Files.isReadable(file)) {
            throw new OperatorError(subject, "may not be read", "check its permissions");
        }
    }

    private static void writable(String option, @Nullable Path file) {
        if (file == null) {
            return;
        }
        String subject = option + " " + file;
        Path directory = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file)) {
            throw new OperatorError(subject, "is a directory", "name a file");
        }
        if (Files.exists(file) ? !Files.isWritable(file) : directory != null && !Files.isWritable(directory)) {
            boolean there = directory == null || Files.isDirectory(directory);
            throw new OperatorError(
                    subject,
                    there ? "may not be written" : "there is no directory " + directory,
                    there ? "check permissions, or name another file" : "make it first");
        }
    }

    static void fits(ByteSize memory, ByteSize host) {
        if (memory.compareTo(host) > 0) {
            throw new OperatorError(
                    "--memory " + memory, "is more than this machine has: " + host.rounded(), "ask for less");
        }
    }

    /// All memory of this machine, used or not; unlimited when it cannot be told.
    private static ByteSize hostMemory() {
        try (Stream<String> lines = Files.lines(MEMINFO)) {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                    .findFirst()
                    .map(line -> ByteSize.parse(line.replaceAll("\\D", "") + "K"))
                    .orElse(new ByteSize(Long.MAX_VALUE));
        } catch (IOException noProc) {
            return new ByteSize(Long.MAX_VALUE);
        }
    }
}
