package holdfast.machine;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/// Calls to the outside (ports, disks) that a device owes. They are collected under the device's lock and made without
/// it, in order and one at a time: a port may call back into this device or another one.
final class Outbox {
    /// A hart that would add more than this waits until some were made.
    private static final int OWED_MAX = 1024;

    private final Queue<Runnable> owed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final ReentrantLock turn = new ReentrantLock();

    /// Under the device's lock.
    void add(Runnable call) {
        count.incrementAndGet();
        owed.add(call);
    }

    /// Before the device's lock is taken on a hart's thread: waits while another thread is far behind.
    void awaitRoom() {
        if (count.get() > OWED_MAX && !turn.isHeldByCurrentThread()) {
            flushAll();
        }
    }

    /// Makes the calls, unless another thread, or an outer call on this one, is at it and will.
    void flush() {
        while (!owed.isEmpty() && !turn.isHeldByCurrentThread() && turn.tryLock()) {
            drain();
        }
    }

    /// As [#flush], but returns only when all calls made so far have returned. Not from inside such a call.
    void flushAll() {
        do {
            turn.lock();
            drain();
        } while (!owed.isEmpty());
    }

    boolean pending() {
        return !owed.isEmpty();
    }

    /// Whether the current thread is inside one of the calls.
    boolean calling() {
        return turn.isHeldByCurrentThread();
    }

    private void drain() {
        try {
            for (Runnable call = owed.poll(); call != null; call = owed.poll()) {
                count.decrementAndGet();
                call.run();
            }
        } finally {
            turn.unlock();
        }
    }
}
