package holdfast.machine;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Everything a machine is built from. Ports and disks stay the caller's: the machine uses them and closes none.
///
/// @param harts 1..[#HARTS_MAX]
/// @param memoryBytes guest memory, a multiple of 2 MiB
/// @param kernel a riscv64 Linux Image or an ELF file; null only together with [Firmware.File]
/// @param append the kernel's command line
/// @param network null: no network device
/// @param mac the network device's address, six bytes as one number
/// @param console the outside of the UART, the guest's `ttyS0`
/// @param virtioPorts virtio-serial ports, in the guest `/dev/virtio-ports/NAME`
/// @param shares directories of the host's that the guest can mount by 9P
/// @param seed of everything pseudo-random in the machine; with a seeded entropy port the run depends on nothing else
/// @param translation whether hot code is translated to JVM bytecode; changes nothing but speed
/// @param profile whether to count where the time of the harts goes, and tell Flight Recorder; costs a little speed
/// @param record where to write what passes the event gate; needs [SchedulingMode#DETERMINISTIC]
/// @param replay a record to feed instead of the outside; needs [SchedulingMode#DETERMINISTIC]
/// @param label free text that goes into saved states, e.g. the options of the run; at most 64 KiB
public record MachineConfig(
        int harts,
        long memoryBytes,
        @Nullable Path kernel,
        @Nullable Path initrd,
        String append,
        Firmware firmware,
        List<DiskSpec> disks,
        @Nullable PacketPort network,
        long mac,
        ConsolePort console,
        List<NamedConsole> virtioPorts,
        List<ShareSpec> shares,
        EntropyPort entropy,
        ClockPort clock,
        long seed,
        SchedulingMode mode,
        Translation translation,
        boolean profile,
        @Nullable Path record,
        @Nullable Path replay,
        String label) {
    public static final int HARTS_MAX = 64;
    public static final long MEMORY_MIN_BYTES = 16L << 20;
    public static final long MEMORY_UNIT_BYTES = 2L << 20;

    public MachineConfig {
        require(harts >= 1 && harts <= HARTS_MAX, "harts must be 1.." + HARTS_MAX + ": " + harts);
        require(
                memoryBytes >= MEMORY_MIN_BYTES && memoryBytes % MEMORY_UNIT_BYTES == 0,
                "memory must be a multiple of 2 MiB, at least 16 MiB: " + memoryBytes);
        require(kernel != null || firmware instanceof Firmware.File, "a kernel is needed");
        require(
                mode == SchedulingMode.DETERMINISTIC || (record == null && replay == null),
                "recording and replaying need deterministic mode");
        require(record == null || replay == null, "one run cannot both record and replay");
        disks = List.copyOf(disks);
        virtioPorts = List.copyOf(virtioPorts);
        shares = List.copyOf(shares);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Defaults: one hart, 256 MiB, built-in firmware, no devices outside, host entropy and clock, parallel.
    public static final class Builder {
        private int harts = 1;
        private long memoryBytes = 256L << 20;
        private @Nullable Path kernel;
        private @Nullable Path initrd;
        private String append = "";
        private Firmware firmware = new Firmware.BuiltIn();
        private final List<DiskSpec> disks = new ArrayList<>();
        private @Nullable PacketPort network;
        private long mac = 0x52_54_00_12_34_56L;
        private ConsolePort console = (bytes, offset, length) -> {};
        private final List<NamedConsole> virtioPorts = new ArrayList<>();
        private final List<ShareSpec> shares = new ArrayList<>();
        private EntropyPort entropy = new SecureRandom()::nextBytes;
        private ClockPort clock = ClockPort.HOST;
        private long seed;
        private SchedulingMode mode = SchedulingMode.PARALLEL;
        private Translation translation = new Translation.On();
        private boolean profile;
        private @Nullable Path record;
        private @Nullable Path replay;
        private String label = "";

        private Builder() {}

        public Builder harts(int count) {
            harts = count;
            return this;
        }

        public Builder memoryBytes(long bytes) {
            memoryBytes = bytes;
            return this;
        }

        public Builder kernel(Path file) {
            kernel = file;
            return this;
        }

        public Builder initrd(Path file) {
            initrd = file;
            return this;
        }

        public Builder append(String commandLine) {
            append = commandLine;
            return this;
        }

        public Builder firmware(Firmware value) {
            firmware = value;
            return this;
        }

        public Builder disk(DiskSpec disk) {
            disks.add(disk);
            return this;
        }

        public Builder network(PacketPort port) {
            network = port;
            return this;
        }

        public Builder mac(long address) {
            mac = address;
            return this;
        }

        public Builder console(ConsolePort port) {
            console = port;
            return this;
        }

        public Builder virtioPort(String name, ConsolePort port) {
            virtioPorts.add(new NamedConsole(name, port));
            return this;
        }

        public Builder share(ShareSpec share) {
            shares.add(share);
            return this;
        }

        public Builder entropy(EntropyPort port) {
            entropy = port;
            return this;
        }

        public Builder clock(ClockPort port) {
            clock = port;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder mode(SchedulingMode value) {
            mode = value;
            return this;
        }

        public Builder translation(Translation value) {
            translation = value;
            return this;
        }

        public Builder profile(boolean value) {
            profile = value;
            return this;
        }

        public Builder record(Path file) {
            record = file;
            return this;
        }

        public Builder replay(Path file) {
            replay = file;
            return this;
        }

        public Builder label(String text) {
            label = text;
            return this;
        }

        public MachineConfig build() {
            return new MachineConfig(
                    harts,
                    memoryBytes,
                    kernel,
                    initrd,
                    append,
                    firmware,
                    disks,
                    network,
                    mac,
                    console,
                    virtioPorts,
                    shares,
                    entropy,
                    clock,
                    seed,
                    mode,
                    translation,
                    profile,
                    record,
                    replay,
                    label);
        }
    }
}
