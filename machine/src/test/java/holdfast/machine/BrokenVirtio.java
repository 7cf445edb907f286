package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/// What [VirtioMutantsTest] puts in the place of calls that are right. The receiver is the first parameter.
final class BrokenVirtio {
    private BrokenVirtio() {}

    static void driveLine(VirtioPci function) {
        // The wire stays as it is.
    }

    static boolean takeInterrupt(Virtqueue queue) {
        return queue.enabled();
    }

    static Object get(List<?> wires, int index) {
        return wires.getFirst();
    }

    static void write(PhysicalMemory memory, long address, MemorySegment from) {
        memory.segment().asSlice(address - memory.base(), from.byteSize()).copyFrom(from);
    }

    static boolean contains(PhysicalMemory memory, long address, long length) {
        return true;
    }

    static void hold(BlockJob job) {
        // Nobody issues it again.
    }

    static void forEach(List<?> jobs, Consumer<?> disown) {
        // They stay the guest's.
    }

    static void add(VirtioBlock block, BlockJob job) {
        // It is not in the table.
    }

    /// Passes the completion on at once.
    static EventGate.Expected expect(EventGate.Input input) {
        return input::offer;
    }

    static int dropBytes(PortQueue queue) {
        return 0;
    }

    static int sum(byte[] bytes, int from) {
        return 0;
    }

    static int fold(long sum) {
        return 0xffff;
    }

    static boolean same(TcpSegment segment, TcpSegment other, int from, int to) {
        return true;
    }
}
