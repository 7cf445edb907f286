package holdfast.journal;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A thread that does something while a disk is open: at once, whenever it is woken, and when the time has come that it asked for.
final class Background implements AutoCloseable {
    /// Not before it is woken.
    static final long WHEN_WOKEN = Long.MAX_VALUE;

    /// What it does.
    @FunctionalInterface
    interface Work {
        /// @return after how many nanoseconds it is to be done again
        long run();
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean wanted = true;
    private boolean closing;
    private boolean ended = true;

    void start(String name, Work work) {
        lock.lock();
        try {
            ended = false;
        } finally {
            lock.unlock();
        }
        var _ = Thread.ofVirtual().name(name).start(() -> run(work));
    }

    private void run(Work work) {
        try {
            for (long nanos = 0; isDue(nanos); ) {
                nanos = work.run();
            }
        } finally {
            lock.lock();
            try {
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /// Waits until there is something to do.
    ///
    /// @return false at the end; what it was woken for is done before
    private boolean isDue(long nanos) {
        lock.lock();
        try {
            for (long left = nanos; left > 0 && !closing && !wanted; ) {
                left = changed.awaitNanos(left);
            }
            boolean due = wanted || !closing;
            wanted = false;
            return due;
        } catch (InterruptedException e) {
            closing = true; // nobody interrupts us but to end us
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// There may be something to do.
    void wake() {
        lock.lock();
        try {
            wanted = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits in the midst of something, unless the end comes.
    void rest(long nanos) {
        lock.lock();
        try {
            for (long left = nanos; left > 0 && !closing; ) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            closing = true;
        } finally {
            lock.unlock();
        }
    }

    /// Whether it is not to end.
    boolean goesOn() {
        lock.lock();
        try {
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    /// Waits for the end of what was begun.
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
            while (!ended) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
