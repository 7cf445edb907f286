package holdfast.machine;

import holdfast.riscv.PhysicalMemory;

/// Code without a header, for a fixed address.
record RawImage(BootFile file, long address) implements BootImage {
    @Override
    public long load(PhysicalMemory memory) {
        if (!memory.contains(address, file.size())) {
            throw file.tooBig();
        }
        file.load(0, file.size(), memory, address);
        return address;
    }

    @Override
    public long end() {
        return address + file.size();
    }
}
