package holdfast.host;

import holdfast.machine.MachineConfig;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a virtual machine is made of, as the operator asked for it.
///
/// @param image name of the image it is made from
/// @param cpus harts, 1 to [MachineConfig#HARTS_MAX]
/// @param memoryBytes 0: what the image asks for
/// @param append more for the kernel's command line
public record VmSpec(String image, int cpus, long memoryBytes, List<SpecDisk> disks, String append) {
    private static final long MEMORY_BYTES_MIN = 32L << 20;
    private static final int DISKS_MAX = 16;
    private static final int APPEND_MAX = 1024;

    /// What is left out in JSON has the value that a plain `launch` gives it.
    public VmSpec(@Nullable String image, int cpus, long memoryBytes, @Nullable List<SpecDisk> disks, @Nullable String append) {
        this.image = image == null || image.isEmpty() ? "tiny" : image;
        this.cpus = cpus == 0 ? 1 : cpus;
        this.memoryBytes = memoryBytes;
        this.disks = disks == null ? List.of() : List.copyOf(disks);
        this.append = append == null ? "" : append;
    }

    /// @throws HostProblem naming the first thing that cannot be
    void check() {
        if (cpus < 1 || cpus > MachineConfig.HARTS_MAX) {
            throw invalid("cpus: " + cpus, "must be 1 to " + MachineConfig.HARTS_MAX);
        }
        if (memoryBytes != 0 && memoryBytes < MEMORY_BYTES_MIN) {
            throw invalid("memoryBytes: " + memoryBytes, "must be at least " + MEMORY_BYTES_MIN);
        }
        if (disks.size() > DISKS_MAX) {
            throw invalid("disks", "are " + disks.size() + "; at most " + DISKS_MAX + " are possible");
        }
        for (SpecDisk disk : disks) {
            if (disk.file() == null || !Path.of(disk.file()).isAbsolute()) {
                throw invalid("disk " + disk.file(), "is not an absolute path");
            }
        }
        if (append.length() > APPEND_MAX || append.chars().anyMatch(c -> c < 0x20)) {
            throw invalid("append", "must be one line of at most " + APPEND_MAX + " characters");
        }
    }

    VmSpec withMemory(long bytes) {
        return new VmSpec(image, cpus, bytes, disks, append);
    }

    private static HostProblem invalid(String subject, String problem) {
        return new HostProblem(HostProblem.Kind.INVALID, subject, problem, "correct it");
    }
}
