package holdfast.host;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;

/// What of the host's memory a machine's process has, and what for. All in bytes.
///
/// @param residentBytes all of it, what it shares with others included
/// @param guestBytes of the guest's memory
/// @param heapBytes in use of its JVM's heap
/// @param codeBytes in use by compiled code, the guest's translated one included
/// @param metaspaceBytes in use by classes, those of translated code included
public record VmMemory(long residentBytes, long guestBytes, long heapBytes, long codeBytes, long metaspaceBytes) {
    /// Of this very process.
    static VmMemory own() {
        Consumption taken = Consumption.of(ProcessHandle.current().pid()).orElse(Consumption.NONE);
        return new VmMemory(
                taken.residentBytes(), taken.sharedBytes(), ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                used("CodeHeap"), used("Metaspace"));
    }

    /// @param pool the beginning of the name of one, or of several: HotSpot's code cache may be in one piece (`CodeCache`) or in three
    private static long used(String pool) {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(one -> one.getName().replace("CodeCache", "CodeHeap").startsWith(pool))
                .map(MemoryPoolMXBean::getUsage)
                .mapToLong(usage -> usage.getUsed())
                .sum();
    }
}
