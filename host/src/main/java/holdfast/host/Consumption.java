package holdfast.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What a process has taken so far, by proc(5).
///
/// @param cpuSeconds of all its threads, in the kernel and out of it
/// @param residentBytes of its memory that is in the host's
/// @param sharedBytes of those, what is in memory that can be handed over to others: of a machine's process, the guest's
record Consumption(double cpuSeconds, long residentBytes, long sharedBytes) {
    static final Consumption NONE = new Consumption(0, 0, 0);

    /// Of the kernel's interface, whatever its own clock does.
    private static final double TICKS_PER_SECOND = 100;

    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    /// Empty when there is no such process.
    static Optional<Consumption> of(long pid) {
        Path process = Path.of("/proc", Long.toString(pid));
        try {
            List<String> status = Files.readAllLines(process.resolve("status"));
            return Optional.of(new Consumption(
                    cpuSeconds(Files.readString(process.resolve("stat"))), bytes(status, "VmRSS:"), bytes(status, "RssShmem:")));
        } catch (IOException | RuntimeException gone) {
            return Optional.empty();
        }
    }

    /// @param stat the fields behind the program's name, which may contain anything, begin with the state
    static double cpuSeconds(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
    }

    private static long bytes(List<String> status, String field) {
        return status.stream().filter(line -> line.startsWith(field)).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10).sum();
    }
}
