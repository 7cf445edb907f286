package holdfast.nbd;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The buffers of one connection. Each request under way has one, from before its data is read until its reply is written; so
/// a peer that sends without reading waits for itself and for nobody else.
final class Buffers {
    private final BufferStore store;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneBack = lock.newCondition();
    private final Map<Buffer.Size, Deque<Buffer>> idle = new EnumMap<>(Buffer.Size.class);
    private final int[] made = new int[Buffer.Size.values().length];
    private int used;

    Buffers(BufferStore store) {
        this.store = store;
        for (Buffer.Size size : Buffer.Size.values()) {
            idle.put(size, new ArrayDeque<>(size.mostPerConnection));
        }
    }

    /// @return null when all are in use
    @Nullable Buffer poll(Buffer.Size size) {
        lock.lock();
        try {
            Deque<Buffer> some = idle(size);
            Buffer buffer = some.poll();
            if (buffer == null && made[size.ordinal()] < size.mostPerConnection) {
                made[size.ordinal()]++;
                buffer = store.take(size);
            }
            if (buffer != null) {
                used++;
            }
            return buffer;
        } finally {
            lock.unlock();
        }
    }

    /// Waits for one if need be.
    Buffer await(Buffer.Size size) {
        lock.lock();
        try {
            while (true) {
                Buffer buffer = poll(size);
                if (buffer != null) {
                    return buffer;
                }
                oneBack.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    void giveBack(Buffer buffer) {
        lock.lock();
        try {
            idle(buffer.size()).push(buffer);
            used--;
            oneBack.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until none is in use, which is when no request is under way and every reply was written or given up; then hands
    /// all of them to the store.
    void close() {
        lock.lock();
        try {
            while (used > 0) {
                oneBack.awaitUninterruptibly();
            }
            idle.values().forEach(some -> {
                some.forEach(store::give);
                some.clear();
            });
        } finally {
            lock.unlock();
        }
    }

    private Deque<Buffer> idle(Buffer.Size size) {
        return java.util.Objects.requireNonNull(idle.get(size));
    }
}
