package holdfast.share;

import java.util.concurrent.atomic.AtomicInteger;

/// A file as a client holds it by a number of its own: known, and maybe open. Its descriptors are closed when the client has let go of it and nobody
/// uses it any more.
final class Fid {
    private static final int NONE = -1;

    private final int known;
    private final AtomicInteger users = new AtomicInteger(1);
    private volatile int open = NONE;

    /// @param known a descriptor of O_PATH, this one's to close
    Fid(int known) {
        this.known = known;
    }

    /// Uses it, until [#release]; false when it is no more.
    boolean hold() {
        int before = users.get();
        while (before > 0 && !users.compareAndSet(before, before + 1)) {
            before = users.get();
        }
        return before > 0;
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            HostFiles.close(known);
            if (open != NONE) {
                HostFiles.close(open);
            }
        }
    }

    int known() {
        return known;
    }

    /// @param descriptor this one's to close
    synchronized void opened(int descriptor) throws Refusal {
        if (open != NONE) {
            HostFiles.close(descriptor);
            throw new Refusal(Refusal.EBADF);
        }
        open = descriptor;
    }

    int open() throws Refusal {
        if (open == NONE) {
            throw new Refusal(Refusal.EBADF);
        }
        return open;
    }

    boolean isOpen() {
        return open != NONE;
    }
}
