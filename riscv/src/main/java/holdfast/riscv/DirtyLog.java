package holdfast.riscv;

import java.util.function.IntConsumer;

/// Which pages of RAM were written, by anyone, since the log was opened or last collected. Many logs can be open at
/// once; each has its own marks.
public final class DirtyLog implements AutoCloseable {
    private final PhysicalMemory memory;
    private final boolean[] dirty;

    DirtyLog(PhysicalMemory memory) {
        this.memory = memory;
        this.dirty = new boolean[memory.pageCount()];
    }

    /// Passes every page marked so far to `pages`, in rising order, and clears the marks.
    ///
    /// A page is reported only after no hart can write it unnoticed any more, so that what the caller reads
    /// afterwards is either complete or will be reported again.
    ///
    /// @return how many pages
    public int collect(IntConsumer pages) {
        boolean[] collected = new boolean[dirty.length];
        int count = 0;
        for (int page = 0; page < dirty.length; page++) {
            if (dirty[page]) {
                dirty[page] = false;
                collected[page] = true;
                count++;
            }
        }
        Raw.fullFence();
        memory.revokeWrites();
        for (int page = 0; page < collected.length; page++) {
            if (collected[page]) {
                pages.accept(page);
            }
        }
        return count;
    }

    @Override
    public void close() {
        memory.closeDirtyLog(this);
    }

    void mark(int page) {
        dirty[page] = true;
    }
}
