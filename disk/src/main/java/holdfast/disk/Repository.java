package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// An image that the blocks of a provisioned disk come from, reached over connections that may end, and each of which may lead to another
/// image than the one before.
///
/// ```
/// away ── somebody asks ─→ connecting ── it is the image ─→ connected ── a request fails ─→ away, for a pause
///                            ├── nobody is there ─→ away, for a pause twice as long, up to a limit
///                            └── it is another image ─→ refused, for such a pause; who asks meanwhile is failed at once
/// ```
///
/// Each connection is used only when the identity of what it leads to is the known one. Who asks waits, however long each attempt takes,
/// until his deadline, and is failed then.
final class Repository implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Repository.class.getName());

    private final String address;
    private final Link link;
    private final String identity;
    private final Patience patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable BlockDevice connection;
    private @Nullable String refusal;
    private final AtomicInteger unwaited = new AtomicInteger();
    private boolean announcedAway;
    private boolean closed;
    private int attempt;
    private boolean connecting;
    private long attemptEndsNanos;
    private long pauseNanos;
    private long pauseEndsNanos;

    /// What leads to a repository.
    @FunctionalInterface
    interface Link {
        /// Connects anew; may take long.
        ///
        /// @throws OperatorError when nobody is there, or what is there cannot be used
        BlockDevice connect();
    }

    /// @param limit how long a read waits for a repository that does not answer
    /// @param attempt how long a connection may take to come about before another is tried
    /// @param firstPause between two attempts; it doubles up to the last one
    record Patience(Duration limit, Duration attempt, Duration firstPause, Duration lastPause) {
        static final Patience USUAL =
                new Patience(Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofMillis(100), Duration.ofSeconds(5));
    }

    /// @param address what the operator calls it
    /// @param identity [ImageIdentity#of] the image
    Repository(String address, Link link, String identity, Patience patience) {
        this.address = address;
        this.link = link;
        this.identity = identity;
        this.patience = patience;
    }

    String address() {
        return address;
    }

    Patience patience() {
        return patience;
    }

    /// Begins to connect, so that what is wrong with the repository shows early; waits for it a while.
    ///
    /// @throws OperatorError when another image is there by then
    void look(Duration most) {
        @Nullable String refused = isThere(most) ? null : refusal();
        if (refused != null) {
            throw new OperatorError(address, refused, "bring back the image that the disk was made from; nothing was changed");
        }
    }

    /// Whether it can be asked now; if not, begins to connect when it is time for that, and waits for it a while.
    boolean isThere(Duration most) {
        try {
            connection(System.nanoTime() + most.toNanos());
            return true;
        } catch (DiskException notYet) {
            return false;
        }
    }

    private @Nullable String refusal() {
        lock.lock();
        try {
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    /// Hears what becomes of a question, once, on a thread that must not be kept waiting.
    interface Answer {
        void came(MemorySegment content);

        /// It does not come from this connection, of which nothing more is asked.
        void failed();
    }

    /// Asks for a range of the image and waits for nothing, if there is a connection that has room for it now. The answer may never come.
    ///
    /// @return false when nothing has been asked, and nothing will be answered
    boolean ask(long offset, long length, Answer answer) {
        @Nullable BlockDevice device = connected();
        if (device == null || unwaited.get() >= device.geometry().queueDepth() / 2) {
            return false;
        }
        MemorySegment content = Arena.ofAuto().allocate(length);
        unwaited.incrementAndGet();
        try {
            device.submit(new Request.Read(offset, content, (_, status) -> {
                unwaited.decrementAndGet();
                if (status == IoStatus.OK) {
                    progressed();
                    answer.came(content);
                } else {
                    drop(device);
                    answer.failed();
                }
            }));
            return true;
        } catch (IllegalStateException droppedMeanwhile) {
            unwaited.decrementAndGet();
            return false;
        }
    }

    /// Reads a range of the image.
    ///
    /// @param deadlineNanos a time of [System#nanoTime]
    MemorySegment read(long offset, long length, long deadlineNanos) throws DiskException {
        while (true) {
            BlockDevice device = connection(deadlineNanos);
            MemorySegment buffer = Arena.ofAuto().allocate(length);
            if (ask(device, deadlineNanos, done -> new Request.Read(offset, buffer, done))) {
                progressed();
                return buffer;
            }
            drop(device);
        }
    }

    /// What the repository knows of a range without being read, if it answers now.
    Optional<List<Extent>> extents(long offset, long length) {
        @Nullable BlockDevice device = connected();
        var runs = new ArrayList<Extent>();
        long deadline = System.nanoTime() + patience.attempt().toNanos();
        if (device == null || !ask(device, deadline, done -> new Request.Extents(offset, length, runs::add, done)) || runs.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(List.copyOf(runs));
    }

    private @Nullable BlockDevice connected() {
        lock.lock();
        try {
            return connection;
        } finally {
            lock.unlock();
        }
    }

    /// @return whether it has succeeded by the deadline; if not it may still be under way
    private static boolean ask(BlockDevice device, long deadlineNanos, Function<Request.Completion, Request> request) {
        var ended = new CompletableFuture<IoStatus>();
        try {
            device.submit(request.apply((_, status) -> ended.complete(status)));
        } catch (IllegalStateException e) {
            LOG.log(Level.DEBUG, "somebody else has dropped the connection: " + e);
            return false;
        }
        return isOk(ended, deadlineNanos);
    }

    private static boolean isOk(CompletableFuture<IoStatus> ended, long deadlineNanos) {
        try {
            return ended.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS) == IoStatus.OK;
        } catch (TimeoutException | ExecutionException e) {
            LOG.log(Level.DEBUG, "the repository has not answered: " + e);
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Waits for a connection that leads to the image.
    private BlockDevice connection(long deadlineNanos) throws DiskException {
        lock.lock();
        try {
            while (connection == null) {
                long now = System.nanoTime();
                if (closed || now >= deadlineNanos || refusal != null && now < pauseEndsNanos) {
                    throw new DiskException(address + " is not to be had", IoStatus.IO_ERROR);
                }
                var _ = changed.awaitNanos(Math.max(1, Math.min(deadlineNanos, nextEvent(now)) - now));
            }
            return connection;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DiskException(address + " is not waited for any more", IoStatus.IO_ERROR);
        } finally {
            lock.unlock();
        }
    }

    /// Begins an attempt when it is time for one.
    ///
    /// @return when there is something to be looked at again
    private long nextEvent(long now) {
        if (connecting && now < attemptEndsNanos) {
            return attemptEndsNanos;
        }
        if (now < pauseEndsNanos) {
            return pauseEndsNanos;
        }
        connecting = true;
        attempt++;
        attemptEndsNanos = now + patience.attempt().toNanos();
        int number = attempt;
        Thread.ofVirtual().name("repository").start(() -> connect(number));
        return attemptEndsNanos;
    }

    private void connect(int number) {
        try {
            BlockDevice device = link.connect();
            @Nullable String wrong;
            try {
                wrong = complaint(device);
            } catch (DiskException | RuntimeException e) {
                device.close();
                throw e;
            }
            if (wrong != null || !use(number, device)) {
                device.close();
            }
            if (wrong != null) {
                failed(number, wrong, true);
            }
        } catch (OperatorError e) {
            failed(number, e.problem(), false);
        } catch (DiskException | RuntimeException e) {
            failed(number, String.valueOf(e.getMessage()), false);
        }
    }

    /// @return why it is not the image; null when it is
    private @Nullable String complaint(BlockDevice device) throws DiskException {
        String now = ImageIdentity.of(device, identity);
        return now.equals(identity) ? null : "is not the image that it was (then " + identity + ", now " + now + ")";
    }

    private boolean use(int number, BlockDevice device) {
        lock.lock();
        try {
            if (closed || number != attempt) {
                return false;
            }
            connecting = false;
            connection = device;
            refusal = null;
            if (announcedAway) {
                LOG.log(Level.INFO, address + " is there again");
            }
            announcedAway = false;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void failed(int number, String problem, boolean another) {
        lock.lock();
        try {
            if (closed || number != attempt) {
                return;
            }
            connecting = false;
            pause();
            if (another && !problem.equals(refusal)) {
                LOG.log(Level.ERROR, address + " " + problem + ": what has not arrived yet cannot be read");
            } else if (!another && !announcedAway) {
                LOG.log(Level.WARNING, address + " is not to be had: " + problem + "; what has not arrived waits, " + patience.limit().toSeconds() + " s at most");
            }
            announcedAway = true;
            refusal = another ? problem : null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void pause() {
        pauseNanos = Math.clamp(2 * pauseNanos, patience.firstPause().toNanos(), patience.lastPause().toNanos());
        pauseEndsNanos = System.nanoTime() + pauseNanos;
    }

    private void progressed() {
        lock.lock();
        try {
            pauseNanos = 0;
        } finally {
            lock.unlock();
        }
    }

    /// Nothing more is asked of a connection that has failed.
    private void drop(BlockDevice device) {
        lock.lock();
        try {
            if (!device.equals(connection)) {
                return;
            }
            connection = null;
            pause();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        // What is under way there may never end.
        Thread.ofVirtual().name("repository's end").start(device::close);
    }

    /// Lets the connection go; who asks again begins another.
    void leave() {
        @Nullable BlockDevice last;
        lock.lock();
        try {
            attempt++; // one that comes about now is not used
            connecting = false;
            last = connection;
            connection = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (last != null) {
            end(last);
        }
    }

    /// Everybody who waits is failed. What is under way at a connection is waited for as long as an attempt may take.
    @Override
    public void close() {
        @Nullable BlockDevice last;
        lock.lock();
        try {
            closed = true;
            last = connection;
            connection = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (last != null) {
            end(last);
        }
    }

    private void end(BlockDevice last) {
        try {
            CompletableFuture.runAsync(last::close, Thread::startVirtualThread).get(patience.attempt().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.log(Level.DEBUG, address + ": the connection has not ended: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
