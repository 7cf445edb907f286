package holdfast.block;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Initialises what is left of a lazy disk in the background, block by block from the beginning, no faster than it is told to.
/// What is done becomes durable every now and then, and at the end.
///
/// ```
/// working ⇄ pausing → done
///    └──────────┴──→ stopped, or failed
/// ```
public final class LazyInitializer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LazyInitializer.class.getName());

    /// Zeroed in one go, and then paid for by a pause.
    private static final long STEP_BYTES = 4 << 20;

    private static final long FLUSH_BYTES = 64 << 20;

    private final LazilyInitialized.Blocks disk;
    private final long bytesPerSecond;
    private final Alarm alarm;
    private final long startBytes;
    private int next;
    private long unflushedBytes;
    private long passBytes;
    private boolean working;
    private boolean ended;
    private Optional<IoStatus> failure = Optional.empty();

    private LazyInitializer(LazilyInitialized.Blocks disk, long bytesPerSecond, Alarm alarm) {
        this.disk = disk;
        this.bytesPerSecond = bytesPerSecond;
        this.alarm = alarm;
        startBytes = disk.pendingBytes();
    }

    /// See [LazilyInitialized#initialize]; for those who write such a disk.
    public static LazyInitializer start(LazilyInitialized.Blocks disk, long bytesPerSecond, Alarm alarm) {
        var initializer = new LazyInitializer(disk, bytesPerSecond, alarm);
        Thread.ofVirtual().name("initializer").start(initializer::work);
        return initializer;
    }

    /// How far it is.
    ///
    /// @param totalBytes what was to be initialised when it began
    public record Progress(long doneBytes, long totalBytes) {}

    public Progress progress() {
        return new Progress(Math.max(0, startBytes - disk.pendingBytes()), startBytes);
    }

    /// Waits until all is done, it has failed or was closed.
    ///
    /// @return false when that takes longer, or the thread was interrupted (its flag stays set)
    public synchronized boolean await(Duration most) {
        long deadline = System.nanoTime() + most.toNanos();
        while (!ended) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /// Why it could not go on.
    public synchronized Optional<IoStatus> failure() {
        return failure;
    }

    private void work() {
        boolean more = true;
        while (more) {
            if (!enter()) {
                return;
            }
            long zeroed = 0;
            try {
                zeroed = step();
                more = next < disk.count() || begunAnew();
                if (!more) {
                    disk.flush();
                }
                leave(!more);
            } catch (DiskException e) {
                fail(e);
                return;
            }
            if (more && bytesPerSecond > 0) {
                alarm.after(Duration.ofNanos(zeroed * 1_000_000_000 / bytesPerSecond), this::work);
                return;
            }
        }
    }

    private synchronized boolean enter() {
        working = !ended;
        return working;
    }

    private synchronized void leave(boolean done) {
        working = false;
        ended |= done;
        notifyAll();
    }

    private void fail(DiskException e) {
        LOG.log(System.Logger.Level.WARNING, "initialising has failed: " + e.getMessage());
        synchronized (this) {
            failure = Optional.of(e.status());
        }
        leave(true);
    }

    /// A disk may grow meanwhile, also by a part of a block that has been passed.
    private boolean begunAnew() {
        boolean anew = passBytes > 0 && disk.pendingBytes() > 0;
        passBytes = 0;
        next = anew ? 0 : next;
        return anew;
    }

    /// @return bytes that were zeroed
    private long step() throws DiskException {
        long zeroed = 0;
        while (next < disk.count() && zeroed < STEP_BYTES) {
            zeroed += disk.initialize(next);
            next++;
        }
        unflushedBytes += zeroed;
        passBytes += zeroed;
        if (unflushedBytes >= FLUSH_BYTES) {
            disk.flush();
            unflushedBytes = 0;
        }
        return zeroed;
    }

    /// Stops, and waits for what is under way.
    @Override
    public synchronized void close() {
        ended = true;
        boolean interrupted = false;
        while (working) {
            try {
                wait();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        notifyAll();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
