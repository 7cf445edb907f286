package holdfast.riscv;

import org.jspecify.annotations.Nullable;

/// Is told once when an armed page is about to be touched; arm it again to be told again. Costs nothing while no
/// watch is added.
///
/// The callbacks run on the thread that touches the page, before the access, and must not touch guest memory
/// through a hart.
public abstract class PageWatch {
    private final boolean[] stores;
    private final boolean[] accesses;
    private @Nullable PhysicalMemory memory;

    /// @param pageCount of the memory to be watched
    protected PageWatch(int pageCount) {
        stores = new boolean[pageCount];
        accesses = new boolean[pageCount];
    }

    /// A hart is about to store to the page for the first time since it was armed.
    protected void firstStore(int page) {}

    /// A hart is about to map the page: load from it, store to it or execute it.
    protected void mapped(int page) {}

    /// A device is about to fill the page, or a part of it.
    protected void deviceFill(int page) {}

    /// Asks for [#firstStore] and [#deviceFill] of a page.
    public final void armStore(int page) {
        stores[page] = true;
        revoke(page);
    }

    /// Asks for [#mapped] of a page.
    public final void armMapping(int page) {
        accesses[page] = true;
        revoke(page);
    }

    final void attach(PhysicalMemory watched) {
        memory = watched;
    }

    final void stored(int page) {
        if (stores[page]) {
            stores[page] = false;
            firstStore(page);
        }
    }

    final void accessed(int page) {
        if (accesses[page]) {
            accesses[page] = false;
            mapped(page);
        }
    }

    final void beforeDeviceStore(int page) {
        if (stores[page]) {
            stores[page] = false;
            deviceFill(page);
        }
    }

    private void revoke(int page) {
        PhysicalMemory watched = memory;
        if (watched == null) {
            throw new IllegalStateException("add the watch to a memory before arming pages");
        }
        watched.revokeMappings(page);
    }
}
