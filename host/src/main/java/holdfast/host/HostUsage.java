package holdfast.host;

import java.util.List;

/// What the machines take of the host, and the daemon.
///
/// @param seconds when that was, by a clock that only goes forward: of use beside that of another answer
/// @param cpuSeconds of the daemon since it was started
/// @param residentBytes of the host's memory that the daemon has
public record HostUsage(double seconds, double cpuSeconds, long residentBytes, List<VmUsage> machines) {

    static HostUsage of(List<Vm> vms) {
        Consumption daemon = Consumption.of(ProcessHandle.current().pid()).orElse(Consumption.NONE);
        return new HostUsage(
                System.nanoTime() / 1e9, daemon.cpuSeconds(), daemon.residentBytes(), vms.stream().map(vm -> VmUsage.of(vm.view(), vm.effective())).toList());
    }
}
