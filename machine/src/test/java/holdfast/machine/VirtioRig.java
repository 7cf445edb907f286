package holdfast.machine;

import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// A bare board for virtio devices: RAM, a PCI host, and wires that count.
final class VirtioRig {
    static final long RAM = AddressMap.RAM;
    static final long RAM_BYTES = 32 << 20;

    /// An interrupt wire that remembers its level and how often it rose.
    static final class Wire implements InterruptLine {
        private boolean level;
        private int rises;

        @Override
        public synchronized void set(boolean value) {
            rises += value && !level ? 1 : 0;
            level = value;
        }

        synchronized boolean level() {
            return level;
        }

        synchronized int rises() {
            return rises;
        }
    }

    final PhysicalMemory memory;
    final List<Wire> wires =
            IntStream.range(0, PciHost.WIRES).mapToObj(_ -> new Wire()).toList();
    final PciHost pci = new PciHost(List.copyOf(wires), AddressMap.PCI_MMIO);
    final List<VirtioPci> functions = new ArrayList<>();
    private long nextFree = RAM + 0x1000;
    private long nextBar = AddressMap.PCI_MMIO;

    VirtioRig() {
        this(RAM_BYTES);
    }

    VirtioRig(long ramBytes) {
        memory = new PhysicalMemory(Arena.ofAuto().allocate(ramBytes, 4096), RAM);
    }

    /// Plugs a device into the next slot and switches it on.
    VirtioPci plug(VirtioDevice device) {
        var function = new VirtioPci(pci, functions.size() + 1, device);
        functions.add(function);
        function.reset();
        function.resume();
        return function;
    }

    Wire wire(int slot) {
        return wires.get(slot % PciHost.WIRES);
    }

    /// Guest memory that nobody else in the test uses.
    long allocate(long bytes, long alignment) {
        long at = nextFree + alignment - 1 & -alignment;
        nextFree = at + bytes;
        if (nextFree > RAM + memory.size()) {
            throw new IllegalStateException("the test's RAM is used up");
        }
        return at;
    }

    long allocateBar() {
        long at = nextBar;
        nextBar += VirtioPci.BAR_BYTES;
        return at;
    }

    byte[] read(long address, int length) {
        try {
            byte[] bytes = new byte[length];
            memory.read(address, bytes, 0, length);
            return bytes;
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    void write(long address, byte... bytes) {
        try {
            memory.write(address, bytes, 0, bytes.length);
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    int load(long address, int bytes) {
        try {
            return switch (bytes) {
                case 1 -> memory.load8(address) & 0xff;
                case 2 -> memory.load16(address) & 0xffff;
                default -> memory.load32(address);
            };
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    void store(long address, int bytes, long value) {
        try {
            switch (bytes) {
                case 1 -> memory.store8(address, (byte) value);
                case 2 -> memory.store16(address, (short) value);
                case 4 -> memory.store32(address, (int) value);
                default -> memory.store64(address, value);
            }
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    /// Configuration space of a slot.
    int config(int slot, int offset, int bytes) {
        try {
            return (int) pci.ecam().load((long) slot << 15 | offset, bytes);
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    void config(int slot, int offset, int bytes, int value) {
        try {
            pci.ecam().store((long) slot << 15 | offset, bytes, value);
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    long window(long address, int bytes) {
        try {
            return pci.window().load(address - AddressMap.PCI_MMIO, bytes);
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    void window(long address, int bytes, long value) {
        try {
            pci.window().store(address - AddressMap.PCI_MMIO, bytes, value);
        } catch (BusFault e) {
            throw new AssertionError(e);
        }
    }

    /// What a part writes into a saved state.
    static byte[] saved(Lifecycle part) {
        try {
            var out = new StateWriter();
            part.save(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void restore(Lifecycle part, byte[] record) {
        try {
            part.restore(new StateReader(part.version(), record));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
