package holdfast.block;

import holdfast.block.BlockDevice.Cancellation;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Requests that wait for one of a few platform threads, for a device whose work blocks.
///
/// ```
/// add → waiting → running → completed
///          └── cancel → completed with CANCELLED
/// ```
///
/// Threads are started when there is work and none is idle. The queue has no bound of its own: [Underway] is one.
final class WorkQueue {
    private static final System.Logger LOG = System.getLogger(WorkQueue.class.getName());

    private final String name;
    private final int threadsMax;
    private final Underway underway;
    private final Function<Request, IoStatus> work;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition workCame = lock.newCondition();
    private final Deque<Request> waiting = new ArrayDeque<>();
    private final Set<Request> running = Collections.newSetFromMap(new IdentityHashMap<>());
    private int threads;
    private int idle;
    private boolean stopped;

    /// @param name of the threads
    /// @param underway where the requests are counted, and ended
    /// @param work does what the request asks, blocking, and says how it ended; called by several threads at once
    WorkQueue(String name, int threadsMax, Underway underway, Function<Request, IoStatus> work) {
        this.name = name;
        this.threadsMax = threadsMax;
        this.underway = underway;
        this.work = work;
    }

    void add(Request request) {
        lock.lock();
        try {
            waiting.add(request);
            if (waiting.size() > idle && threads < threadsMax) {
                threads++;
                Thread.ofPlatform().daemon().name(name + " #" + threads).start(this::run);
            } else {
                workCame.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    Cancellation cancel(Request request) {
        lock.lock();
        try {
            if (running.contains(request)) {
                return Cancellation.UNKNOWN;
            }
            if (!takeWaiting(request)) {
                return Cancellation.DONE;
            }
        } finally {
            lock.unlock();
        }
        underway.finish(request, IoStatus.CANCELLED);
        return Cancellation.CANCELLED;
    }

    @SuppressWarnings("ReferenceEquality") // Records are equal by content; two requests may have the same.
    private boolean takeWaiting(Request request) {
        for (Iterator<Request> each = waiting.iterator(); each.hasNext(); ) {
            if (each.next() == request) {
                each.remove();
                return true;
            }
        }
        return false;
    }

    /// Lets the threads end. Called when nothing is waiting.
    void stop() {
        lock.lock();
        try {
            stopped = true;
            workCame.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        for (Request request = next(); request != null; request = next()) {
            IoStatus status = attempt(request);
            ended(request);
            underway.finish(request, status);
        }
    }

    private IoStatus attempt(Request request) {
        try {
            return work.apply(request);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, name + ": " + request + " failed through a fault of ours", e);
            return IoStatus.IO_ERROR;
        }
    }

    private @Nullable Request next() {
        lock.lock();
        try {
            idle++;
            while (waiting.isEmpty() && !stopped) {
                workCame.awaitUninterruptibly();
            }
            idle--;
            Request request = waiting.poll();
            if (request != null) {
                running.add(request);
            }
            return request;
        } finally {
            lock.unlock();
        }
    }

    private void ended(Request request) {
        lock.lock();
        try {
            running.remove(request);
        } finally {
            lock.unlock();
        }
    }
}
