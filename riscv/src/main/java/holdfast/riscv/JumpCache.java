package holdfast.riscv;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Where translated code is, by virtual address, for one address space and mode: what control that leaves a region
/// looks up first. Every entry holds only as long as the mapping of its page: whoever forgets a mapping forgets it here.
final class JumpCache {
    private static final long NONE = -1;

    private final long[] tags;
    private final @Nullable Region[] regions;

    /// Which pages may have entries, as a set of hashes.
    private long pages;

    /// @param entries a power of two
    JumpCache(int entries) {
        tags = new long[entries];
        regions = new Region[entries];
        Arrays.fill(tags, NONE);
    }

    @Nullable Region find(long pc) {
        int slot = slot(pc);
        return tags[slot] == pc ? regions[slot] : null;
    }

    void put(long pc, Region region) {
        int slot = slot(pc);
        tags[slot] = pc;
        regions[slot] = region;
        pages |= page(pc);
    }

    void clear() {
        if (pages != 0) {
            Arrays.fill(tags, NONE);
            Arrays.fill(regions, null);
            pages = 0;
        }
    }

    /// Forgets at least the page at an address.
    void clearPage(long va) {
        if ((pages & page(va)) != 0) {
            clear();
        }
    }

    private int slot(long pc) {
        return (int) (pc >>> 1 ^ pc >>> 12) & tags.length - 1;
    }

    private static long page(long va) {
        return 1L << (va >>> 12);
    }
}
