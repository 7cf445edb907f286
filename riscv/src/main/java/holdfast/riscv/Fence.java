package holdfast.riscv;

/// What a remote fence asks of a hart (SBI specification, "RFENCE extension").
///
/// @param instruction make instruction fetches see earlier stores; the other fields are then not used
/// @param address first virtual address whose translation is to be forgotten
/// @param size bytes; 0 or −1 with `address` 0 means all
/// @param asid address space, or −1 for all
public record Fence(boolean instruction, long address, long size, int asid) {
    /// Above this many pages a whole flush is cheaper.
    private static final long PAGES_MAX = 64;

    public static final Fence INSTRUCTION = new Fence(true, 0, 0, -1);

    boolean everything() {
        return size <= 0 || size >>> PhysicalMemory.PAGE_SHIFT > PAGES_MAX;
    }

    void apply(Hart hart) {
        if (instruction) {
            hart.synchronizeFetch();
        } else if (everything()) {
            if (asid < 0) {
                hart.mmu.tlb.flush();
            } else {
                hart.mmu.tlb.flushSpace(asid);
            }
        } else {
            for (long va = address & -4096; va - address < size; va += 4096) {
                if (asid < 0) {
                    hart.mmu.tlb.flushAddress(va);
                } else {
                    hart.mmu.tlb.flushAddress(va, asid);
                }
            }
        }
    }
}
