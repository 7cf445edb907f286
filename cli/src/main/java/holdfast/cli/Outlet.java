package holdfast.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Carries bytes from a machine's threads to a stream of this process, in order, by a thread of its own: a hart that prints a
/// letter does not pay for a system call, and a burst goes out in one.
///
/// Bounded: while [#CAPACITY_BYTES] wait, a writer waits too, as a guest does whose serial line is held up. When the stream
/// breaks (its reader has gone), what comes later is dropped and the owner is told once.
final class Outlet implements AutoCloseable {
    static final int CAPACITY_BYTES = 256 * 1024;

    private final OutputStream target;
    private final Runnable broken;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private byte[] waiting = new byte[CAPACITY_BYTES];
    private byte[] writing = new byte[CAPACITY_BYTES];
    private int waitingBytes;
    private boolean busy;
    private boolean held;
    private boolean closed;
    private boolean dropping;

    /// @param broken called once, on the writing thread, when the stream can take no more
    Outlet(String name, OutputStream target, Runnable broken) {
        this.target = target;
        this.broken = broken;
        Thread.ofPlatform().daemon().name(name).start(this::carry);
    }

    /// Takes bytes, waiting for room; after [#close] they are dropped.
    void write(byte[] bytes, int offset, int length) {
        lock.lock();
        try {
            int done = 0;
            while (done < length && !closed && !dropping) {
                int count = Math.min(length - done, CAPACITY_BYTES - waitingBytes);
                if (count == 0) {
                    changed.awaitUninterruptibly();
                    continue;
                }
                System.arraycopy(bytes, offset + done, waiting, waitingBytes, count);
                waitingBytes += count;
                done += count;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// While held nothing is written, as long as there is room to keep it.
    void hold(boolean on) {
        lock.lock();
        try {
            held = on;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until everything taken so far is written.
    ///
    /// @return false when the stream has not taken it in time
    boolean drain(long timeoutNanos) {
        lock.lock();
        try {
            long left = timeoutNanos;
            held = false;
            changed.signalAll();
            while ((waitingBytes > 0 || busy) && !dropping) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// Stops without waiting: what was not drained is dropped, and writers that wait for room go on.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void carry() {
        for (int count = next(); count > 0; count = next()) {
            try {
                target.write(writing, 0, count);
                target.flush();
            } catch (IOException readerHasGone) {
                giveUp();
                return;
            }
        }
    }

    /// Swaps the buffers when there is something to write; 0 at the end.
    private int next() {
        lock.lock();
        try {
            busy = false;
            changed.signalAll();
            while (!closed && (waitingBytes == 0 || (held && waitingBytes < CAPACITY_BYTES))) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return 0;
            }
            byte[] full = waiting;
            waiting = writing;
            writing = full;
            int count = waitingBytes;
            waitingBytes = 0;
            busy = true;
            changed.signalAll();
            return count;
        } finally {
            lock.unlock();
        }
    }

    private void giveUp() {
        lock.lock();
        try {
            dropping = true;
            busy = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        broken.run();
    }
}
