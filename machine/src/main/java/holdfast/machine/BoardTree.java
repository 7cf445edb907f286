package holdfast.machine;

import holdfast.riscv.TimeSource;
import java.util.stream.IntStream;

/// The device tree of the board, as Linux' and U-Boot's bindings want it.
///
/// @param initrdStart guest-physical; with an empty range there is none
/// @param randomSeed for `/chosen/rng-seed`: without it a guest without virtio-rng has no entropy at boot
record BoardTree(
        int harts,
        long memoryBytes,
        String commandLine,
        long initrdStart,
        long initrdEnd,
        byte[] randomSeed) {
    private static final String[] EXTENSIONS = {
        "i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "zba", "zbb", "zbc", "zbs", "sstc"
    };
    private static final int MACHINE_SOFTWARE_INTERRUPT = 3;
    private static final int MACHINE_TIMER_INTERRUPT = 7;
    private static final int SUPERVISOR_EXTERNAL_INTERRUPT = 9;
    private static final int MACHINE_EXTERNAL_INTERRUPT = 11;
    private static final int PLIC_PHANDLE = 1;
    private static final int SYSCON_PHANDLE = 2;
    private static final int FIRST_CPU_PHANDLE = 16;
    private static final int UART_CLOCK_HZ = 3_686_400;
    /// 32-bit memory space (IEEE 1275 PCI binding, phys.hi).
    private static final int PCI_SPACE_MEMORY = 0x0200_0000;
    private static final int PCI_SLOT_MASK = 0x1800;
    private static final int PCI_PIN_MASK = 7;

    byte[] encode() {
        FlatDeviceTree tree = new FlatDeviceTree();
        tree.begin("");
        tree.cells("#address-cells", 2).cells("#size-cells", 2);
        tree.text("compatible", "riscv-virtio").text("model", "holdfast,virt");
        chosen(tree);
        tree.begin("memory@" + Long.toHexString(AddressMap.RAM));
        tree.text("device_type", "memory").longs("reg", AddressMap.RAM, memoryBytes).end();
        cpus(tree);
        power(tree);
        tree.begin("soc");
        tree.cells("#address-cells", 2).cells("#size-cells", 2).text("compatible", "simple-bus").flag("ranges");
        clint(tree);
        plic(tree);
        devices(tree);
        pci(tree);
        tree.end();
        tree.end();
        return tree.toByteArray(0);
    }

    private void chosen(FlatDeviceTree tree) {
        tree.begin("chosen").text("bootargs", commandLine).text("stdout-path", "/soc/" + at("serial", AddressMap.UART));
        if (initrdEnd > initrdStart) {
            tree.longs("linux,initrd-start", initrdStart).longs("linux,initrd-end", initrdEnd);
        }
        tree.property("rng-seed", randomSeed).end();
    }

    private void cpus(FlatDeviceTree tree) {
        tree.begin("cpus").cells("#address-cells", 1).cells("#size-cells", 0);
        tree.cells("timebase-frequency", (int) TimeSource.TICKS_PER_SECOND);
        for (int hart = 0; hart < harts; hart++) {
            tree.begin("cpu@" + Integer.toHexString(hart)).text("device_type", "cpu").cells("reg", hart);
            tree.text("status", "okay").text("compatible", "riscv").text("mmu-type", "riscv,sv39");
            tree.text("riscv,isa", "rv64imafdc_zicntr_zicsr_zifencei_zba_zbb_zbc_zbs_sstc");
            tree.text("riscv,isa-base", "rv64i").text("riscv,isa-extensions", EXTENSIONS);
            tree.begin("interrupt-controller").cells("#address-cells", 0).cells("#interrupt-cells", 1).flag("interrupt-controller");
            tree.text("compatible", "riscv,cpu-intc").cells("phandle", FIRST_CPU_PHANDLE + hart).end();
            tree.end();
        }
        tree.end();
    }

    private static void power(FlatDeviceTree tree) {
        tree.begin("poweroff").text("compatible", "syscon-poweroff");
        tree.cells("regmap", SYSCON_PHANDLE).cells("offset", 0).cells("value", Syscon.POWER_OFF).end();
        tree.begin("reboot").text("compatible", "syscon-reboot");
        tree.cells("regmap", SYSCON_PHANDLE).cells("offset", 0).cells("value", Syscon.REBOOT).end();
    }

    /// For every hart the wires of two interrupts: pairs of (controller, number).
    private int[] wires(int first, int second) {
        return IntStream.range(0, harts)
                .flatMap(hart -> IntStream.of(FIRST_CPU_PHANDLE + hart, first, FIRST_CPU_PHANDLE + hart, second))
                .toArray();
    }

    private void clint(FlatDeviceTree tree) {
        tree.begin(at("clint", AddressMap.CLINT)).text("compatible", "sifive,clint0", "riscv,clint0");
        tree.longs("reg", AddressMap.CLINT, AddressMap.CLINT_BYTES);
        tree.cells("interrupts-extended", wires(MACHINE_SOFTWARE_INTERRUPT, MACHINE_TIMER_INTERRUPT)).end();
    }

    private void plic(FlatDeviceTree tree) {
        tree.begin(at("plic", AddressMap.PLIC)).text("compatible", "sifive,plic-1.0.0", "riscv,plic0");
        tree.longs("reg", AddressMap.PLIC, AddressMap.PLIC_BYTES);
        tree.flag("interrupt-controller").cells("#interrupt-cells", 1).cells("#address-cells", 0);
        tree.cells("interrupts-extended", wires(MACHINE_EXTERNAL_INTERRUPT, SUPERVISOR_EXTERNAL_INTERRUPT));
        tree.cells("riscv,ndev", AddressMap.PLIC_SOURCES).cells("phandle", PLIC_PHANDLE).end();
    }

    private static void devices(FlatDeviceTree tree) {
        tree.begin(at("test", AddressMap.SYSCON)).text("compatible", "sifive,test1", "sifive,test0", "syscon");
        tree.longs("reg", AddressMap.SYSCON, AddressMap.SYSCON_BYTES).cells("phandle", SYSCON_PHANDLE).end();
        device(tree, "rtc", AddressMap.RTC, AddressMap.RTC_BYTES, AddressMap.RTC_IRQ, "google,goldfish-rtc").end();
        device(tree, "vmgenid", AddressMap.VMGENID, AddressMap.VMGENID_BYTES, AddressMap.VMGENID_IRQ, "microsoft,vmgenid")
                .end();
        device(tree, "serial", AddressMap.UART, AddressMap.UART_BYTES, AddressMap.UART_IRQ, "ns16550a")
                .cells("clock-frequency", UART_CLOCK_HZ)
                .end();
    }

    private static FlatDeviceTree device(
            FlatDeviceTree tree, String name, long address, long bytes, int interrupt, String compatible) {
        tree.begin(at(name, address)).text("compatible", compatible).longs("reg", address, bytes);
        return tree.cells("interrupt-parent", PLIC_PHANDLE).cells("interrupts", interrupt);
    }

    private static String at(String name, long address) {
        return name + "@" + Long.toHexString(address);
    }

    private static void pci(FlatDeviceTree tree) {
        tree.begin(at("pci", AddressMap.PCI_ECAM)).text("compatible", "pci-host-ecam-generic").text("device_type", "pci");
        tree.cells("#address-cells", 3).cells("#size-cells", 2).cells("#interrupt-cells", 1);
        tree.longs("reg", AddressMap.PCI_ECAM, AddressMap.PCI_ECAM_BYTES).flag("dma-coherent");
        tree.cells("linux,pci-domain", 0).cells("bus-range", 0, (int) (AddressMap.PCI_ECAM_BYTES >> 20) - 1);
        tree.cells(
                "ranges",
                PCI_SPACE_MEMORY,
                0,
                (int) AddressMap.PCI_MMIO,
                0,
                (int) AddressMap.PCI_MMIO,
                0,
                (int) AddressMap.PCI_MMIO_BYTES);
        tree.cells("interrupt-map-mask", PCI_SLOT_MASK, 0, 0, PCI_PIN_MASK);
        tree.cells("interrupt-map", interruptMap()).end();
    }

    /// Pin p of slot s is on wire (s + p - 1) % 4.
    private static int[] interruptMap() {
        int wires = AddressMap.PCI_IRQ_COUNT;
        return IntStream.range(0, wires * wires)
                .flatMap(i -> {
                    int slot = i / wires;
                    int pin = i % wires + 1;
                    int source = AddressMap.PCI_IRQ + (slot + pin - 1) % wires;
                    return IntStream.of(slot << 11, 0, 0, pin, PLIC_PHANDLE, source);
                })
                .toArray();
    }
}
