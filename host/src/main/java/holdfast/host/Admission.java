package holdfast.host;

import holdfast.block.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Whether a machine fits on this host: memory is promised once, cores [#CORES_OVERCOMMITTED] times.
///
/// @param memoryBytes of this host
record Admission(long memoryBytes, int cores) {
    /// What a process takes beside the guest's memory (heap, code, metaspace, mapped files): 167 MiB after a boot of tiny, by `holdfast info`, and
    /// more when a guest runs much code.
    static final long PROCESS_BYTES = 256L << 20;

    /// What is left to everything else on the host.
    private static final long RESERVED_BYTES = 512L << 20;

    static final int CORES_OVERCOMMITTED = 16;

    static Admission ofHost() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
            if (line.startsWith("MemTotal:")) {
                return new Admission(Long.parseLong(line.replaceAll("\\D", "")) << 10, Runtime.getRuntime().availableProcessors());
            }
        }
        throw new IOException("/proc/meminfo says no MemTotal");
    }

    /// @param promisedBytes to those that run
    /// @throws HostProblem with figures when it does not fit
    void check(String name, VmSpec spec, long promisedBytes) {
        long wanted = spec.memoryBytes() + PROCESS_BYTES;
        long free = memoryBytes - RESERVED_BYTES - promisedBytes;
        if (wanted > free) {
            throw new HostProblem(
                    HostProblem.Kind.CONFLICT, name,
                    "needs " + new ByteSize(wanted) + " of memory, and " + new ByteSize(Math.max(0, free)) + " of " + new ByteSize(memoryBytes) + " are free",
                    "stop another one, or give it less");
        }
        if (spec.cpus() > cores * CORES_OVERCOMMITTED) {
            throw new HostProblem(
                    HostProblem.Kind.CONFLICT, name, "needs " + spec.cpus() + " cpus, and this host has " + cores + ", each of which counts "
                            + CORES_OVERCOMMITTED + " times", "give it fewer");
        }
    }

    static long promised(VmSpec spec) {
        return spec.memoryBytes() + PROCESS_BYTES;
    }
}
