package holdfast.machine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The outsides of a machine's devices, as the devices see them: each can be replaced while the machine stands.
final class Ports {
    private final ConsoleOutlet console;
    private final @Nullable PacketOutlet network;
    private final List<String> virtioNames = new ArrayList<>();
    private final List<ConsoleOutlet> virtio = new ArrayList<>();
    private final List<String> serials = new ArrayList<>();
    private final List<DiskOutlet> disks = new ArrayList<>();
    private volatile EntropyPort entropy;
    private volatile ClockPort clock;

    Ports(MachineConfig config, Outputs outputs) {
        console = new ConsoleOutlet("uart", config.console(), outputs);
        PacketPort port = config.network();
        network = port == null ? null : new PacketOutlet("virtio-net0", port, outputs);
        for (NamedConsole named : config.virtioPorts()) {
            virtioNames.add(named.name());
            virtio.add(new ConsoleOutlet(named.name(), named.port(), outputs));
        }
        for (DiskSpec disk : config.disks()) {
            serials.add(disk.serial());
            disks.add(new DiskOutlet(disk.device()));
        }
        entropy = config.entropy();
        clock = config.clock();
    }

    ConsoleOutlet console() {
        return console;
    }

    @Nullable PacketOutlet network() {
        return network;
    }

    List<NamedConsole> virtio() {
        List<NamedConsole> named = new ArrayList<>();
        for (int i = 0; i < virtio.size(); i++) {
            named.add(new NamedConsole(virtioNames.get(i), virtio.get(i)));
        }
        return named;
    }

    /// @throws IllegalArgumentException when there is no port of this name
    ConsoleOutlet virtio(String name) {
        int index = virtioNames.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("the machine has no virtio port " + name);
        }
        return virtio.get(index);
    }

    List<DiskSpec> disks() {
        List<DiskSpec> specs = new ArrayList<>();
        for (int i = 0; i < disks.size(); i++) {
            specs.add(new DiskSpec(disks.get(i), serials.get(i)));
        }
        return specs;
    }

    DiskOutlet disk(int index) {
        return disks.get(index);
    }

    EntropyPort entropy() {
        return bytes -> entropy.fill(bytes);
    }

    void replaceEntropy(EntropyPort other) {
        entropy = other;
    }

    ClockPort clock() {
        return () -> clock.epochNanos();
    }

    void replaceClock(ClockPort other) {
        clock = other;
    }
}
