package holdfast.machine;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/// The guest's memory: an anonymous file mapped shared, so that another process can be handed it by descriptor.
///
/// Pages cost the host nothing until the guest touches them, and again nothing after [#discard].
final class GuestMemory implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(GuestMemory.class.getName());
    private static final int PAGE_BYTES = 4096;

    private final int descriptor;
    private final Arena arena;
    private final PhysicalMemory physical;

    private GuestMemory(int descriptor, Arena arena, MemorySegment segment) {
        this.descriptor = descriptor;
        this.arena = arena;
        this.physical = new PhysicalMemory(segment, AddressMap.RAM);
    }

    /// @throws OperatorError when the host has not got that much to give
    static GuestMemory allocate(long bytes) {
        refuseTooMuch(bytes);
        try {
            int descriptor = Memfd.create("holdfast-guest", bytes);
            long address;
            try {
                address = Memfd.map(descriptor, bytes);
            } catch (Memfd.Failure e) {
                Memfd.close(descriptor);
                throw e;
            }
            Arena arena = Arena.ofShared();
            MemorySegment segment =
                    MemorySegment.ofAddress(address).reinterpret(bytes, arena, mapped -> release(mapped, descriptor));
            return new GuestMemory(descriptor, arena, segment);
        } catch (Memfd.Failure e) {
            throw new OperatorError(
                    "guest memory of " + new ByteSize(bytes), "cannot be had: " + e.getMessage(), "give the guest less memory");
        }
    }

    private static void release(MemorySegment mapped, int descriptor) {
        try {
            Memfd.unmap(mapped.address(), mapped.byteSize());
            Memfd.close(descriptor);
        } catch (Memfd.Failure e) {
            LOG.log(System.Logger.Level.WARNING, "guest memory was not given back", e);
        }
    }

    /// @throws OperatorError when the host has not got that much to give
    static void refuseTooMuch(long bytes) {
        long available = availableBytes();
        if (bytes > available) {
            throw new OperatorError(
                    "guest memory of " + new ByteSize(bytes),
                    "the host has only " + new ByteSize(available).rounded() + " available",
                    "give the guest less memory or end other programs");
        }
    }

    /// What can be taken without swapping (proc(5)), and within the limit of the container that we run in (cgroup v2);
    /// unlimited when neither says.
    static long availableBytes() {
        return Math.min(hostAvailableBytes(), containerAvailableBytes());
    }

    private static long hostAvailableBytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
                if (line.startsWith("MemAvailable:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "/proc/meminfo is not readable", e);
        }
        return Long.MAX_VALUE;
    }

    private static long containerAvailableBytes() {
        Path group = Path.of("/sys/fs/cgroup");
        try {
            String limit = Files.readString(group.resolve("memory.max")).strip();
            long used = Long.parseLong(Files.readString(group.resolve("memory.current")).strip());
            return limit.equals("max") ? Long.MAX_VALUE : Math.max(0, Long.parseLong(limit) - used);
        } catch (IOException | NumberFormatException e) {
            LOG.log(System.Logger.Level.DEBUG, "no limit of a container", e);
            return Long.MAX_VALUE;
        }
    }

    PhysicalMemory physical() {
        return physical;
    }

    /// The memfd, for handing over; it stays ours.
    int descriptor() {
        return descriptor;
    }

    /// Gives whole pages back to the host; the guest reads zeros there.
    ///
    /// @param address guest-physical, page-aligned, within RAM
    /// @param bytes a multiple of the page size
    void discard(long address, long bytes) {
        if (((address | bytes) & (PAGE_BYTES - 1)) != 0 || bytes < 0 || !physical.contains(address, bytes)) {
            throw new IllegalArgumentException(
                    "not whole pages of RAM: " + Long.toHexString(address) + " + " + Long.toHexString(bytes));
        }
        try {
            Memfd.punchHole(descriptor, address - physical.base(), bytes);
            physical.changed(address, bytes);
        } catch (Memfd.Failure | BusFault e) {
            throw new IllegalStateException("guest memory could not be given back", e);
        }
    }

    /// All of it to zeros, as after power-on.
    void clear() {
        discard(physical.base(), physical.size());
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
