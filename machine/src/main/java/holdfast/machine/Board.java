package holdfast.machine;

import holdfast.riscv.Hart;
import holdfast.riscv.PhysicalMemory;
import holdfast.riscv.Profile;
import holdfast.riscv.TimeSource;
import holdfast.riscv.Translator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// The machine's parts and their wires: harts, bus, interrupt controllers and devices, as [AddressMap] has them.
final class Board {
    private static final int SUPERVISOR_EXTERNAL_INTERRUPT = 9;
    private static final int MACHINE_EXTERNAL_INTERRUPT = 11;
    private static final int NET_SLOT = 1;
    private static final int RNG_SLOT = 2;
    private static final int BALLOON_SLOT = 3;
    private static final int CONSOLE_SLOT = 4;
    private static final int FIRST_DISK_SLOT = 5;
    private static final int DISKS_MAX = PciHost.SLOTS - FIRST_DISK_SLOT;
    private static final int DISK_QUEUES_MAX = 4;
    private static final int MTU_BYTES = 1500;

    private final List<Core> cores = new ArrayList<>();
    private final List<Lifecycle> devices = new ArrayList<>();
    private final SystemBus bus = new SystemBus();
    private final @Nullable Translator translator;
    private final @Nullable Profile profile;
    private final Plic plic;
    private final List<VirtioBlock> disks = new ArrayList<>();
    private final VirtioBalloon balloon;
    private final @Nullable VirtioNet network;
    private final VmGenId generation;
    private final WallClock wallClock;

    /// Builds and wires everything.
    ///
    /// @param time what a hart's `time` reads, by the hart's number
    /// @param console the outside of the UART, and of the firmware's debug console
    Board(
            MachineConfig config,
            GuestMemory memory,
            GuestClock clock,
            IntFunction<TimeSource> time,
            EventGate gate,
            PowerSwitch power,
            ConsolePort console,
            Ports ports) {
        PhysicalMemory ram = memory.physical();
        boolean alone = config.harts() == 1 || config.mode() == SchedulingMode.DETERMINISTIC;
        translator = translator(config.translation(), alone);
        for (int id = 0; id < config.harts(); id++) {
            Hart hart = new Hart(id, ram, bus, time.apply(id));
            hart.translator(translator);
            cores.add(new Core(hart));
        }
        List<Hart> harts = harts();
        plic = new Plic(externalInterrupts(harts));
        wallClock = new WallClock(ports.clock(), clock, gate);
        generation = new VmGenId(plic.line(AddressMap.VMGENID_IRQ));

        attach(AddressMap.SYSCON, AddressMap.SYSCON_BYTES, new Syscon(power));
        attach(
                AddressMap.RTC,
                AddressMap.RTC_BYTES,
                new GoldfishRtc(plic.line(AddressMap.RTC_IRQ), wallClock, gate));
        attach(AddressMap.VMGENID, AddressMap.VMGENID_BYTES, generation);
        attach(AddressMap.CLINT, AddressMap.CLINT_BYTES, new Clint(harts, clock));
        attach(
                AddressMap.UART,
                AddressMap.UART_BYTES,
                new Uart(plic.line(AddressMap.UART_IRQ), console, gate));
        bus.attach(AddressMap.PLIC, AddressMap.PLIC_BYTES, plic);
        balloon = balloon(memory, gate);
        PacketPort cable = ports.network();
        network = cable == null ? null : new VirtioNet("virtio-net0", ram, gate, cable, config.mac(), MTU_BYTES);
        pci(config, ram, gate, ports);

        if (config.firmware() instanceof Firmware.BuiltIn) {
            Sbi firmware = new Sbi(cores, ram, power, console);
            harts.forEach(hart -> hart.supervisorCalls(firmware));
        }
        profile = config.profile() ? new Profile(ram, harts, translator) : null;
    }

    private static @Nullable Translator translator(Translation translation, boolean alone) {
        return switch (translation) {
            case Translation.Off() -> null;
            case Translation.On() -> Translator.background(alone);
            case Translation.Switching(long seed) -> Translator.switching(alone, seed);
        };
    }

    private void pci(MachineConfig config, PhysicalMemory ram, EventGate gate, Ports ports) {
        List<InterruptLine> wires = new ArrayList<>();
        for (int wire = 0; wire < AddressMap.PCI_IRQ_COUNT; wire++) {
            wires.add(plic.line(AddressMap.PCI_IRQ + wire));
        }
        PciHost host = new PciHost(wires, AddressMap.PCI_MMIO);
        attach(AddressMap.PCI_ECAM, AddressMap.PCI_ECAM_BYTES, host.ecam());
        attach(AddressMap.PCI_MMIO, AddressMap.PCI_MMIO_BYTES, host.window());
        if (network != null) {
            plug(host, NET_SLOT, network);
        }
        plug(host, RNG_SLOT, new VirtioRng("virtio-rng0", ram, gate, ports.entropy()));
        plug(host, BALLOON_SLOT, balloon);
        plug(host, CONSOLE_SLOT, new VirtioConsole("virtio-console0", ram, gate, null, ports.virtio()));
        List<DiskSpec> specs = ports.disks();
        List<ShareSpec> shares = config.shares();
        if (specs.size() + shares.size() > DISKS_MAX) {
            throw new IllegalArgumentException("at most " + DISKS_MAX + " disks and shares: " + (specs.size() + shares.size()));
        }
        int queues = Math.min(config.harts(), DISK_QUEUES_MAX);
        for (int i = 0; i < specs.size(); i++) {
            disks.add(new VirtioBlock("virtio-blk" + i, ram, gate, specs.get(i), queues));
            plug(host, FIRST_DISK_SLOT + i, disks.get(i));
        }
        for (int i = 0; i < shares.size(); i++) {
            plug(host, FIRST_DISK_SLOT + specs.size() + i, new VirtioShare("virtio-9p" + i, ram, gate, shares.get(i)));
        }
    }

    private static VirtioBalloon balloon(GuestMemory memory, EventGate gate) {
        PhysicalMemory ram = memory.physical();
        return new VirtioBalloon(
                "virtio-balloon0", ram, gate, (offset, length) -> memory.discard(ram.base() + offset, length));
    }

    private void plug(PciHost host, int slot, VirtioDevice device) {
        devices.add(new VirtioPci(host, slot, device));
    }

    private void attach(long base, long bytes, MmioDevice device) {
        bus.attach(base, bytes, device);
        devices.add(device);
    }

    /// Contexts of the PLIC: M-mode and S-mode of each hart.
    private static InterruptLine[] externalInterrupts(List<Hart> harts) {
        List<InterruptLine> lines = new ArrayList<>();
        for (Hart hart : harts) {
            lines.add(level -> hart.interrupt(MACHINE_EXTERNAL_INTERRUPT, level));
            lines.add(level -> hart.interrupt(SUPERVISOR_EXTERNAL_INTERRUPT, level));
        }
        return lines.toArray(InterruptLine[]::new);
    }

    List<Core> cores() {
        return List.copyOf(cores);
    }

    SystemBus bus() {
        return bus;
    }

    List<Hart> harts() {
        return cores.stream().map(Core::hart).toList();
    }

    WallClock wallClock() {
        return wallClock;
    }

    VirtioBalloon balloon() {
        return balloon;
    }

    /// Null: the machine has no network device.
    @Nullable VirtioNet network() {
        return network;
    }

    VirtioBlock disk(int index) {
        return disks.get(index);
    }

    VmGenId generation() {
        return generation;
    }

    /// Where the harts' time has gone, for a person to read; nothing when it is not counted.
    List<String> profile() {
        return profile == null ? List.of() : profile.lines();
    }

    /// Everything with a record, in the order of restoring: the interrupt controller is last, so that it ends with the
    /// wires as they were saved.
    List<Lifecycle> parts() {
        List<Lifecycle> all = new ArrayList<>(cores);
        all.addAll(devices);
        all.add(plic);
        return all;
    }

    void reset() {
        parts().forEach(Lifecycle::reset);
    }

    void pause() {
        parts().forEach(Lifecycle::pause);
    }

    void resume() {
        parts().forEach(Lifecycle::resume);
    }

    void close() {
        if (translator != null) {
            translator.close(); // it reads guest memory
        }
        if (profile != null) {
            profile.close();
        }
        parts().forEach(Lifecycle::close);
    }
}
