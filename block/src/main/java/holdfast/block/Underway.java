package holdfast.block;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Counts the requests that a device has under way: bounds them, waits for them, refuses new ones after closing. For those
/// who write a [BlockDevice].
public final class Underway {
    private static final System.Logger LOG = System.getLogger(Underway.class.getName());

    private final String device;
    private final int most;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneLess = lock.newCondition();
    private int count;
    private int waiters;
    private boolean closed;

    /// @param most requests under way at once, [Geometry#queueDepth]
    public Underway(String device, int most) {
        this.device = device;
        this.most = most;
    }

    /// Counts one more, waiting for room if need be.
    ///
    /// @throws IllegalStateException when closed
    public void enter() {
        lock.lock();
        try {
            waiters++;
            while (count >= most && !closed) {
                oneLess.awaitUninterruptibly();
            }
            waiters--;
            if (closed) {
                throw new IllegalStateException(device + " is closed");
            }
            count++;
        } finally {
            lock.unlock();
        }
    }

    /// Ends a request that was counted. It counts until its completion has returned.
    public void finish(Request request, IoStatus status) {
        try {
            request.complete(status);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, device + ": the completion of " + request + " failed", e);
        } finally {
            leave();
        }
    }

    private void leave() {
        lock.lock();
        try {
            count--;
            if (waiters > 0) {
                oneLess.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until none is under way.
    ///
    /// @return false when the deadline, a time of [System#nanoTime], has passed first or the thread was interrupted
    public boolean drain(long deadlineNanos) {
        lock.lock();
        waiters++;
        try {
            while (count > 0) {
                long left = deadlineNanos - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                oneLess.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            waiters--;
            lock.unlock();
        }
    }

    /// Refuses new requests, and waits for those under way.
    ///
    /// @return false when it was closed before
    public boolean close() {
        lock.lock();
        waiters++;
        try {
            if (closed) {
                return false;
            }
            closed = true;
            oneLess.signalAll();
            while (count > 0) {
                oneLess.awaitUninterruptibly();
            }
            return true;
        } finally {
            waiters--;
            lock.unlock();
        }
    }
}
