package holdfast.machine;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/// Calls to the outside (ports, disks) that a device owes. They are collected under the device's lock and made without
/// it, in order and one at a time: a port may call back into this device or another one.
final class Outbox {
    /// A hart that would add more than this waits until some were made.
    private static final int OWED_MAX = 1024;
    /// The same for the bytes that the calls carry.
    static final long OWED_BYTES_MAX = 1 << 20;

    private record Call(Runnable body, int bytes) {}

    private final Queue<Call> owed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong owedBytes = new AtomicLong();
    private final ReentrantLock turn = new ReentrantLock();

    /// Under the device's lock.
    ///
    /// @param bytes of the guest's that the call carries
    void add(Runnable call, int bytes) {
        count.incrementAndGet();
        owedBytes.addAndGet(bytes);
        owed.add(new Call(call, bytes));
    }

    /// Whether the guest should wait before it adds more.
    boolean full() {
        return count.get() > OWED_MAX || owedBytes.get() > OWED_BYTES_MAX;
    }

    /// Before the device's lock is taken on a hart's thread: waits while another thread is far behind.
    void awaitRoom() {
        if (full() && !turn.isHeldByCurrentThread()) {
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
            for (Call call = owed.poll(); call != null; call = owed.poll()) {
                count.decrementAndGet();
                owedBytes.addAndGet(-call.bytes);
                call.body.run();
            }
        } finally {
            turn.unlock();
        }
    }
}
