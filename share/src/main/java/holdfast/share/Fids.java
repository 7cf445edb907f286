package holdfast.share;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// What a client holds. There is a bound, since it is descriptors of this process.
final class Fids {
    private final int max;
    private final Map<Integer, Fid> held = new ConcurrentHashMap<>();

    Fids(int max) {
        this.max = max;
    }

    /// Uses a file.
    @FunctionalInterface
    interface Use<T> {
        T of(Fid fid) throws Refusal;
    }

    <T> T with(int number, Use<T> use) throws Refusal {
        Fid fid = held.get(number);
        if (fid == null || !fid.hold()) {
            throw new Refusal(Refusal.EBADF);
        }
        try {
            return use.of(fid);
        } finally {
            fid.release();
        }
    }

    /// @param known a descriptor, which is the new one's from here on, or closed
    void add(int number, int known) throws Refusal {
        var fid = new Fid(known);
        int errno = held.size() >= max ? Refusal.ENFILE : held.putIfAbsent(number, fid) != null ? Refusal.EBADF : 0;
        if (errno != 0) {
            fid.release();
            throw new Refusal(errno);
        }
    }

    /// Has the number mean another file.
    void replace(int number, Fid other) {
        Fid before = held.put(number, other);
        if (before != null) {
            before.release();
        }
    }

    void remove(int number) throws Refusal {
        Fid fid = held.remove(number);
        if (fid == null) {
            throw new Refusal(Refusal.EBADF);
        }
        fid.release();
    }

    void clear() {
        for (Integer number : held.keySet()) {
            Fid fid = held.remove(number);
            if (fid != null) {
                fid.release();
            }
        }
    }

    boolean isEmpty() {
        return held.isEmpty();
    }
}
