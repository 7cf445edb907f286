package holdfast.host;

/// What one machine takes of the host.
///
/// @param state as in [VmView]
/// @param pid of its process; 0 while it has none, and then it takes nothing
/// @param cpuSeconds of its process since that was started
/// @param residentBytes of the host's memory that its process has: the guest's, and its own
/// @param guestBytes memory of the guest
public record VmUsage(String id, String name, String state, long pid, int cpus, double cpuSeconds, long residentBytes, long guestBytes) {

    /// @param spec what it runs with
    static VmUsage of(VmView vm, VmSpec spec) {
        long pid = vm.pid() == null ? 0 : vm.pid();
        Consumption taken = pid == 0 ? Consumption.NONE : Consumption.of(pid).orElse(Consumption.NONE);
        return new VmUsage(
                vm.id(), vm.name(), vm.state(), pid, spec.cpus(), taken.cpuSeconds(), taken.residentBytes(), spec.memoryBytes());
    }
}
