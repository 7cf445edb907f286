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
/// @param network the name of the one that it is in; `none`: it has no network card
/// @param ports of the host that lead to it
/// @param mounts directories of the host's that the guest has
/// @param restart what becomes of it when it has ended by itself: `no`, `on-failure` or `always`
public record VmSpec(
        String image, int cpus, long memoryBytes, List<SpecDisk> disks, String append, String network, List<SpecPort> ports,
        List<SpecMount> mounts, String restart) {
    private static final long MEMORY_BYTES_MIN = 32L << 20;
    static final int DISKS_MAX = 16;
    static final int APPEND_MAX = 1024;
    static final int PORTS_MAX = 64;

    /// What is left out in JSON has the value that a plain `launch` gives it.
    public VmSpec(
            @Nullable String image, int cpus, long memoryBytes, @Nullable List<SpecDisk> disks, @Nullable String append,
            @Nullable String network, @Nullable List<SpecPort> ports, @Nullable List<SpecMount> mounts,
            @Nullable String restart) {
        this.image = image == null || image.isEmpty() ? "tiny" : image;
        this.cpus = cpus == 0 ? 1 : cpus;
        this.memoryBytes = memoryBytes;
        this.disks = disks == null ? List.of() : List.copyOf(disks);
        this.append = append == null ? "" : append;
        this.network = network == null || network.isEmpty() ? Nets.DEFAULT : network;
        this.ports = ports == null ? List.of() : List.copyOf(ports);
        this.mounts = mounts == null ? List.of() : List.copyOf(mounts);
        this.restart = restart == null || restart.isEmpty() ? RestartPolicy.NO.toString() : restart;
    }

    /// One that stays as it is when it has ended.
    public VmSpec(
            @Nullable String image, int cpus, long memoryBytes, @Nullable List<SpecDisk> disks, @Nullable String append,
            @Nullable String network, @Nullable List<SpecPort> ports, @Nullable List<SpecMount> mounts) {
        this(image, cpus, memoryBytes, disks, append, network, ports, mounts, null);
    }

    /// @throws HostProblem naming the first thing that cannot be
    void check() {
        if (cpus < 1 || cpus > MachineConfig.HARTS_MAX) {
            throw invalid("cpus: " + cpus, "must be 1 to " + MachineConfig.HARTS_MAX);
        }
        if (memoryBytes != 0 && memoryBytes < MEMORY_BYTES_MIN) {
            throw invalid("memoryBytes: " + memoryBytes, "must be at least " + MEMORY_BYTES_MIN);
        }
        if (memoryBytes % MachineConfig.MEMORY_UNIT_BYTES != 0) {
            throw invalid("memoryBytes: " + memoryBytes, "must be a multiple of " + MachineConfig.MEMORY_UNIT_BYTES);
        }
        if (disks.size() > DISKS_MAX) {
            throw invalid("disks", "are " + disks.size() + "; at most " + DISKS_MAX + " are possible");
        }
        for (SpecDisk disk : disks) {
            if (disk.file() == null || !Path.of(disk.file()).isAbsolute()) {
                throw invalid("disk " + disk.file(), "is not an absolute path");
            }
        }
        checkPorts();
        checkMounts();
        RestartPolicy.of(restart);
        if (append.length() > APPEND_MAX || append.chars().anyMatch(c -> c < 0x20)) {
            throw invalid("append", "must be one line of at most " + APPEND_MAX + " characters");
        }
    }

    /// @param before what its machine has already
    /// @throws HostProblem when it has something that the caller may not give a machine
    void require(Caller caller, VmSpec before) {
        if (!before.disks.containsAll(disks)) {
            caller.require(Role.ADMIN, "a disk of the host's");
        }
        if (!before.mounts.containsAll(mounts)) {
            caller.require(Role.ADMIN, "a directory of the host's");
        }
        ports.stream().filter(port -> !before.ports.contains(port)).forEach(port -> port.require(caller));
    }

    private void checkPorts() {
        if (ports.size() > PORTS_MAX) {
            throw invalid("ports", "are " + ports.size() + "; at most " + PORTS_MAX + " are possible");
        }
        if (!ports.isEmpty() && network.equals(Nets.NONE)) {
            throw invalid("ports", "lead to a machine without a network");
        }
        for (int i = 0; i < ports.size(); i++) {
            SpecPort port = ports.get(i);
            port.check();
            if (ports.subList(0, i).stream().anyMatch(port::clashes)) {
                throw invalid("port " + port.host() + " of " + port.bind(), "is named twice");
            }
        }
    }

    private void checkMounts() {
        if (disks.size() + mounts.size() > DISKS_MAX) {
            throw invalid("mounts", "are " + mounts.size() + "; at most " + DISKS_MAX + " are possible together with disks");
        }
        mounts.forEach(SpecMount::check);
    }

    VmSpec withMemory(long bytes) {
        return new VmSpec(image, cpus, bytes, disks, append, network, ports, mounts, restart);
    }

    VmSpec withPorts(List<SpecPort> newPorts) {
        return new VmSpec(image, cpus, memoryBytes, disks, append, network, newPorts, mounts, restart);
    }

    private static HostProblem invalid(String subject, String problem) {
        return new HostProblem(HostProblem.Kind.INVALID, subject, problem, "correct it");
    }
}
