package holdfast.machine;

/// Where things are in guest-physical memory, and on which wires of the PLIC. As QEMU's `virt` has it, so that U-Boot and
/// OpenSBI built for that board run.
final class AddressMap {
    static final long SYSCON = 0x0010_0000L;
    static final long SYSCON_BYTES = 0x1000;
    static final long RTC = 0x0010_1000L;
    static final long RTC_BYTES = 0x1000;
    /// Not on QEMU's board: the generation id.
    static final long VMGENID = 0x0010_2000L;
    static final long VMGENID_BYTES = 0x1000;
    static final long CLINT = 0x0200_0000L;
    static final long CLINT_BYTES = 0x1_0000;
    static final long PLIC = 0x0c00_0000L;
    static final long PLIC_BYTES = 0x60_0000;
    static final long UART = 0x1000_0000L;
    static final long UART_BYTES = 0x100;
    static final long PCI_ECAM = 0x3000_0000L;
    static final long PCI_ECAM_BYTES = 0x1000_0000;
    static final long PCI_MMIO = 0x4000_0000L;
    static final long PCI_MMIO_BYTES = 0x4000_0000;
    static final long RAM = 0x8000_0000L;

    static final int UART_IRQ = 10;
    static final int RTC_IRQ = 11;
    static final int VMGENID_IRQ = 12;
    /// INTA of slot 0; four wires, INTx of slot s is on wire (s + x) % 4.
    static final int PCI_IRQ = 32;
    static final int PCI_IRQ_COUNT = 4;
    /// Sources of the PLIC are 1..95; 0 means "none".
    static final int PLIC_SOURCES = 95;

    private AddressMap() {}
}
