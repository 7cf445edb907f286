package holdfast.disk;

import holdfast.block.Alarm;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import java.time.Duration;

/// Lets a provisioned disk arrive while it is used: what is likely to be needed first at once; the rest little by little, no faster than it is
/// told to, and only while nobody waits for anything. When the repository is away it begins again later, as often as need be.
///
/// ```
/// working ⇄ pausing → done, or out of room
///    └──────────┴──→ closed
/// ```
final class FillingMeanwhile implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(FillingMeanwhile.class.getName());

    /// After which it looks again whether somebody still waits.
    private static final Duration ASIDE = Duration.ofMillis(200);

    /// After which it tries again when something did not come.
    private static final Duration LATER = Duration.ofSeconds(5);

    private final TracedParts first;
    private final FillingUp rest;
    private final Arrivals arrivals;
    private final Repository repository;
    private final long bytesPerSecond;
    private final Alarm alarm;
    private int nextOfFirst;
    private int next;
    private boolean closed;

    /// @param bytesPerSecond at most so many; 0 for as fast as can be
    FillingMeanwhile(TracedParts first, FillingUp rest, Arrivals arrivals, Repository repository, long bytesPerSecond, Alarm alarm) {
        this.first = first;
        this.rest = rest;
        this.arrivals = arrivals;
        this.repository = repository;
        this.bytesPerSecond = bytesPerSecond;
        this.alarm = alarm;
    }

    void begin() {
        alarm.after(Duration.ZERO, this::work);
    }

    private void work() {
        try {
            while (nextOfFirst < first.count() && !isClosed()) {
                first.initialize(nextOfFirst);
                nextOfFirst++;
            }
            if (isClosed()) {
                return;
            }
            Duration pause = arrivals.isIdle() ? step() : ASIDE;
            while (pause.isZero() && !isClosed()) {
                pause = step();
            }
            if (pause.isPositive()) {
                alarm.after(pause, this::work);
            }
        } catch (DiskException e) {
            if (e.status() == IoStatus.NO_SPACE) {
                LOG.log(System.Logger.Level.WARNING, "there is no room for the rest of a disk that is arriving; it goes on arriving as it is read");
            } else {
                alarm.after(LATER, this::work);
            }
        }
    }

    /// Brings one more piece.
    ///
    /// @return when to go on; less than nothing: not at all
    private Duration step() throws DiskException {
        while (next < rest.count() && rest.isHere(next)) {
            next++;
        }
        if (next == rest.count()) {
            return finish();
        }
        if (!repository.isThere(LATER)) {
            return LATER;
        }
        if (rest.isZero(next)) {
            return putZeros();
        }
        long fetched = rest.initialize(next);
        return bytesPerSecond == 0 ? Duration.ZERO : Duration.ofNanos(fetched * 1_000_000_000 / bytesPerSecond);
    }

    private synchronized Duration putZeros() throws DiskException {
        if (!closed) {
            rest.putZeros(next);
            return Duration.ZERO;
        }
        return Duration.ofNanos(-1);
    }

    private synchronized Duration finish() throws DiskException {
        if (!closed) {
            closed = true;
            rest.flush();
        }
        return Duration.ofNanos(-1);
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /// From here on it changes nothing; what is on its way is not waited for. See [Arrivals#forget].
    @Override
    public synchronized void close() {
        closed = true;
    }
}
