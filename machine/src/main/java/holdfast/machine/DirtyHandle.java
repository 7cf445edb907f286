package holdfast.machine;

import holdfast.riscv.DirtyLog;

/// Notes which pages of a machine's memory change, whoever changes them. Any number can be open at once; each costs a slow
/// store for every page after every use. Close it when it is no longer needed.
public final class DirtyHandle implements AutoCloseable {
    private final DirtyLog log;

    DirtyHandle(DirtyLog log) {
        this.log = log;
    }

    DirtyLog log() {
        return log;
    }

    @Override
    public void close() {
        log.close();
    }
}
